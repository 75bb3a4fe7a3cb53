"""A space in ConfigSpace's own JSON or YAML format, converted to ours. Light: ConfigSpace itself is not imported.

The formats of ConfigSpace 0.4 to 1.2 differ only in names. What ConfigSpace has no word for, the part of the space that
a hyperparameter belongs to, is in its `meta`.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from jointsearch.core.errors import UserError, shown, suggest

TYPES = {"uniform_float": "float", "uniform_int": "integer", "categorical": "categorical", "ordinal": "ordinal"}
CONSTANTS = ("constant", "unparametrized")
COMPARISONS = {"EQ": "equals", "NEQ": "not_equals", "LT": "less_than", "GT": "greater_than", "IN": "in"}
KEYS = {"name", "hyperparameters", "conditions", "forbiddens"}
KEYS |= {"format_version", "json_format_version", "python_module_version"}
LARGEST_RULE = 1000
"""The most parts of one condition or forbidden clause, once it is written out."""

Comparison = dict[str, Any]


def recognised(raw: Any) -> bool:
    """Whether a file is in ConfigSpace's format: its hyperparameters are a list, ours have names as keys."""
    return isinstance(raw, Mapping) and isinstance(raw.get("hyperparameters"), list)


def translated(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Convert a space to the format of our files, to be checked as one of them.

    Of meta data only `part` is read, the rest is left out; a list with one choice becomes a constant.

    Raises
    ------
    UserError
        If it has something that our spaces do not: values that are quantised or not equally probable, clauses
        and relations that do not compare for equality; if its `part` is not in `meta`. Names it, and says what to write
        instead.
    """
    for key in raw:
        if key not in KEYS:
            raise UserError(f"{where}: {key}: unknown key of ConfigSpace's format; {suggest(str(key), KEYS)}")
    hyperparameters: dict[str, Any] = {}
    for index, one in enumerate(raw["hyperparameters"]):
        name = _mapping(one, f"{where}: hyperparameters.{index}").get("name")
        if not isinstance(name, str):
            raise UserError(f"{where}: hyperparameters.{index}: name is missing; add it")
        if name in hyperparameters:
            raise UserError(f"{where}: hyperparameters.{index}: the name {name!r} appears twice; rename one")
        hyperparameters[name] = _hyperparameter(one, f"{where}: hyperparameters.{name}")
    conditions = [
        _condition(_mapping(one, f"{where}: conditions.{index}").get("child"), group)
        for index, one in enumerate(_parts(raw, "conditions", where))
        for group in _all_of(one, f"{where}: conditions.{index}")
    ]
    forbidden = [
        {name: values[0] if len(values) == 1 else values for name, values in clause.items()}
        for index, one in enumerate(_parts(raw, "forbiddens", where))
        for clause in _any_of(one, f"{where}: forbiddens.{index}")
    ]
    return {"hyperparameters": hyperparameters, "conditions": conditions, "forbidden": forbidden}


def _hyperparameter(one: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind = str(one.get("type"))
    given = {key: value for key, value in one.items() if key not in ("name", "default", "default_value", "meta")}
    if "part" in one:
        raise UserError(f"{where}: part is no key of ConfigSpace's format; write it in its meta")
    part = _part(one.get("meta") or {}, f"{where}.meta")
    for key in ("weights", "probabilities"):
        weights = given.pop(key, None)
        if weights is not None and not (isinstance(weights, list) and len(set(map(repr, weights))) == 1):
            raise UserError(f"{where}: weighted choices; all are equally probable here, remove its {key}")
    step = given.pop("q", None)
    if step is not None and not (kind == "uniform_int" and step == 1):
        raise UserError(f"{where}: quantised in steps of {shown(step)}; list its values as an ordinal, or remove q")
    if kind in CONSTANTS:
        return given | part | {"type": "constant"}
    if kind.startswith(("normal_", "beta_")):
        plain = "uniform_" + kind.partition("_")[2]
        raise UserError(f"{where}: {kind} is not uniform; write {plain} with lower and upper, log if it is skewed")
    if kind not in TYPES:
        known = [*TYPES, *CONSTANTS]
        raise UserError(f"{where}: unknown type; {suggest(kind, known)}")
    values = given.get("choices" if kind == "categorical" else "sequence")
    if isinstance(values, list) and len(values) == 1:
        return {"type": "constant", "value": values[0]} | part
    return given | part | {"type": TYPES[kind], "default": one.get("default_value", one.get("default"))}


def _part(meta: Any, where: str) -> dict[str, Any]:
    """Read the part from meta data, which may hold anything else, but nothing that looks like it."""
    for key in _mapping(meta, where):
        if key != "part" and difflib.get_close_matches(str(key).lower(), ["part"], cutoff=0.85):
            raise UserError(f"{where}.{key}: unknown key; did you mean 'part'?")
    return {"part": meta["part"]} if "part" in meta else {}


def _condition(child: Any, group: Sequence[Comparison]) -> dict[str, Any]:
    alternatives = [one for place, one in enumerate(group) if one not in group[:place]]
    return {"child": child} | (alternatives[0] if len(alternatives) == 1 else {"any": alternatives})


def _all_of(one: Any, where: str) -> list[list[Comparison]]:
    """Write a condition as groups that must all hold; a group holds if one of its comparisons does."""
    kind = str(_mapping(one, where).get("type"))
    if kind in ("AND", "OR"):
        given = enumerate(_parts(one, "conditions", where, fewest=1))
        parts = [_all_of(part, f"{where}.conditions.{index}") for index, part in given]
        return [group for part in parts for group in part] if kind == "AND" else _combined(parts, where)
    if kind not in COMPARISONS:
        raise UserError(f"{where}: unknown type; {suggest(kind, [*COMPARISONS, 'AND', 'OR'])}")
    value = one.get("values" if kind == "IN" else "value")
    return [[{"parent": one.get("parent"), COMPARISONS[kind]: value}]]


def _any_of(one: Any, where: str) -> list[dict[str, list[Any]]]:
    """Write what is forbidden as clauses, each of which forbids a configuration if all of it holds: values by name."""
    kind = str(_mapping(one, where).get("type"))
    if kind in ("AND", "OR"):
        given = enumerate(_parts(one, "clauses", where, fewest=1))
        parts = [_any_of(part, f"{where}.clauses.{index}") for index, part in given]
        if kind == "OR":
            return [clause for part in parts for clause in part]
        return [
            clause
            for clauses in _combined([[[c] for c in part] for part in parts], where)
            if (clause := _merged(clauses))
        ]
    name = str(one.get("name"))
    if kind == "EQUALS":
        return [{name: [one.get("value")]}]
    if kind == "IN" and isinstance(one.get("values"), list | tuple):
        return [{name: list(one["values"])}]
    if kind.startswith(("CLAUSE_", "RELATION")):
        raise UserError(f"{where}: {kind} does not compare for equality; list the values with EQUALS or IN")
    raise UserError(f"{where}: unknown type; {suggest(kind, ['EQUALS', 'IN', 'AND', 'OR'])}")


def _combined(parts: Sequence[Sequence[list[Any]]], where: str) -> list[list[Any]]:
    """Combine one of each part, in every way."""
    number = 1
    for part in parts:
        number *= len(part)
    if number > LARGEST_RULE:
        raise UserError(f"{where}: written out it has {number:,} parts; make it simpler")
    return [[each for chosen in way for each in chosen] for way in product(*parts)]


def _merged(clauses: Iterable[Mapping[str, list[Any]]]) -> dict[str, list[Any]] | None:
    """Join clauses that must all hold; None if they cannot, as they want different values of one hyperparameter."""
    merged: dict[str, list[Any]] = {}
    for clause in clauses:
        for name, values in clause.items():
            merged[name] = [value for value in merged.get(name, values) if value in values]
    return merged if all(merged.values()) else None


def _parts(one: Mapping[str, Any], key: str, where: str, fewest: int = 0) -> Sequence[Any]:
    parts = one.get(key) or []
    if not isinstance(parts, list | tuple) or len(parts) < fewest:
        raise UserError(f"{where}: {key}: expected a list (got {shown(one.get(key))})")
    return parts


def _mapping(one: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(one, Mapping):
        raise UserError(f"{where}: expected keys and values (got {shown(one)})")
    return one
