"""What a figure is: the constant `FIGURE` of its module, in a file of its name."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure as MplFigure

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.number import Number
from jointsearch.plotting import style
from jointsearch.results.results import Results


@dataclass(frozen=True)
class Figure:
    """A figure.

    The workflow reads `studies` and `category` from the source (`results.catalogue`), so both are literals.

    Attributes
    ----------
    studies
        The studies that it is made of: names of `layout.STUDIES`, or `arm` for every search of an arm; or all of these.
        It is made where the first of them is planned.
    category
        Where it stands in the HTML report.
    data
        Gathers the data behind it, which are written beside it as CSV.
    draw
        Draws it from that CSV.
    numbers
        Gives the numbers in it that a text may quote, if any.
    """

    studies: tuple[str, ...] | Literal["all"]
    category: str
    data: Callable[[Results], pd.DataFrame]
    draw: Callable[[pd.DataFrame], MplFigure]
    numbers: Callable[[Results, pd.DataFrame], dict[str, Number]] | None = None

    def files(self, results: Results, drawn: bool = True) -> dict[str, bytes]:
        """Make its files: contents by suffix, `csv` the data behind it; without the others if it is not `drawn`."""
        content = csv_bytes(self.data(results))
        return {"csv": content} | (style.render(self.draw(parse(content))) if drawn else {})


def load(name: str) -> Figure:
    """Load the figure of a name of `catalogue.FIGURES`."""
    found = import_module(f"jointsearch.plotting.{name}").FIGURE
    assert isinstance(found, Figure)
    return found
