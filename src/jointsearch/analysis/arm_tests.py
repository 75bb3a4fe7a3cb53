"""Tests of arms: each against the reference, corrected for all of them, with what they decide and what they could."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jointsearch.analysis.comparison import ArmComparison
from jointsearch.analysis.contrast import LEVEL, Contrast, contrast, holm, simultaneous
from jointsearch.analysis.power import MOST_REPEATS, repeats_needed, smallest_effect
from jointsearch.core.seeds import derive_seed


@dataclass(frozen=True)
class ArmTest:
    """What can be said of the difference of an arm to the reference.

    Attributes
    ----------
    arm, of
        Which arm, and its difference: positive if the reference is better.
    p_holm, p_exact_holm, smallest_p_holm
        Those of `of`, corrected; nan where it has none.
    low, high
        The simultaneous interval, of errors within -1 to 1; nan without a test.
    verdict
        On the arm, `better` or `worse` than the reference; `open`; or why there is no test.
    detectable
        The smallest difference that the repeats at hand would show with 80 % power, in the unit of the errors; nan
        without a test, and if it is more than two errors can differ.
    needed
        If it is open: repeats of each arm that would show, with 80 % power, a difference as large as the one seen;
        at most `MOST_REPEATS`. None if it is not.
    more
        Whether it would take more than these.
    """

    arm: str
    of: Contrast
    p_holm: float
    p_exact_holm: float
    smallest_p_holm: float
    low: float
    high: float
    verdict: str
    detectable: float
    needed: int | None
    more: bool


def arm_tests(comparison: ArmComparison, measure: str, seed: int) -> Iterator[ArmTest]:
    """Test each arm of the plan but the reference.

    The correction is for all comparisons that were planned, whatever of them can be made. Power is that at the
    strictest level of the correction, which decides a comparison however the others come out.

    Parameters
    ----------
    comparison
        The arms.
    measure
        Of `MEASURES`.
    seed
        Of the experiment. Each test derives its own from it, by arm and measure: it is the same wherever it is made.
    """
    design = comparison.design
    reference, others = comparison.errors(design.reference, measure), design.others
    draws = [np.random.default_rng(derive_seed(seed, arm, "permutation", measure)) for arm in others]
    tests = [
        contrast(comparison.errors(arm, measure), reference, design.paired, rng)
        for arm, rng in zip(others, draws, strict=True)
    ]
    corrected = (holm(np.array([getattr(one, name) for one in tests])) for name in ("p", "p_exact", "smallest_p"))
    for arm, one, p, p_exact, smallest_p in zip(others, tests, *(found.tolist() for found in corrected), strict=True):
        low, high = simultaneous(one, p, len(others), comparison.is_error)
        verdict = one.untested or (("worse" if one.difference > 0 else "better") if p < LEVEL else "open")
        level, detectable, needed = LEVEL / len(others), np.nan, None
        if one.untested is None:
            detectable = one.spread * smallest_effect(one.n, one.n_reference, one.paired, level)
            if comparison.is_error and detectable > 1:
                detectable = np.nan
        if verdict == "open":
            needed = repeats_needed(one.difference / one.spread, one.paired, level)
        more = verdict == "open" and needed is None
        yield ArmTest(
            arm, one, p, p_exact, smallest_p, low, high, verdict, detectable, MOST_REPEATS if more else needed, more
        )
