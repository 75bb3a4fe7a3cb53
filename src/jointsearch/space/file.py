"""The search space as a file: the content of `config/spaces/*.yaml`, read and checked.

Light on purpose (pydantic and YAML only), because the workflow reads the space whenever it starts;
`space.space` makes a ConfigSpace of it.
"""

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError, shown, suggest
from jointsearch.core.fields import Value, Values
from jointsearch.space import configspace_format
from jointsearch.space.conditions import AnyCondition, AnyOrOne, Clause, Comparison, Condition
from jointsearch.space.hyperparameters import KINDS, Categorical, Constant, Entry, Hyperparameter, Ordinal, Searched


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
            if isinstance(one, Searched) and one.default is not None:
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


def _check_known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise ValueError(f"{where}: no hyperparameter {name!r}; {suggest(name, known)}")


def _check_allowed(value: Value, name: str, one: Any, where: str) -> None:
    if not one.allows(value):
        raise ValueError(f"{where}: {name} never has the value {value!r}; choose one of its range")


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
