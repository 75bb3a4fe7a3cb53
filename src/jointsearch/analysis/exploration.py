"""Exploration: how many regions of the space a search has trained in, relative to as many random configurations.

A region is a pair of levels of two hyperparameters, see `levels`. A search with more trainings reaches more of them, so
the share that it reaches is rarefied (Hurlbert 1971): the mean over all draws of 100 of its configurations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import stats
from scipy.special import gammaln

from jointsearch.analysis.correlation import FEWEST, INTERVAL
from jointsearch.analysis.levels import Levels, level_counts, levels
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.seeds import derive_seed
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.space.space import Space

CONFIGURATIONS = 100
"""Configurations that are compared."""
_DRAWS = 2**14
"""Random configurations from which those of the space are rarefied."""


@dataclass(frozen=True)
class Exploration:
    """How much of the space a search has explored at the full budget.

    Attributes
    ----------
    evaluations
        The successful trainings there, of one configuration each.
    share, share_random
        Of all regions, those that 100 of these configurations reach on average, and 100 random ones of the space.
    share_drawn, share_model
        What those that were drawn at random, and those that a model proposed, reach of the first of these.
    low, high
        95 % interval of their ratio by the jackknife over brackets; nan where fewer than `FEWEST` have such a training,
        or one of them is needed to have 100 configurations.
    """

    evaluations: tuple[Evaluation, ...]
    share: float
    share_random: float
    share_drawn: float
    share_model: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """The first share relative to the second one."""
        return self.share / self.share_random


@lru_cache(maxsize=1)
def explore(results: Results) -> Exploration | None:
    """Say how much of the space the search has explored; None with fewer than 100 configurations at the full budget.

    Failed trainings do not count. Without two hyperparameters there is no region, and nothing to say either.
    """
    trained, space = successes(results), Space(results.experiment.space)
    if len(trained) < CONFIGURATIONS or space.dimension < 2:
        return None
    rng = np.random.default_rng(derive_seed(results.experiment.seed, layout.SEARCH, "exploration"))
    sizes = level_counts(space)
    of_space = rarefied(region_counts(levels(space, space.sample(_DRAWS, rng)), sizes), _DRAWS)
    found, brackets = (
        levels(space, [one.proposal.values for one in trained]),
        np.array([one.bracket for one in trained]),
    )
    share = rarefied(region_counts(found, sizes), len(found))
    kinds = np.array([one.proposal.origin.kind for one in trained])
    drawn, proposed = (rarefied(region_counts(found[kinds == kind], sizes), len(found)) for kind in ("random", "model"))
    ends = _jackknife(found, sizes, brackets, share, of_space)
    return Exploration(trained, share, of_space, drawn, proposed, *ends)


def successes(results: Results) -> tuple[Evaluation, ...]:
    """The trainings of the search that succeeded at the full budget."""
    full = budgets(results.experiment.budget)[-1]
    return tuple(one for one in results.evaluations(layout.SEARCH) if one.budget == full and one.loss is not None)


def region_counts(found: Levels, sizes: Sequence[int]) -> Levels:
    """How many of the configurations are in each region: of every two hyperparameters, every two levels.

    Parameters
    ----------
    found, sizes
        Levels, shape (n, d), and how many there are, (d,).
    """
    counts = []
    for one, other in combinations(range(len(sizes)), 2):
        active = (found[:, one] >= 0) & (found[:, other] >= 0)
        regions = found[active, one] * sizes[other] + found[active, other]
        counts.append(np.bincount(regions, minlength=sizes[one] * sizes[other]))
    return np.concatenate(counts)


def rarefied(counts: Levels, n: int, size: int = CONFIGURATIONS) -> float:
    """Mean share of regions that `size` configurations reach, over all draws of so many without replacement.

    Parameters
    ----------
    counts
        How many of the configurations, or of some of them, are in each region.
    n
        How many there are, at least `size`.
    """
    others = n - counts
    can_miss = others >= size
    missed = np.zeros(len(counts))
    # The share of draws that are all from the others: of C(n, size), C(others, size).
    of = others[can_miss]
    missed[can_miss] = np.exp(gammaln(of + 1) - gammaln(of - size + 1) - gammaln(n + 1) + gammaln(n - size + 1))
    return float(1 - missed.mean())


def _jackknife(
    found: Levels, sizes: Sequence[int], brackets: Levels, share: float, of_space: float
) -> tuple[float, float]:
    """Interval of the ratio of both shares, brackets left out one by one (Efron and Tibshirani 1993, chapter 11)."""
    names = np.unique(brackets)
    number, left = len(names), [found[brackets != name] for name in names]
    if number < FEWEST or min(map(len, left)) < CONFIGURATIONS:
        return np.nan, np.nan
    without = np.array([rarefied(region_counts(rest, sizes), len(rest)) for rest in left]) / of_space
    error = np.sqrt((number - 1) * np.square(without - without.mean()).mean())
    value, half = share / of_space, float(stats.t.ppf(INTERVAL[1], number - 1) * error)
    return max(value - half, 0.0), value + half
