"""Settings of the budgets, and the units of the length of a search."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jointsearch.core.config.settings import Settings
from jointsearch.core.records import BudgetUnit

BudgetClock = Literal["wall", "process"]
LengthUnit = Literal["brackets", "full_budget_evaluations", "full_budget_equivalents"]


class BudgetSettings(Settings):
    """The training budgets: a geometric series that ends at `maximum` (Hyperband paper, section 3)."""

    unit: BudgetUnit = "seconds"
    """What a budget counts: `seconds` of training (start-up and evaluation excluded), `epochs`, or `steps` of the
    optimiser; with an objective of your own, a word of your choice."""
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
    rung_sizes: Literal["bohb", "hyperband"] = "bohb"
    """Sizes of the first rungs. `bohb`, as in the BOHB authors' optimiser: `floor((s_max + 1) / (s + 1)) * eta^s`,
    which is 27, 9, 6, 4 for four budgets. `hyperband`, as in the Hyperband paper: `ceil((s_max + 1) / (s + 1) *
    eta^s)`, which is 27, 12, 6, 4."""

    @model_validator(mode="after")
    def _minimum_not_above_maximum(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) is above maximum ({self.maximum:g}); swap them")
        return self
