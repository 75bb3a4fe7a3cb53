"""The figures and tables of an experiment, by name: the data behind each, how it is drawn, the numbers in it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from jointsearch import layout
from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.number import Number
from jointsearch.analysis.numbers import Numbers, of_search
from jointsearch.analysis.observations import configurations, table
from jointsearch.material import Material
from jointsearch.plotting import budget_correlation, full_budget_evaluations
from jointsearch.seeds import derive
from jointsearch.space import Space


@dataclass(frozen=True)
class Kind:
    """A figure: the data behind it, how they are drawn, and the numbers that a text may quote of them."""

    data: Callable[[Material], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]
    numbers: Callable[[Material, pd.DataFrame], dict[str, Number]] | None = None


def _observations(material: Material) -> pd.DataFrame:
    return table(material.evaluations(layout.SEARCH), list(material.experiment.space.hyperparameters))


def _budget_correlation(material: Material) -> pd.DataFrame:
    seed = derive(material.experiment.seed, layout.SEARCH, "bootstrap")
    return budget_correlation.data(_observations(material), np.random.default_rng(seed))


def _full_budget_evaluations(material: Material) -> pd.DataFrame:
    observations, space = _observations(material), Space(material.experiment.space)
    encoded = space.encode_all(list(configurations(observations).values()))
    return full_budget_evaluations.data(observations, footprint(encoded, space.vartypes))


FIGURES: Mapping[str, Kind] = {
    "full_budget_evaluations": Kind(_full_budget_evaluations, full_budget_evaluations.draw),
    "budget_correlation": Kind(_budget_correlation, budget_correlation.draw, budget_correlation.numbers),
}
"""What each figure of `figures.FIGURES` shows."""

TABLES: Mapping[str, Callable[[Material], pd.DataFrame]] = {}
"""What stands in each table of `figures.TABLES`."""


def numbers(material: Material, data: Mapping[str, pd.DataFrame]) -> Numbers:
    """Gather the numbers of an experiment: those of its search, and those of the data behind its figures, by name."""
    found = of_search(material.experiment, material.evaluations(layout.SEARCH))
    for name, of_figure in data.items():
        if (kind := FIGURES[name]).numbers is not None:
            found |= kind.numbers(material, of_figure)
    return Numbers(experiment=material.experiment.id, numbers=found)


def parse(data: bytes) -> pd.DataFrame:
    """Read the data behind a figure as its CSV holds it."""
    return pd.read_csv(io.BytesIO(data))
