"""Cosine annealing with warm restarts (Loshchilov & Hutter 2017), fitted to a budget.

A schedule is the fractions of the budget at which its cycles end; the last one is 1.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

Ends = tuple[float, ...]


def whole_steps(steps: float) -> int:
    """Round the steps of a budget to the nearest whole number, at least one."""
    return max(1, round(steps))


def doubling(level: int) -> Ends:
    """Cycles that double in length and fill the budget exactly: of k cycles the first takes 1 / (2^k - 1) of it.

    The lowest budget (level 0) has one cycle, each higher one has one more (paper, section 2).
    """
    cycles = level + 1
    return tuple((2 ** (index + 1) - 1) / (2**cycles - 1) for index in range(cycles))


def continued(budgets: Sequence[float]) -> Ends:
    """One cycle for each budget that a training reaches, lowest first, if it continues from one to the next."""
    return tuple(budget / budgets[-1] for budget in budgets)


def learning_rate(progress: float, peak: float, ends: Ends) -> float:
    """Learning rate at a point of the budget.

    Parameters
    ----------
    progress
        Fraction of the budget that is spent, in [0, 1].
    peak
        Learning rate at the start of each cycle. It falls to 0 at the end of the cycle; the moment
        between two cycles belongs to the later one.
    ends
        The schedule.
    """
    cycle = bisect_right(ends[:-1], progress)
    start = ends[cycle - 1] if cycle else 0.0
    within = (progress - start) / (ends[cycle] - start)
    return peak / 2 * (1 + math.cos(math.pi * within))


def moments(ends: Ends, parts: int = 4) -> Ends:
    """When a training is evaluated: at each quarter of each cycle, or another of so many equal parts.

    As cycles grow, so do the steps between them.
    """
    starts = (0.0, *ends[:-1])
    inside = (
        start + part / parts * (end - start)
        for start, end in zip(starts, ends, strict=True)
        for part in range(1, parts)
    )
    return tuple(sorted((*inside, *ends)))
