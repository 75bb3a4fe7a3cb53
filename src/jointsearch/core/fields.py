"""Base of all records, and the types of their fields."""

from collections.abc import Sized
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Protocol = Literal[3]
PROTOCOL: Protocol = 3
"""Version of the training protocol. Raised deliberately when a change alters what a training computes; records of
another version are refused."""
Value = bool | int | float | str
Values = dict[str, Value]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Status = Literal["success", "diverged", "out_of_memory", "too_large", "invalid"]
"""`invalid`: no network, or nothing else that could be trained, has these values."""
Precision = Literal["float32", "bfloat16"]
BudgetUnit = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]*$", max_length=40)]
"""What a budget counts: one of `ENGINE_UNITS`, or a word of an objective of one's own."""
ENGINE_UNITS = ("seconds", "epochs", "steps", "gflop", "nominal_seconds")
"""Units of the budgets of our own trainings."""
COMPUTATION_UNITS = ("gflop", "nominal_seconds")
"""Those of computation, of which the configuration says what a step takes."""
COUNTED_UNITS = ("epochs", "steps")
"""Those of which a budget is a whole number."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0, le=1)]
Index = Annotated[int, Field(ge=0, lt=2**53)]
Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Losses = Literal["ranks"] | tuple[float, float]
"""How losses of another search become errors: by their ranks, or by the losses for the errors 0 and 1."""
ERRORS: Losses = (0.0, 1.0)
"""Losses that are errors already."""


def is_none(value: object) -> bool:
    """Whether a field is null, which leaves it out."""
    return value is None


def is_empty(value: Sized) -> bool:
    """Whether a field has nothing in it, which leaves it out."""
    return not value


class Record(BaseModel):
    """Base of everything that is stored: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
