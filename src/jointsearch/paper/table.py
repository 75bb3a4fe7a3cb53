"""The layout of a table: its columns, once, for the PDF and for LaTeX; and what is behind its rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pandas as pd

from jointsearch.analysis.number import Number
from jointsearch.core.errors import UserError
from jointsearch.core.units import Measure
from jointsearch.paper.columns import NOTHING, Column, Row
from jointsearch.results.results import Results


@dataclass(frozen=True)
class Shown:
    """A table as it is set: plain text, `−` for a minus.

    Attributes
    ----------
    titles, align, rows, caption
        Of its columns; of its rows the texts of their cells; what it shows.
    rules
        The rows above which a rule stands.
    names, behind, leading
        Of each row what it is, in words; the trainings behind it, by their names; and the places of the cells that lead
        to them: the first that is not empty, and numbers.
    """

    titles: tuple[str, ...]
    align: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rules: tuple[int, ...]
    names: tuple[str, ...]
    behind: tuple[tuple[str, ...], ...]
    leading: tuple[tuple[int, ...], ...]
    caption: str


@dataclass(frozen=True)
class Display:
    """How a table is shown.

    Attributes
    ----------
    caption
        What it shows, in the words of its columns; marked up as in `captions`.
    columns
        What is shown of it, or a function that says so, given the raw table and what its losses are.
    behind
        The trainings behind a row of these columns, by their names (`number.name_of`), given all results and numbers.
    arrange
        Brings the raw table into the shape of the columns.
    group
        Raw column; wherever it changes stands a rule.
    note
        What the caption adds, by the raw table.
    """

    caption: str
    columns: tuple[Column, ...] | Callable[[pd.DataFrame, Measure], tuple[Column, ...]]
    behind: Callable[[Row, Results, Mapping[str, Number]], Iterable[str]]
    arrange: Callable[[pd.DataFrame], pd.DataFrame] = lambda data: data
    group: str | None = None
    note: Callable[[pd.DataFrame], str] = lambda data: ""


def lay_out(
    display: Display,
    data: pd.DataFrame,
    where: str | Path,
    measure: Measure,
    results: Results | None,
    numbers: Mapping[str, Number],
) -> Shown:
    """Lay a table out, see `tables.show`."""
    with _complete(where):
        rows = [{str(name): value for name, value in row.items()} for row in display.arrange(data).to_dict("records")]
        columns = display.columns(data, measure) if callable(display.columns) else display.columns
        cells = tuple(tuple(column.text(row) for column in columns) for row in rows)
        groups = [row[display.group] if display.group is not None else None for row in rows]
        behind = tuple(tuple(display.behind(row, results, numbers)) if results is not None else () for row in rows)
    rules = tuple(place for place in range(1, len(groups)) if groups[place] != groups[place - 1])
    titles, align = zip(*((column.title, column.align) for column in columns), strict=True)
    leading = tuple(_leading(columns, row) if found else () for row, found in zip(cells, behind, strict=True))
    caption = f"{display.caption} {display.note(data)}".strip()
    return Shown(titles, align, cells, rules, tuple(_names(columns, cells)), behind, leading, caption)


@contextmanager
def _complete(where: str | Path) -> Iterator[None]:
    """Report a column that is not there."""
    try:
        yield
    except KeyError as error:
        raise UserError(f"{where}: has no {error}; remake it, or correct its display in paper/tables.py") from None


def _names(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Name rows by their cells before the first number; an empty one repeats that above."""
    titles = [column.title for column in takewhile(lambda column: not column.is_number, columns)]
    above = [""] * len(titles)
    for row in rows:
        above = [cell or before for cell, before in zip(row, above, strict=False)]
        yield ", ".join(f"{title}: {cell}" for title, cell in zip(titles, above, strict=True) if cell != NOTHING)


def _leading(columns: Sequence[Column], row: Sequence[str]) -> tuple[int, ...]:
    first = next((place for place, cell in enumerate(row) if cell), None)
    cells = enumerate(zip(columns, row, strict=True))
    return tuple(
        place for place, (column, cell) in cells if place == first or (column.is_number and cell not in ("", NOTHING))
    )
