"""Cosine annealing with warm restarts (Loshchilov & Hutter 2017), fitted to a budget.

Cycles double in length and fill the budget exactly: of k cycles the first takes 1 / (2^k - 1) of it.
"""

import math
from bisect import bisect_right


def cycle_count(level: int) -> int:
    """Cycles at a budget level: the lowest budget (level 0) has one, each higher one has one more."""
    return level + 1


def cycle_ends(cycles: int) -> tuple[float, ...]:
    """Fractions of the budget at which the cycles end; the last one is 1."""
    return tuple((2 ** (index + 1) - 1) / (2**cycles - 1) for index in range(cycles))


def learning_rate(progress: float, peak: float, cycles: int) -> float:
    """Learning rate at a point of the budget.

    Parameters
    ----------
    progress
        Fraction of the budget that is spent, in [0, 1].
    peak
        Learning rate at the start of each cycle. It falls to 0 at the end of the cycle; the moment
        between two cycles belongs to the later one.
    cycles
        Number of cycles that fill the budget, at least 1.
    """
    ends = cycle_ends(cycles)
    cycle = bisect_right(ends[:-1], progress)
    start = ends[cycle - 1] if cycle else 0.0
    within = (progress - start) / (ends[cycle] - start)
    return peak / 2 * (1 + math.cos(math.pi * within))
