"""Few repeats compared in pairs: means, intervals, tests and their correction."""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

RESAMPLES = 10_000
"""The permutation test uses all sign flips, or this many random ones if there are more."""
_ROUNDING = 1e-12
"""Differences of errors that differ by no more are the same but for rounding."""


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


def compare(differences: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Test whether paired differences are zero in the mean, two-sided.

    Parameters
    ----------
    differences
        Shape (n,).
    rng
        Draws sign flips where there are more than `RESAMPLES`.

    Returns
    -------
    dict
        `difference`, its mean, with the ends of its interval; `p` of the t-test, nan where all differences are the
        same; `p_permutation` of the sign-flip test. All but the mean are nan with fewer than two differences.
    """
    mean, low, high = mean_interval(differences)
    found = {"difference": mean, "difference_low": low, "difference_high": high, "p": np.nan, "p_permutation": np.nan}
    if len(differences) > 1:
        if np.ptp(differences) > _ROUNDING:
            found["p"] = float(stats.ttest_1samp(differences, 0.0).pvalue)
        flips = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, rng=rng
        )
        found["p_permutation"] = float(flips.pvalue)
    return found


def smallest_p(n: int) -> float:
    """Least p-value that the sign-flip test of `compare` can give for n differences; nan where it is not made."""
    return max(2.0 ** (1 - n), 2 / (RESAMPLES + 1)) if n > 1 else np.nan


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values by Holm's method (1979); those that are nan are no tests, and stay so."""
    known, corrected = ~np.isnan(p), np.full(len(p), np.nan)
    if known.any():
        corrected[known] = multipletests(p[known], method="holm")[1]
    return corrected
