"""The search space as a file: the content of `config/spaces/*.yaml`, read and checked.

Light on purpose (pydantic and YAML only), because the workflow reads the space whenever it starts;
`space.space` makes a ConfigSpace of it.
"""

import math
import re
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError, shown, suggest
from jointsearch.core.records import Value, Values
from jointsearch.space import configspace_format

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


class _Searched(_InPart):
    """A hyperparameter with several values, one of which may be its default: where a search in steps begins."""

    default: Choice | None = Field(None, exclude_if=lambda value: value is None)


class _Numeric(_Searched):
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


class Categorical(_Searched):
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


class Ordinal(_Searched):
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


class SpaceFile(Entry):
    """A search space: hyperparameters, when they are active, and what must not be combined."""

    hyperparameters: Annotated[dict[str, Hyperparameter], Field(min_length=1)]
    conditions: tuple[AnyOrOne, ...] = ()
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
        raw = yaml_file.load(path)
        if configspace_format.recognised(raw) and path.suffix != ".json":
            raw = yaml_file.load_version_1_1(path)
        return cls.parse(raw, str(path))

    @classmethod
    def parse(cls, raw: Any, where: str = "space") -> Self:
        """Check a space given as plain mappings and lists; `where` names it in messages.

        Raises
        ------
        UserError
            As `read`.
        """
        if configspace_format.recognised(raw):
            raw = configspace_format.translated(raw, where)
        if isinstance(raw, Mapping):
            # An empty list, which YAML reads as null.
            empty = {key for key in ("conditions", "forbidden") if raw.get(key) is None}
            raw = {key: value for key, value in raw.items() if key not in empty}
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise UserError(f"{where}: {_advice(error, raw)}") from None

    @model_validator(mode="after")
    def _something_to_search(self) -> Self:
        if not self.dimension:
            raise ValueError("hyperparameters: all are constant; nothing to search")
        return self

    @model_validator(mode="after")
    def _parts_divide_the_space(self) -> Self:
        parts = {one.part for one in self.hyperparameters.values()}
        known: dict[str, str] = {}
        for part in filter(None, parts):
            # They would be one folder on some file systems, and are one word for people.
            if known.setdefault(part.lower(), part) != part:
                both = sorted((part, known[part.lower()]))
                raise ValueError(f"hyperparameters: parts {both[0]!r} and {both[1]!r} differ in case only; write one")
        if len(parts) == 1 and None not in parts:
            raise ValueError(f"hyperparameters: all have the part {parts.pop()!r}; name two parts or more, or none")
        if len(parts) > 1 and None in parts:
            name = next(name for name, one in self.hyperparameters.items() if one.part is None)
            raise ValueError(f"hyperparameters.{name}: part is missing, which others have; add it, or remove theirs")
        return self

    @model_validator(mode="after")
    def _defaults_fit(self) -> Self:
        for name, one in self.hyperparameters.items():
            if isinstance(one, _Searched) and one.default is not None:
                _check_allowed(one.default, name, one, f"hyperparameters.{name}.default")
        return self

    @model_validator(mode="after")
    def _conditions_fit(self) -> Self:
        for index, condition in enumerate(self.conditions):
            where = f"conditions.{index}"
            _check_known(condition.child, self.hyperparameters, f"{where}.child")
            for one in condition.alternatives:
                _check_known(one.parent, self.hyperparameters, f"{where}.parent")
                parent = self.hyperparameters[one.parent]
                for value in one.values:
                    _check_allowed(value, one.parent, parent, where)
                if one.needs_order and isinstance(parent, Categorical | Constant):
                    raise ValueError(f"{where}: {one.parent} has no order; use equals, not_equals or in")
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
        return len(self.hyperparameters) - len(self.fixed)

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The hyperparameters of each part; none if the space names no parts. The order of the file does not matter."""
        named = sorted((one.part, name) for name, one in self.hyperparameters.items() if one.part is not None)
        return {part: tuple(name for _, name in those) for part, those in groupby(named, key=itemgetter(0))}

    @property
    def in_order(self) -> list[str]:
        """All hyperparameters, part by part. A record holds them by the alphabet, whatever the order of the file."""
        return [name for names in self.parts.values() for name in names] or sorted(self.hyperparameters)

    @property
    def fixed(self) -> set[str]:
        """Names of the constants, which are not searched."""
        return {name for name, one in self.hyperparameters.items() if isinstance(one, Constant)}

    @property
    def fixed_values(self) -> Values:
        """The values of the constants."""
        return {name: one.value for name, one in self.hyperparameters.items() if isinstance(one, Constant)}

    @property
    def defaults(self) -> Values:
        """The default of each hyperparameter that has one; constants are their own."""
        values = {
            name: one.value if isinstance(one, Constant) else one.default for name, one in self.hyperparameters.items()
        }
        return self.typed({name: value for name, value in values.items() if value is not None})

    def typed(self, values: Values) -> Values:
        """Convert values of this space to their Python types, which JSON does not keep: it writes 1.0 as 1."""
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
            parents.setdefault(condition.child, set()).update(one.parent for one in condition.alternatives)
        return parents


def _check_unique(values: tuple[Value, ...]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value!r} appears twice (1, 1.0 and true are equal); remove one")


def _check_known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise ValueError(f"{where}: no hyperparameter {name!r}; {suggest(name, known)}")


def _check_allowed(value: Value, name: str, one: Any, where: str) -> None:
    if not one.allows(value):
        raise ValueError(f"{where}: {name} never has the value {value!r}; choose one of its range")


KINDS: dict[str, type[Entry]] = {
    "float": Float,
    "integer": Integer,
    "categorical": Categorical,
    "ordinal": Ordinal,
    "constant": Constant,
}


def _advice(error: ValidationError, raw: Any) -> str:
    """Report in one line where the first problem is and what it is."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    kind: type[BaseModel] = SpaceFile
    # After the position comes the kind of the value there, see the discriminators.
    match path:
        case ["hyperparameters", _, _, *_]:
            kind = KINDS.get(path.pop(2), Entry)
        case ["conditions", _, tag, *rest]:
            kind = Condition if tag == "one" else Comparison if len(rest) > 2 else AnyCondition
            del path[2]
        case ["forbidden", _, _, _, *_]:
            del path[3]
    where = "".join(f"{part}: " for part in [".".join(path)] if part)
    got = f"(got {shown(first['input'])})"
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
            return f"{where}expected keys and values {got}"
        case "tuple_type":
            return f"{where}expected a list {got}"
        case _:
            return f"{where}{first['msg']} {got}"
