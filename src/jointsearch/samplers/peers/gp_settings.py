"""What can be set of Optuna's Gaussian process."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import SamplerSettings


class GpSettings(SamplerSettings):
    """Names and defaults are those of Optuna's `GPSampler`."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.gp:Gp"
    sees_pending: ClassVar[bool] = True
    library: ClassVar[str | None] = "optuna==5.0.0"

    n_startup_trials: Annotated[int, Field(ge=0)] = 10
    """Proposals are random until this many trials have finished at the full budget."""
    deterministic_objective: bool = False
    """Whether two trainings of a configuration always have the same loss."""
