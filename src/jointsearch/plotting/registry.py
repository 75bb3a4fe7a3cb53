"""The figures and tables of an experiment, by name: the data behind each, how it is drawn, the numbers in it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from jointsearch.analysis import arms as arms_table
from jointsearch.analysis import early_stopping, finals, picks
from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.importance import shares as importance_table
from jointsearch.analysis.number import Number
from jointsearch.analysis.numbers import Numbers, of_search
from jointsearch.analysis.observations import configurations, table
from jointsearch.core import layout
from jointsearch.core.seeds import derive
from jointsearch.plotting import (
    arms,
    bracket_schedule,
    budget_correlation,
    correlation_study,
    full_budget_evaluations,
    importance,
    incumbent_over_time,
    learning_curves,
    manual_architectures,
    time_spent,
)
from jointsearch.results.results import Results
from jointsearch.space.space import Space


@dataclass(frozen=True)
class Kind:
    """A figure: the data behind it, how they are drawn, and the numbers that a text may quote of them."""

    data: Callable[[Results], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]
    numbers: Callable[[Results, pd.DataFrame], dict[str, Number]] | None = None


@dataclass(frozen=True)
class Table:
    """A table: its rows, and the numbers that a text may quote of them."""

    rows: Callable[[Results], pd.DataFrame]
    numbers: Callable[[Results, pd.DataFrame], dict[str, Number]]


def _observations(material: Results) -> pd.DataFrame:
    return table(material.evaluations(layout.SEARCH), list(material.experiment.space.hyperparameters))


def _budget_correlation(material: Results) -> pd.DataFrame:
    seed = derive(material.experiment.seed, layout.SEARCH, "bootstrap")
    return budget_correlation.data(_observations(material), np.random.default_rng(seed))


def _full_budget_evaluations(material: Results) -> pd.DataFrame:
    observations, space = _observations(material), Space(material.experiment.space)
    encoded = space.encode_all(list(configurations(observations).values()))
    return full_budget_evaluations.data(observations, footprint(encoded, space.vartypes))


FIGURES: Mapping[str, Kind] = {
    "full_budget_evaluations": Kind(_full_budget_evaluations, full_budget_evaluations.draw),
    "budget_correlation": Kind(_budget_correlation, budget_correlation.draw, budget_correlation.numbers),
    **{
        one.__name__.rpartition(".")[2]: Kind(one.data, one.draw, one.numbers)
        for one in (
            arms,
            bracket_schedule,
            correlation_study,
            importance,
            incumbent_over_time,
            learning_curves,
            manual_architectures,
            time_spent,
        )
    },
}
"""What each figure of `figures.FIGURES` shows."""

TABLES: Mapping[str, Table] = {
    "early_stopping": Table(early_stopping.table, early_stopping.numbers),
    "arms_table": Table(arms_table.table, arms_table.numbers),
    "importance_groups": Table(importance_table.table, importance_table.numbers),
    "manual": Table(finals.manual, finals.manual_numbers),
    "retraining": Table(finals.retraining, finals.retraining_numbers),
}
"""What stands in each table of `figures.TABLES`."""


def numbers(material: Results, data: Mapping[str, pd.DataFrame]) -> Numbers:
    """Gather the numbers of an experiment.

    Parameters
    ----------
    material
        What is known of it.
    data
        The data behind its figures, and its tables, by their place: `figures/arms`, `tables/manual`.
    """
    found = of_search(material.experiment, material.evaluations(layout.SEARCH)) | picks.numbers(material)
    for place, rows in data.items():
        kind, name = place.split("/")
        give = (FIGURES if kind == "figures" else TABLES)[name].numbers
        if give is not None:
            found |= give(material, rows)
    return Numbers(experiment=material.experiment.id, numbers=found)


def parse(data: bytes) -> pd.DataFrame:
    """Read the data behind a figure, or a table, as its CSV holds it."""
    return pd.read_csv(io.BytesIO(data))
