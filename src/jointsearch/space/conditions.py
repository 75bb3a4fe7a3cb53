"""Conditions and forbidden combinations of a space file."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from jointsearch.core.fields import Value
from jointsearch.space.hyperparameters import Choice, Entry


class Dependent(Entry):
    """The hyperparameter that is active only under a condition."""

    child: str


class Comparison(Entry):
    """Holds if `parent` is active and its value passes one comparison."""

    parent: str
    equals: Choice | None = None
    not_equals: Choice | None = None
    greater_than: Choice | None = None
    less_than: Choice | None = None
    one_of: Annotated[tuple[Choice, ...], Field(min_length=1)] | None = Field(None, alias="in")

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        given = self.model_dump(include=COMPARISONS, exclude_none=True)
        if len(given) != 1:
            raise ValueError("give exactly one of equals, not_equals, greater_than, less_than, in")
        return self

    @property
    def values(self) -> tuple[Value, ...]:
        """The values that the parent is compared with."""
        if self.one_of is not None:
            return self.one_of
        single = (self.equals, self.not_equals, self.greater_than, self.less_than)
        return tuple(value for value in single if value is not None)

    @property
    def needs_order(self) -> bool:
        """Whether the comparison makes sense for ordered parents only."""
        return self.greater_than is not None or self.less_than is not None


COMPARISONS = {"equals", "not_equals", "greater_than", "less_than", "one_of"}


class Condition(Comparison, Dependent):
    """`child` is active only if the comparison holds. Several conditions on one child must all hold."""

    @property
    def alternatives(self) -> tuple[Comparison, ...]:
        """The comparisons of which one must hold: this one."""
        return (self,)


class AnyCondition(Dependent):
    """`child` is active only if one of the comparisons holds."""

    alternatives: Annotated[tuple[Comparison, ...], Field(min_length=1, alias="any")]


def _kind_of_condition(given: Any) -> str:
    if isinstance(given, Mapping):
        return "any" if "any" in given or "alternatives" in given else "one"
    return "any" if isinstance(given, AnyCondition) else "one"


AnyOrOne = Annotated[
    Annotated[Condition, Tag("one")] | Annotated[AnyCondition, Tag("any")], Discriminator(_kind_of_condition)
]
OneOrSeveral = Annotated[
    Annotated[Choice, Tag("one")] | Annotated[tuple[Choice, ...], Tag("several")],
    Discriminator(lambda given: "several" if isinstance(given, list | tuple) else "one"),
]
Clause = Annotated[dict[str, OneOrSeveral], Field(min_length=1)]
"""A forbidden combination: every named hyperparameter is active and has the value (one of the values)."""
