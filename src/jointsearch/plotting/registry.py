"""The figures of an experiment, by name: the data behind each, and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from jointsearch import layout
from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.observations import configurations
from jointsearch.experiment import Experiment
from jointsearch.plotting import budget_correlation, full_budget_evaluations
from jointsearch.seeds import derive
from jointsearch.space import Space


@dataclass(frozen=True)
class Kind:
    """A figure: what it shows of the table of observations, and how."""

    data: Callable[[Experiment, pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]


def _budget_correlation(experiment: Experiment, observations: pd.DataFrame) -> pd.DataFrame:
    seed = derive(experiment.seed, layout.SEARCH, "bootstrap")
    return budget_correlation.data(observations, np.random.default_rng(seed))


def _full_budget_evaluations(experiment: Experiment, observations: pd.DataFrame) -> pd.DataFrame:
    space = Space(experiment.space)
    encoded = space.encode_all(list(configurations(observations).values()))
    return full_budget_evaluations.data(observations, footprint(encoded, space.vartypes))


FIGURES = {
    "budget_correlation": Kind(_budget_correlation, budget_correlation.draw),
    "full_budget_evaluations": Kind(_full_budget_evaluations, full_budget_evaluations.draw),
}
"""How well does the validation error at one budget foretell that at another? What did the search find at the full
budget, and where in the space has it been?"""
