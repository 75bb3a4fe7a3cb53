"""The search space as a file: what stands in `config/spaces/*.yaml`, read and checked.

Light on purpose (pydantic and YAML only), because the workflow reads the space whenever it starts;
`jointsearch.space` makes a ConfigSpace of it.
"""

from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jointsearch import yaml_file
from jointsearch.errors import UserError, suggest
from jointsearch.records import Value, Values

Number = Annotated[float, Field(ge=-1e100, le=1e100)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]


class Part(BaseModel):
    """Base of everything in a space file: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Numeric(Part):
    """What a float and an integer range have in common: bounds, both included, and their scale."""

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

    def allows(self, value: Value) -> bool:
        """Whether a value lies in the range."""
        return not isinstance(value, bool | str) and self.lower <= value <= self.upper


class Float(_Numeric):
    """A real number in `[lower, upper]`, uniform on a linear or a logarithmic scale."""

    type: Literal["float"]
    lower: Number
    upper: Number

    def typed(self, value: Value) -> Value:
        """Give a value of the range its Python type."""
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
        """Give a value of the range its Python type."""
        return int(value)


class Categorical(Part):
    """One of several choices without an order."""

    type: Literal["categorical"]
    choices: Annotated[tuple[Value, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _choices_are_unique(self) -> Self:
        _check_unique(self.choices)
        return self

    def allows(self, value: Value) -> bool:
        """Whether a value is one of the choices."""
        return value in self.choices

    def typed(self, value: Value) -> Value:
        """Give the choice that is equal to a value."""
        return self.choices[self.choices.index(value)]


class Ordinal(Part):
    """One of several values in the order given."""

    type: Literal["ordinal"]
    sequence: Annotated[tuple[Value, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _sequence_is_unique(self) -> Self:
        _check_unique(self.sequence)
        return self

    def allows(self, value: Value) -> bool:
        """Whether a value is in the sequence."""
        return value in self.sequence

    def typed(self, value: Value) -> Value:
        """Give the one of the sequence that is equal to a value."""
        return self.sequence[self.sequence.index(value)]


class Constant(Part):
    """A fixed value: part of every configuration, no dimension of the search."""

    type: Literal["constant"]
    value: Value

    def allows(self, value: Value) -> bool:
        """Whether a value is the constant."""
        return value == self.value

    def typed(self, value: Value) -> Value:
        """Give the constant itself."""
        return self.value


Hyperparameter = Annotated[Float | Integer | Categorical | Ordinal | Constant, Field(discriminator="type")]


class Condition(Part):
    """`child` is active only where `parent` is active and its value passes one comparison.

    Several conditions on one child must all hold.
    """

    child: str
    parent: str
    equals: Value | None = None
    not_equals: Value | None = None
    greater_than: Value | None = None
    less_than: Value | None = None
    one_of: Annotated[tuple[Value, ...], Field(min_length=1)] | None = Field(None, alias="in")

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        given = self.model_dump(exclude={"child", "parent"}, exclude_none=True)
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


Clause = Annotated[dict[str, Value | tuple[Value, ...]], Field(min_length=1)]
"""A forbidden combination: every named hyperparameter is active and has the value (one of the values)."""


class SpaceFile(Part):
    """A search space: hyperparameters, when they are active, and what must not be combined."""

    hyperparameters: Annotated[dict[str, Hyperparameter], Field(min_length=1)]
    conditions: tuple[Condition, ...] = ()
    forbidden: tuple[Clause, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a space file.

        Raises
        ------
        UserError
            If the file is missing, is no YAML, has a key twice, or says something that makes no sense;
            one line with path, field and what to do.
        """
        return cls.parse(yaml_file.load(path), str(path))

    @classmethod
    def parse(cls, raw: Any, where: str = "space") -> Self:
        """Check a space given as plain mappings and lists; `where` names it in messages.

        Raises
        ------
        UserError
            As `read`.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise UserError(f"{where}: {_advice(error, raw)}") from None

    @model_validator(mode="after")
    def _something_to_search(self) -> Self:
        if all(isinstance(one, Constant) for one in self.hyperparameters.values()):
            raise ValueError("hyperparameters: all are constant; nothing to search")
        return self

    @model_validator(mode="after")
    def _conditions_fit(self) -> Self:
        for index, condition in enumerate(self.conditions):
            where = f"conditions.{index}"
            _check_known(condition.child, self.hyperparameters, f"{where}.child")
            _check_known(condition.parent, self.hyperparameters, f"{where}.parent")
            parent = self.hyperparameters[condition.parent]
            for value in condition.values:
                _check_allowed(value, condition.parent, parent, where)
            if condition.needs_order and isinstance(parent, Categorical | Constant):
                raise ValueError(f"{where}: {condition.parent} has no order; use equals, not_equals or in")
        try:
            TopologicalSorter(self.parents()).prepare()
        except CycleError as error:
            raise ValueError(f"conditions: a circle of {' -> '.join(error.args[1])}; break it") from None
        return self

    @model_validator(mode="after")
    def _clauses_fit(self) -> Self:
        for index, clause in enumerate(self.forbidden):
            for name, values in clause.items():
                where = f"forbidden.{index}"
                _check_known(name, self.hyperparameters, where)
                for value in values if isinstance(values, tuple) else (values,):
                    _check_allowed(value, name, self.hyperparameters[name], where)
        return self

    @property
    def dimension(self) -> int:
        """Number of hyperparameters that are searched."""
        return sum(not isinstance(one, Constant) for one in self.hyperparameters.values())

    def typed(self, values: Values) -> Values:
        """Give values of this space their Python types, which JSON does not keep: it writes 1.0 as 1."""
        return {name: self.hyperparameters[name].typed(value) for name, value in values.items()}

    def choices(self) -> dict[str, tuple[Value, ...]]:
        """Values of each hyperparameter that has a list of them."""
        lists = {}
        for name, one in self.hyperparameters.items():
            if isinstance(one, Categorical):
                lists[name] = one.choices
            elif isinstance(one, Ordinal):
                lists[name] = one.sequence
        return lists

    def parents(self) -> dict[str, set[str]]:
        """Names of the parents of each conditional hyperparameter."""
        parents: dict[str, set[str]] = {}
        for condition in self.conditions:
            parents.setdefault(condition.child, set()).add(condition.parent)
        return parents


def _check_unique(values: tuple[Value, ...]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value!r} stands twice (1, 1.0 and true are equal); remove one")


def _check_known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise ValueError(f"{where}: no hyperparameter {name!r}; {suggest(name, known)}")


def _check_allowed(value: Value, name: str, one: Any, where: str) -> None:
    if not one.allows(value):
        raise ValueError(f"{where}: {name} never has the value {value!r}; choose one of its range")


KINDS: dict[str, type[Part]] = {
    "float": Float,
    "integer": Integer,
    "categorical": Categorical,
    "ordinal": Ordinal,
    "constant": Constant,
}


def _advice(error: ValidationError, raw: Any) -> str:
    """Say in one line where the first problem is and what it is."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    kind: type[Part] = SpaceFile
    if path[:1] == ["hyperparameters"] and len(path) > 2:
        kind = KINDS.get(path.pop(2), Part)
    elif path[:1] == ["conditions"] and len(path) > 1:
        kind = Condition
    where = "".join(f"{part}: " for part in [".".join(path)] if part)
    match first["type"]:
        case "extra_forbidden":
            known = [field.alias or name for name, field in kind.model_fields.items()]
            return f"{where}unknown key; {suggest(path[-1], known)}"
        case "union_tag_not_found":
            return f"{where}type is missing; give one of {', '.join(KINDS)}"
        case "union_tag_invalid":
            return f"{where}unknown type; {suggest(str(first['input'].get('type')), KINDS)}"
        case "missing":
            return f"{where}missing; add it"
        case "value_error":
            return f"{where}{first['ctx']['error']}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{where}expected keys and values (got {first['input']!r})"
        case "tuple_type":
            return f"{where}expected a list (got {first['input']!r})"
        case _:
            return f"{where}{first['msg']} (got {first['input']!r})"
