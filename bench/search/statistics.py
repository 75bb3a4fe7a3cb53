"""What runs say about optimisers: intervals, ranks, paired tests. Pure functions on arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from search.tasks import Array

RESAMPLES = 2000
LEVEL = 0.95
UNKNOWN = 1.0
"""Normalised regret before anything succeeded: that of a median random configuration."""


@dataclass(frozen=True)
class Comparison:
    """Two optimisers over the same pairs of task and seed.

    Attributes
    ----------
    wins, ties, losses
        Pairs in which ours has the lower, the same, the higher regret.
    difference
        Median of the other's regret minus ours; positive where ours is better.
    p, p_holm
        Of the two-sided Wilcoxon signed-rank test, and with Holm's correction for all comparisons made.
    """

    other: str
    wins: int
    ties: int
    losses: int
    difference: float
    p: float
    p_holm: float


def at(trajectory: Sequence[tuple[float, float]], spent: Array) -> Array:
    """Regret of the incumbent after so much budget; `UNKNOWN` before there is one."""
    if not trajectory:
        return np.full(len(spent), UNKNOWN)
    when, regrets = np.array(trajectory).T
    place = np.searchsorted(when, spent * (1 + 1e-12), side="right") - 1
    return np.where(place < 0, UNKNOWN, regrets[np.maximum(place, 0)])


def interval(values: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Bootstrap interval (percentiles) of the mean over the first axis, the seeds."""
    picks = rng.integers(len(values), size=(RESAMPLES, len(values)))
    means = values[picks].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def ranks(regrets: Array) -> Array:
    """Rank optimisers, the second axis, within each block, the first: 1 is best, ties share the mean of theirs."""
    ranked: Array = stats.rankdata(regrets, axis=1)
    return ranked


def friedman(regrets: Array) -> tuple[float, float]:
    """Friedman's test that all optimisers, the second axis, rank alike: statistic and p; NaN where it says nothing."""
    if regrets.shape[1] < 3 or len(regrets) < 2 or (regrets == regrets[:, :1]).all():
        return np.nan, np.nan
    statistic, p = stats.friedmanchisquare(*regrets.T)
    return float(statistic), float(p)


def compare(ours: Array, others: Mapping[str, Array]) -> list[Comparison]:
    """Test our optimiser against each other one, paired.

    Parameters
    ----------
    ours, others
        Regrets, the same pair of task and seed at the same place. Pairs without a difference count as Pratt (1959)
        has it.
    """
    raw = [_wilcoxon(regrets - ours) for regrets in others.values()]
    if not raw:
        return []
    corrected = multipletests(raw, method="holm")[1]
    return [
        Comparison(
            other,
            int((ours < regrets).sum()),
            int((ours == regrets).sum()),
            int((ours > regrets).sum()),
            float(np.median(regrets - ours)),
            p,
            float(p_holm),
        )
        for (other, regrets), p, p_holm in zip(others.items(), raw, corrected, strict=True)
    ]


def _wilcoxon(differences: Array) -> float:
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="pratt").pvalue)
