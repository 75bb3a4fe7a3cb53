"""Whether two texts are the same but for numbers that another processor, or another Python, has rounded differently."""

import math
import re

TOLERANCE = 1e-6
"""Largest relative difference that is attributed to rounding."""
ZERO = 1e-12
"""Largest absolute one, for numbers that are zero but for rounding."""

_NUMBER = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])")


def rounded(one: str, other: str) -> int | None:
    """Count the numbers of two texts that are the same only to a tolerance.

    Whole numbers, and what is part of a word, such as the digits of a digest or of an id, have to be the same.

    Returns
    -------
    int or None
        0 if the texts are the same; None if they differ in anything else.
    """
    if one == other:
        return 0
    mine, others = _NUMBER.split(one), _NUMBER.split(other)
    # Text and numbers alternate.
    if mine[::2] != others[::2]:
        return None
    different = [both for both in zip(mine[1::2], others[1::2], strict=True) if both[0] != both[1]]
    return len(different) if all(_close(*both) for both in different) else None


def only_rounded(number: int) -> str:
    """Report how many numbers of a file agree only to the tolerance; empty if all are equal."""
    if not number:
        return ""
    return (
        f"the same to {TOLERANCE:g} ({number:,} numbers): made on a processor, or by a Python, that rounds differently"
    )


def _close(one: str, other: str) -> bool:
    if not set(".eE") & {*one, *other}:
        return False
    return math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=ZERO)
