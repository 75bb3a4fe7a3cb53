"""How many repeats it takes to find a difference, and which differences so many repeats can find."""

import math

from scipy.optimize import bisect
from statsmodels.stats.power import TTestIndPower, TTestPower

POWER = 0.8
"""Probability with which a difference has to be found."""
MOST_REPEATS = 100
"""Beyond so many repeats of each arm, how many it would take is not said."""


def power(effect: float, n: int, n_reference: int, paired: bool, level: float) -> float:
    """Probability that a two-sided t-test finds a difference.

    Parameters
    ----------
    effect
        The difference, positive, in standard deviations: of the differences of pairs, or within the samples.
    n, n_reference
        Repeats of both samples, at least 2; the same if they are paired.
    paired
        Whether the test is paired; else that of two samples of equal variance, whose power is about Welch's.
    level
        Of the test.
    """
    # The tail on the other side adds nothing, and is not always computed for large effects.
    test: dict[str, object] = {"alpha": level / 2, "alternative": "larger"}
    if paired:
        found = float(TTestPower().power(effect, n, **test))
    else:
        found = float(TTestIndPower().power(effect, n, ratio=n_reference / n, **test))
    # Of the noncentral t, only what lies far beyond any power of less than 1 is not always computed.
    return 1.0 if math.isnan(found) else found


def smallest_effect(n: int, n_reference: int, paired: bool, level: float) -> float:
    """Smallest difference that is found with 80 % power, in standard deviations; nan with fewer than 2 repeats."""
    if min(n, n_reference) < 2:
        return math.nan
    enough = 0.1
    while power(enough, n, n_reference, paired, level) < POWER:
        enough *= 2
    return float(bisect(lambda effect: power(effect, n, n_reference, paired, level) - POWER, 0.0, enough))


def repeats_needed(effect: float, paired: bool, level: float) -> int | None:
    """Repeats of each sample with which a difference is found with 80 % power; None if more than `MOST_REPEATS`.

    Parameters
    ----------
    effect, paired, level
        As in `power`.
    """
    enough = (n for n in range(2, MOST_REPEATS + 1) if power(abs(effect), n, n, paired, level) >= POWER)
    return next(enough, None)
