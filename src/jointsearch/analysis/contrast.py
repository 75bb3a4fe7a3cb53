"""Two samples of few repeats: the difference of their means, its tests, intervals, and their correction."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import comb

import numpy as np
from scipy import stats
from scipy.special import expit, logit
from statsmodels.stats.multitest import multipletests

LEVEL = 0.05
"""Share of wrong decisions that tests and intervals allow, over all arms together."""
FEWEST_REPEATS = 3
"""Fewest repeats of a sample that have an interval or a test: with two, Student's t has one degree of freedom."""
MOST_FLIPPED = 20
"""Pairs up to which all sign flips are counted: 2^20."""
MOST_DIVIDED = 20_000
"""Divisions of two samples up to which all are counted: those of eight and eight."""
RESAMPLES = 10_000
"""Random flips or divisions, where there are more."""
_ROUNDING = 1e-12
"""Of the largest value in two samples: what differs by no more is the same but for rounding."""


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
        Of the means; nan without repeats, and 0 where all repeats are equal but for rounding.
    spread
        The standard deviation of the differences of pairs, or that within both samples, pooled; nan if unknown.
    error, freedom
        The standard error of the difference and its degrees of freedom, Welch's if it is not paired; nan without a
        t-test.
    p
        Of the t-test, paired or Welch's; nan where there is none, see `untested`.
    p_exact
        Of the randomisation test; nan with fewer than `FEWEST_REPEATS`.
    smallest_p
        The least that it can be with so many repeats; nan where it is not made.
    """

    paired: bool
    n: int
    n_reference: int
    difference: float
    spread: float = np.nan
    error: float = np.nan
    freedom: float = np.nan
    p: float = np.nan
    p_exact: float = np.nan
    smallest_p: float = np.nan

    @property
    def untested(self) -> str | None:
        """Why there is no t-test; None if there is one."""
        if not np.isnan(self.p):
            return None
        least = min(self.n, self.n_reference)
        if least == 0:
            return "no repeat to compare"
        if least < FEWEST_REPEATS:
            return "too few repeats"
        return "equal in all repeats" if self.difference == 0 else "no spread, no test"

    def interval(self, level: float) -> tuple[float, float]:
        """Interval of the difference that leaves out a share of `level`; nan without a test.

        It excludes 0 exactly if `p` is below that share.
        """
        half = self.error * float(stats.t.isf(level / 2, self.freedom))
        return self.difference - half, self.difference + half


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
        return Contrast(paired, n, m, np.nan)
    difference = float(first.mean() - second.mean())
    if min(n, m) < FEWEST_REPEATS:
        return Contrast(paired, n, m, difference)
    rounding = _ROUNDING * float(np.abs([*first, *second]).max())
    if paired:
        differences = first - second
        same = np.ptp(differences) <= rounding
        spread = float(differences.std(ddof=1))
        error, freedom = spread / math.sqrt(n), n - 1.0
        p_exact = _sign_flips(differences, rounding, rng)
        smallest = 2.0 ** (1 - n) if n <= MOST_FLIPPED else 2 / (RESAMPLES + 1)
    else:
        same = max(np.ptp(first), np.ptp(second)) <= rounding
        squares = float(first.var(ddof=1)), float(second.var(ddof=1))
        spread = math.sqrt(((n - 1) * squares[0] + (m - 1) * squares[1]) / (n + m - 2))
        error, freedom = _welch(squares[0] / n, squares[1] / m, n, m)
        p_exact = _divisions(first, second, rng)
        smallest = 2 / comb(n + m, n) if comb(n + m, n) <= MOST_DIVIDED else 2 / (RESAMPLES + 1)
    if same:
        difference = 0.0 if abs(difference) <= rounding else difference
        return Contrast(paired, n, m, difference, spread=0.0, p_exact=p_exact, smallest_p=smallest)
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Contrast(paired, n, m, difference, spread, error, freedom, p, p_exact, smallest)


def _welch(own: float, other: float, n: int, m: int) -> tuple[float, float]:
    """Standard error of a difference of means, and its degrees of freedom (Welch 1947), from their variances."""
    both = own + other
    return math.sqrt(both), 1 / ((own / both) ** 2 / (n - 1) + (other / both) ** 2 / (m - 1)) if both else math.nan


def _sign_flips(differences: np.ndarray, rounding: float, rng: np.random.Generator) -> float:
    """P-value of the sign-flip test: the share of flips whose sum is at least as far from 0 as the one that is seen."""
    if len(differences) > MOST_FLIPPED:
        found = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, rng=rng
        )
        return float(found.pvalue)
    # scipy counts all flips too, but takes ten seconds for twenty pairs.
    sums: np.ndarray = reduce(lambda made, one: np.concatenate([made - one, made + one]), differences, np.zeros(1))
    # The last one has flipped nothing.
    return float(np.mean(np.abs(sums) >= abs(sums[-1]) - rounding))


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


def mean_interval(values: np.ndarray, is_share: bool) -> tuple[float, float, float]:
    """Mean over repeats and its 95 % interval by Student's t, of shares on the scale of log odds.

    With five or ten repeats a bootstrap interval would be too narrow. An interval of errors must not leave 0 to 1, and
    one that is cut off there would lack on one side what it has on the other. So the interval is that of the log odds
    of the mean, whose standard error is that of the mean over `mean (1 - mean)` (delta method). It is the plain one
    where that is narrow, needs no log odds of single errors, which may be 0, and is the same for accuracies.

    Parameters
    ----------
    values
        Shape (n,).
    is_share
        Whether values are shares, 0 to 1, such as errors; other losses have no bounds.

    Returns
    -------
    (float, float, float)
        Mean, lower and upper end; nan for the ends of fewer than `FEWEST_REPEATS` values, and for the mean of none.
    """
    mean = float(values.mean()) if len(values) else np.nan
    if len(values) < FEWEST_REPEATS:
        return mean, np.nan, np.nan
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    half = float(stats.t.ppf(1 - LEVEL / 2, len(values) - 1)) * error
    if not is_share or not 0 < mean < 1:
        return mean, mean - half, mean + half
    odds = logit(mean) + np.array([-1, 1]) * half / (mean * (1 - mean))
    low, high = expit(odds).tolist()
    return mean, low, high


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


def simultaneous(one: Contrast, p_holm: float, comparisons: int, is_share: bool) -> tuple[float, float]:
    """Interval of one of several differences that agrees with Holm's test.

    Bonferroni's intervals, each at the level over the number of comparisons, cover all differences together in at least
    95 % of studies. Holm's test decides a little more than they do. Where it does, the end beyond 0 is put at 0, as in
    the confidence regions that belong to Holm's procedure (Strassburger and Bretz 2008, Guilbaud 2008). So an interval
    has 0 inside exactly if the corrected p-value is at least 5 %. Such an end shows that decision; the joint coverage
    is that of Bonferroni's ends.

    A difference of shares lies between -1 and 1, so an interval that reaches further is cut off there: it covers as
    often, and has 0 inside as before.

    Parameters
    ----------
    one, p_holm
        A difference, and its corrected p-value.
    comparisons
        How many were planned.
    is_share
        Whether values are shares, 0 to 1, such as errors.
    """
    low, high = one.interval(LEVEL / comparisons)
    if p_holm < LEVEL:
        low, high = (max(low, 0.0), high) if one.difference > 0 else (low, min(high, 0.0))
    if is_share:
        low, high = np.clip([low, high], -1.0, 1.0).tolist()
    return low, high
