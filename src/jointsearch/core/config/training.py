"""Settings of a training."""

from typing import Annotated, Literal

from pydantic import Field

from jointsearch.core.config.settings import DottedName, Settings


class TrainingSettings(Settings):
    """How a configuration is trained, and which networks are too large to train."""

    network: DottedName | None = Field(None, exclude_if=lambda value: value is None)
    """A network of your own in place of the multi-branch ResNet: the dotted name, `package.module:function`, of what
    builds it."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Type of the activations (docs/engine.md). `auto` is bfloat16 on devices that have it in hardware, else float32;
    the record says which was used. Weights, batch norm statistics, loss and optimiser are float32 in any case."""
    compile: Literal["auto", "on", "off"] = "auto"
    """`on` compiles each network with `torch.compile` before its budget starts, `off` does not, `auto` does on a GPU
    for budgets of 900 s and more (docs/engine.md). A network that does not compile is trained without."""
    continuation: bool = False
    """A promoted configuration continues from the weights it had at the lower budget, instead of from scratch
    (config/README.md#continuation)."""
    maximum_parameters: Annotated[int, Field(ge=1)] | None = None
    """A network with more weights than this is not trained; its record says `too_large`."""
    maximum_memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The same for a network whose training step is estimated to need more memory, in 10^9 bytes."""
    maximum_step_gflop: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The same for a network whose training step takes more floating-point operations, in 10^9; a multiply-add counts
    as two."""
    evaluation_batch_size: Annotated[int, Field(ge=1)] = 512
    """Images per batch when the error is measured. Changes no result beyond rounding."""
    snapshot_ensemble: bool = False
    """Also measure the test error of the ensemble of the networks at the ends of the cycles (Huang et al., *Snapshot
    ensembles*, 2017). Retraining always does."""
