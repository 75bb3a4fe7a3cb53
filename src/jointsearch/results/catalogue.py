"""The figures and tables of an experiment: the studies that each depends on, its category in the report.

A module of `plotting` with a constant `FIGURE = Figure(...)` is a figure, one of `analysis.tables` with a constant
`TABLE = Table(...)` a table, each by the name of its module. What the workflow has to know of them is read from their
source, since importing them takes seconds.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import imports, layout
from jointsearch.search.plan import StudyPlan

ARM = "arm"
"""Any search of an arm."""
ALL = "all"
"""In place of the studies of a figure or a table: each that there is."""
EVERY = (*layout.STUDIES, ARM)
"""What `ALL` stands for."""


@dataclass(frozen=True)
class Entry:
    """A figure or a table: its module within the package, its studies, and its category in the report."""

    module: str
    studies: tuple[str, ...]
    category: str


def read(package: str, constant: str) -> dict[str, Entry]:
    """Read which modules of a package hold a constant, and its literal `studies` and `category`.

    Raises
    ------
    ValueError
        If one of these is no literal, or names no study.
    """
    entries = {}
    for file in sorted(imports.PACKAGE.joinpath(*package.split(".")).glob("*.py")):
        # The rest of the module alone: parsing all of each would take longer than anything else that is read here.
        # In any locale, as the Snakefile imports this before it asks for UTF-8.
        _, found, rest = file.read_text(encoding="utf-8").partition(f"\n{constant} = ")
        if found:
            entries[file.stem] = _entry(f"{package}.{file.stem}", ast.parse(f"{constant} = {rest}").body[0], file)
    return entries


def _entry(module: str, statement: ast.stmt, file: Path) -> Entry:
    match statement:
        case ast.Assign(value=ast.Call(keywords=keywords)):
            given = {one.arg: ast.literal_eval(one.value) for one in keywords if one.arg in ("studies", "category")}
            entry = Entry(module, EVERY if given["studies"] == ALL else given["studies"], given["category"])
        case _:
            raise ValueError(f"{file}: its arguments have to be keywords")
    if unknown := set(entry.studies) - {*EVERY}:
        raise ValueError(f"{file}: no studies: {', '.join(sorted(unknown))}")
    return entry


FIGURES: Mapping[str, Entry] = read("plotting", "FIGURE")
TABLES: Mapping[str, Entry] = read("analysis.tables", "TABLE")


def listed_as(study: StudyPlan) -> str:
    """What `studies` of figures and tables call a study: its name, or `ARM` for every search of an arm."""
    return study.name if study.arm is None else ARM


def made_of(studies: Iterable[StudyPlan], catalogue: Mapping[str, Entry]) -> dict[str, list[str]]:
    """List the figures (or tables) that depend on planned studies, and those studies.

    One is made if the first of its studies is planned.

    Parameters
    ----------
    studies
        Those that are planned.
    catalogue
        `FIGURES` or `TABLES`.
    """
    groups: dict[str, list[str]] = {}
    for study in studies:
        groups.setdefault(listed_as(study), []).append(study.name)
    return {
        name: [study for group in entry.studies for study in groups.get(group, [])]
        for name, entry in catalogue.items()
        if entry.studies[0] in groups
    }
