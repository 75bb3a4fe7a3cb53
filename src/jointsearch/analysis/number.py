"""A number that a text may quote, with the records that it comes from."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Index, Record


class Number(Record):
    """A number.

    Attributes
    ----------
    meaning
        What it is, in words.
    value, unit, digits
        Its value; its unit, empty for a plain number; digits after the point that a text gives it with.
    sources
        The evaluations that it comes from, see `name_of`.
    """

    meaning: str
    value: Annotated[float, Field(allow_inf_nan=False)] | int
    unit: str
    digits: Index
    sources: tuple[str, ...]

    def text(self) -> str:
        """The number as a text gives it."""
        number = f"{self.value:,.{self.digits}f}"
        return f"{number} {self.unit}" if self.unit else number


def name_of(evaluation: Evaluation) -> str:
    """Name of an evaluation within its experiment: its study, `/`, its id."""
    return f"{evaluation.study}/{evaluation.id}"


def sources(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Names of evaluations, in their order."""
    return tuple(name_of(one) for one in evaluations)
