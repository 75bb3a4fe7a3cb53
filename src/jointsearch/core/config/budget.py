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
    """What a budget counts: seconds of training on the device, epochs, or optimiser steps; with an objective of your
    own, a word of your choice."""
    clock: BudgetClock = "wall"
    """Which seconds: `wall`, elapsed time, or on a CPU `process`, processor time of the training, which other programs
    on a busy machine disturb less."""
    minimum: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 400
    """Lowest budget. The budgets are `maximum`, `maximum / eta`, ... down to the last that is not below this."""
    maximum: Annotated[float, Field(gt=0, le=1e12)] = 10800
    """The full budget."""
    eta: Annotated[int, Field(ge=2)] = 3
    """Ratio of neighbouring budgets; the best 1/eta of a rung are promoted."""
    rung_sizes: Literal["bohb", "hyperband"] = "bohb"
    """Sizes of first rungs: `bohb` floor((s_max+1)/(s+1)) * eta^s, `hyperband` ceil((s_max+1)/(s+1) * eta^s)."""

    @model_validator(mode="after")
    def _minimum_not_above_maximum(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) is above maximum ({self.maximum:g}); swap them")
        return self
