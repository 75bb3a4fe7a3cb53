"""Settings of the budgets, and the units of the length of a search."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jointsearch.core.config.settings import Settings
from jointsearch.core.fields import BudgetUnit

BudgetClock = Literal["wall", "process"]
LengthUnit = Literal["brackets", "full_budget_evaluations", "full_budget_equivalents"]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class NominalSettings(Settings):
    """The linear model behind budgets in nominal seconds: what a training step takes is the sum of four parts."""

    step: Seconds
    """Seconds that each step takes, whatever the network."""
    convolution: Seconds
    """Seconds for each convolution of the network; the classifier counts as one."""
    gflop: Seconds
    """Seconds for 10^9 floating-point operations of the step, forward and backward."""
    megabyte: Seconds
    """Seconds for 10^6 bytes that the forward pass keeps for the backward pass."""

    @model_validator(mode="after")
    def _a_step_takes_time(self) -> Self:
        if not any((self.step, self.convolution, self.gflop, self.megabyte)):
            raise ValueError("all coefficients are 0, so that a step would take no time; give one that is above 0")
        return self


class BudgetSettings(Settings):
    """The training budgets: a geometric series that ends at `maximum` (Hyperband paper, section 3)."""

    unit: BudgetUnit = "seconds"
    """What a budget counts: `seconds` of training (start-up and evaluation excluded), `epochs`, `steps` of the
    optimiser, or computation (docs/budgets.md): `gflop`, 10^9 floating-point operations of training, forward and
    backward, or `nominal_seconds`, seconds by the model `nominal`. With an objective of your own, a word of your
    choice."""
    nominal: NominalSettings | None = Field(None, exclude_if=lambda value: value is None)
    """For `nominal_seconds`: the seconds of a `step`, a `convolution`, a `gflop` and a `megabyte`, as `make calibrate`
    measures them."""
    clock: BudgetClock = "wall"
    """Which seconds. `wall` is elapsed time. `process`, on a CPU only, is the processor time of the training, which
    other programs on a busy machine disturb less."""
    minimum: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 400
    """The lowest budget. The budgets are `maximum / eta^k`; if this is not one of them, the lowest is the next one
    above it."""
    maximum: Annotated[float, Field(gt=0, le=1e12)] = 10800
    """The full budget."""
    eta: Annotated[int, Field(ge=2)] = 3
    """Ratio of neighbouring budgets; the best 1/eta of a rung are promoted."""
    rung_sizes: Literal["bohb", "hyperband", "single"] = "bohb"
    """Sizes of the first rungs. `bohb`, as in the BOHB authors' optimiser: `floor((s_max + 1) / (s + 1)) * eta^s`,
    which is 27, 9, 6, 4 for four budgets. `hyperband`, as in the Hyperband paper: `ceil((s_max + 1) / (s + 1) *
    eta^s)`, which is 27, 12, 6, 4. `single`: no Hyperband; each bracket is one training at the full budget."""

    @model_validator(mode="after")
    def _minimum_not_above_maximum(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) is above maximum ({self.maximum:g}); swap them")
        return self

    @model_validator(mode="after")
    def _nominal_seconds_have_a_model(self) -> Self:
        if self.unit == "nominal_seconds" and self.nominal is None:
            raise ValueError("nominal: missing, but unit is nominal_seconds; take what `make calibrate` prints")
        if self.unit != "nominal_seconds" and self.nominal is not None:
            raise ValueError(f"nominal: is for unit nominal_seconds (got {self.unit}); remove it")
        return self
