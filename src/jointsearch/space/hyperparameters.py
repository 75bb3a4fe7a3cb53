"""Hyperparameters of a space file: their types, ranges and choices."""

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from jointsearch.core.errors import shown
from jointsearch.core.fields import Value

DECIMALS = 13
"""Decimals of a float that ConfigSpace keeps (its `ROUND_PLACES`); it rounds the bounds to them."""
LARGEST_WHOLE = 2**53 - 1
"""The largest whole number that JSON keeps exactly (RFC 8785)."""


def _plain(value: Any) -> Any:
    """Refuse what cannot be a value of a hyperparameter, because of ConfigSpace or canonical JSON."""
    if value is None:
        raise ValueError("null cannot be a value of a hyperparameter; write a word, such as 'none'")
    if not isinstance(value, bool | int | float | str):
        kind = "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
        raise ValueError(f"{kind} cannot be a value of a hyperparameter; write a word for it (got {shown(value)})")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be a value of a hyperparameter; write a number, or a word in quotation marks")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError(f"{shown(value)} has more digits than JSON keeps; write it as a word, in quotation marks")
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise ValueError(f"{value!r} has characters that cannot be written; write another word")
    return value


Choice = Annotated[Value, BeforeValidator(_plain)]
Number = Annotated[float, Field(ge=-1e100, le=1e100)]
Whole = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]


class Entry(BaseModel):
    """Base of everything in a space file: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _word(value: Any) -> Any:
    """Refuse what cannot name a part; `__` is left to the names of numbers, where it separates two parts."""
    if not isinstance(value, str) or len(value) > 40 or not re.fullmatch(_WORD, value):
        raise ValueError(
            "a part is one word of letters and digits, with single _ inside, 40 characters at most "
            f"(got {shown(value)})"
        )
    return value


_WORD = "[A-Za-z0-9]+(_[A-Za-z0-9]+)*"


class _InPart(Entry):
    """A hyperparameter, which may belong to a part of the space, such as the architecture."""

    part: Annotated[str, BeforeValidator(_word), Field(pattern=f"^{_WORD}$", max_length=40)] | None = Field(
        None, exclude_if=lambda value: value is None
    )


class Searched(_InPart):
    """A hyperparameter with several values, one of which may be its default: where a search in steps begins."""

    default: Choice | None = Field(None, exclude_if=lambda value: value is None)


class _Numeric(Searched):
    """A float or an integer range: bounds, both included, and their scale."""

    lower: Any
    upper: Any
    log: bool = False

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower ({self.lower}) must be below upper ({self.upper})")
        if self.log and self.lower <= 0:
            raise ValueError(f"a log scale needs lower > 0 (got {self.lower}); raise it or set log: false")
        return self

    @property
    def kept(self) -> tuple[float, float]:
        """The bounds as ConfigSpace keeps them."""
        return self.lower, self.upper

    def allows(self, value: Value) -> bool:
        """Whether a value lies in the range."""
        return not isinstance(value, bool | str) and self.kept[0] <= value <= self.kept[1]


class Float(_Numeric):
    """A real number in `[lower, upper]`, uniform on a linear or a logarithmic scale."""

    type: Literal["float"]
    lower: Number
    upper: Number

    @property
    def kept(self) -> tuple[float, float]:
        """The bounds as ConfigSpace keeps them, rounded to 13 decimals."""
        lower, upper = (round(bound * 10**DECIMALS) / 10**DECIMALS for bound in (self.lower, self.upper))
        return lower, upper

    @model_validator(mode="after")
    def _bounds_are_kept(self) -> Self:
        lower, upper = self.kept
        because = f"as ConfigSpace keeps {DECIMALS} decimals"
        if self.log and lower <= 0:
            raise ValueError(f"lower ({self.lower}) would be 0, {because}; raise it to 1e-{DECIMALS} or more")
        if upper - lower <= 1e-12 * max(abs(lower), abs(upper)):
            raise ValueError(
                f"lower ({self.lower}) and upper ({self.upper}) would be the same, {because} and floats 16 digits; "
                "widen the range"
            )
        for name, bound, rounded in (("lower", self.lower, lower), ("upper", self.upper, upper)):
            if abs(rounded - bound) > 0.01 * (bound if self.log else self.upper - self.lower):
                raise ValueError(f"{name} ({bound}) would be {rounded:g}, {because}; write that, or another bound")
        return self

    def typed(self, value: Value) -> Value:
        """Convert a value of the range to its Python type."""
        return float(value)


class Integer(_Numeric):
    """A whole number from `lower` to `upper`, both included."""

    type: Literal["integer"]
    lower: Whole
    upper: Whole

    def allows(self, value: Value) -> bool:
        """Whether a value is whole and lies in the range."""
        return super().allows(value) and float(value).is_integer()

    def typed(self, value: Value) -> Value:
        """Convert a value of the range to its Python type."""
        return int(value)


class Categorical(Searched):
    """One of several choices without an order."""

    type: Literal["categorical"]
    choices: Annotated[tuple[Choice, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _choices_are_unique(self) -> Self:
        _check_unique(self.choices)
        return self

    def allows(self, value: Value) -> bool:
        """Whether a value is one of the choices."""
        return value in self.choices

    def typed(self, value: Value) -> Value:
        """Return the choice that is equal to a value."""
        return self.choices[self.choices.index(value)]


class Ordinal(Searched):
    """One of several ordered values."""

    type: Literal["ordinal"]
    sequence: Annotated[tuple[Choice, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _sequence_is_unique(self) -> Self:
        _check_unique(self.sequence)
        return self

    def allows(self, value: Value) -> bool:
        """Whether a value is in the sequence."""
        return value in self.sequence

    def typed(self, value: Value) -> Value:
        """Return the value of the sequence that is equal to a value."""
        return self.sequence[self.sequence.index(value)]


class Constant(_InPart):
    """A fixed value: part of every configuration, no dimension of the search."""

    type: Literal["constant"]
    value: Choice

    def allows(self, value: Value) -> bool:
        """Whether a value is the constant."""
        return value == self.value

    def typed(self, value: Value) -> Value:
        """Return the constant itself."""
        return self.value


Hyperparameter = Annotated[Float | Integer | Categorical | Ordinal | Constant, Field(discriminator="type")]


def _check_unique(values: tuple[Value, ...]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value!r} appears twice (1, 1.0 and true are equal); remove one")


KINDS: dict[str, type[Entry]] = {
    "float": Float,
    "integer": Integer,
    "categorical": Categorical,
    "ordinal": Ordinal,
    "constant": Constant,
}
