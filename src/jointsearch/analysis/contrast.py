"""Two samples of few repeats: the difference of their means, its tests, intervals, and their correction."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import comb
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

LEVEL = 0.05
"""Share of wrong decisions that tests and intervals allow, over all arms together."""
MOST_FLIPPED = 20
"""Pairs up to which all sign flips are counted: 2^20."""
MOST_DIVIDED = 20_000
"""Divisions of two samples up to which all are counted: those of eight and eight."""
RESAMPLES = 10_000
"""Random flips or divisions, where there are more."""
_ROUNDING = 1e-12
"""Differences of errors that differ by no more are the same but for rounding."""


@dataclass(frozen=True)
class Contrast:
    """The difference of two means over repeats, and what tests say of it.

    Attributes
    ----------
    paired
        Whether repeats were compared in pairs: then only those that both samples have.
    n, n_reference
        Repeats of each sample that are compared.
    difference
        Of the means; nan without repeats.
    spread
        The standard deviation of the differences of pairs, or that within both samples, pooled; nan if unknown.
    p
        Of the t-test, paired or Welch's; nan where there is none, see `untested`.
    p_exact
        Of the randomisation test; nan with too few repeats.
    smallest_p
        The least that it can be with so many repeats; nan where it is not made.
    """

    paired: bool
    n: int
    n_reference: int
    difference: float
    spread: float
    p: float
    p_exact: float
    smallest_p: float
    _test: Any = None

    @property
    def untested(self) -> str | None:
        """Why there is no t-test; None if there is one."""
        if self._test is not None:
            return None
        least = min(self.n, self.n_reference)
        if least == 0:
            return "no repeat to compare"
        if least == 1:
            return "one repeat, no test"
        return "equal in all repeats" if abs(self.difference) <= _ROUNDING else "no spread, no test"

    def interval(self, level: float) -> tuple[float, float]:
        """Interval of the difference that leaves out a share of `level`; nan without a test.

        It excludes 0 exactly if `p` is below that share.
        """
        if self._test is None:
            return np.nan, np.nan
        low, high = self._test.confidence_interval(1 - level)
        return float(low), float(high)


def contrast(
    own: Mapping[int, float], reference: Mapping[int, float], paired: bool, rng: np.random.Generator
) -> Contrast:
    """Compare the means of two samples, two-sided.

    Parameters
    ----------
    own, reference
        Values by repeat.
    paired
        Whether repeats of one number share their randomness: then they are compared in pairs, otherwise by Welch's
        test.
    rng
        Draws sign flips, or divisions, where there are too many to count.
    """
    if paired:
        both = sorted(own.keys() & reference.keys())
        first, second = (np.array([values[one] for one in both]) for values in (own, reference))
    else:
        first, second = (np.array([values[one] for one in sorted(values)]) for values in (own, reference))
    n, m = len(first), len(second)
    if min(n, m) == 0:
        return Contrast(paired, n, m, np.nan, np.nan, np.nan, np.nan, np.nan)
    difference = float(first.mean() - second.mean())
    if min(n, m) == 1:
        return Contrast(paired, n, m, difference, np.nan, np.nan, np.nan, np.nan)
    if paired:
        spread = float((first - second).std(ddof=1))
        same = np.ptp(first - second) <= _ROUNDING
        test = None if same else stats.ttest_rel(first, second)
        p_exact = _sign_flips(first - second, rng)
        smallest = 2.0 ** (1 - n) if n <= MOST_FLIPPED else 2 / (RESAMPLES + 1)
    else:
        spread = float(np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2))
        same = max(np.ptp(first), np.ptp(second)) <= _ROUNDING
        test = None if same else _welch(first, second)
        p_exact = _divisions(first, second, rng)
        smallest = 2 / comb(n + m, n) if comb(n + m, n) <= MOST_DIVIDED else 2 / (RESAMPLES + 1)
    p = np.nan if test is None else float(test.pvalue)
    return Contrast(paired, n, m, difference, 0.0 if same else spread, p, p_exact, smallest, test)


def _welch(first: np.ndarray, second: np.ndarray) -> Any:
    with warnings.catch_warnings():
        # One of the samples may have no spread.
        warnings.simplefilter("ignore", RuntimeWarning)
        return stats.ttest_ind(first, second, equal_var=False)


def _sign_flips(differences: np.ndarray, rng: np.random.Generator) -> float:
    """P-value of the sign-flip test: the share of flips whose sum is at least as far from 0 as the one that is seen."""
    if len(differences) > MOST_FLIPPED:
        found = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, rng=rng
        )
        return float(found.pvalue)
    # scipy counts all flips too, but takes ten seconds for twenty pairs.
    sums: np.ndarray = reduce(lambda made, one: np.concatenate([made - one, made + one]), differences, np.zeros(1))
    return float(np.mean(np.abs(sums) >= abs(differences.sum()) - _ROUNDING))


def _divisions(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """P-value of the permutation test of the difference of two means."""
    every = comb(len(first) + len(second), len(first)) <= MOST_DIVIDED
    found = stats.permutation_test(
        (first, second),
        lambda one, other, axis: one.mean(axis) - other.mean(axis),
        n_resamples=np.inf if every else RESAMPLES,
        vectorized=True,
        rng=rng,
    )
    return float(found.pvalue)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean over repeats and its 95 % interval by Student's t.

    With five or ten repeats a bootstrap interval would be too narrow.

    Parameters
    ----------
    values
        Shape (n,).

    Returns
    -------
    (float, float, float)
        Mean, lower and upper end; nan for the ends of fewer than two values, and for the mean of none.
    """
    if len(values) < 2:
        return (float(values[0]) if len(values) else np.nan), np.nan, np.nan
    mean, error = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(len(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return mean, mean - half, mean + half


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values by Holm's method (1979).

    Parameters
    ----------
    p
        One for each comparison that was planned. One that could not be made is nan and stays so, but counts: how strict
        the others are must not depend on what failed.
    """
    if not len(p):
        return p
    corrected = multipletests(np.nan_to_num(p, nan=1.0), method="holm")[1]
    return np.where(np.isnan(p), np.nan, corrected)


def simultaneous(one: Contrast, p_holm: float, comparisons: int) -> tuple[float, float]:
    """Interval of one of several differences that agrees with Holm's test.

    Bonferroni's intervals, each at the level over the number of comparisons, cover all differences together in at least
    95 % of studies. Holm's test decides a little more than they do. Where it does, the end beyond 0 is put at 0, as in
    the confidence regions that belong to Holm's procedure (Strassburger and Bretz 2008, Guilbaud 2008). So an interval
    has 0 inside exactly if the corrected p-value is at least 5 %.

    Parameters
    ----------
    one, p_holm
        A difference, and its corrected p-value.
    comparisons
        How many were planned.
    """
    low, high = one.interval(LEVEL / comparisons)
    if p_holm < LEVEL:
        return (max(low, 0.0), high) if one.difference > 0 else (low, min(high, 0.0))
    return low, high
