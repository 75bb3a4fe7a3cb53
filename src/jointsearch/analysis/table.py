"""What a table is: the constant `TABLE` of its module in `analysis.tables`, in a file of its name."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

import pandas as pd

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.number import Number
from jointsearch.results.results import Results


@dataclass(frozen=True)
class Table:
    """A table, written as CSV; `paper.tables` says how the paper sets it.

    The workflow reads `studies` and `category` from the source (`results.catalogue`), so both are literals.

    Attributes
    ----------
    studies, category
        As those of `plotting.figure.Figure`.
    data
        Gathers its rows.
    numbers
        Gives the numbers in it that a text may quote; None if there are none.
    """

    studies: tuple[str, ...] | Literal["all"]
    category: str
    data: Callable[[Results], pd.DataFrame]
    numbers: Callable[[Results, pd.DataFrame], dict[str, Number]] | None = None

    def file(self, results: Results) -> bytes:
        """Make its file, CSV."""
        return csv_bytes(self.data(results))


def load(name: str) -> Table:
    """Load the table of a name of `catalogue.TABLES`."""
    found = import_module(f"jointsearch.analysis.tables.{name}").TABLE
    assert isinstance(found, Table)
    return found
