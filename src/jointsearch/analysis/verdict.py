"""A claim, the evidence on it, and the word that follows from where its interval lies: one rule for all claims.

*Supported* and *contradicted*: the study is complete, and the interval lies wholly on one side of the bound. *Open*:
the study is complete and the interval lies on both sides; or it is not complete; or a retraining failed.
*Not tested*: the study cannot say, as nothing can be judged however long it trains, or it is complete and there is no
interval. *Not studied*: nothing was trained that the claim is about.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "open"
NOT_TESTED, NOT_STUDIED = "not tested", "not studied"


@dataclass(frozen=True)
class ClaimEvidence:
    """What an experiment says of a claim.

    Attributes
    ----------
    claim, title
        Its short name and what it says. Several pieces of evidence may be of one claim.
    effect
        What was measured; empty if nothing was.
    value, low, high
        That, and its 95 % interval, corrected for all comparisons where the test says so, in `unit`, to be written with
        so many `digits`; nan where unknown.
    supports
        Where the interval has to lie: `below` or `above` the `bound`; empty if this decides nothing.
    test, n
        How the interval was computed, and of what.
    arm
        The arm that it is of; empty if of none.
    studies, number
        The studies that it rests on, arms by their names, separated by commas; the name in `numbers.json` of the number
        that it gives, or of the one that says why it gives none.
    published, source
        What was published of it, and where. It is of another experiment, and no part of the evidence.
    finding
        The word for this evidence by itself; empty if it only stands beside other evidence, and decides nothing.
    word
        The word for the claim, see `worded`; empty before.
    """

    claim: str
    title: str
    effect: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    digits: int = 2
    supports: str = ""
    bound: float = math.nan
    test: str = ""
    n: str = ""
    arm: str = ""
    studies: str = ""
    number: str = ""
    published: str = ""
    source: str = ""
    finding: str = ""
    word: str = ""

    def measured(self, value: float, low: float, high: float) -> "ClaimEvidence":
        """Give it what was measured, with its interval."""
        return replace(self, value=float(value), low=float(low), high=float(high))

    def judged(self, supports: str, bound: float, complete: bool) -> "ClaimEvidence":
        """Judge it by its interval; nothing is decided before its study is complete."""
        finding = OPEN
        if complete:
            is_known = not (math.isnan(self.low) or math.isnan(self.high))
            finding = side(self.low, self.high, bound, supports) if is_known else NOT_TESTED
        return replace(self, supports=supports, bound=bound, finding=finding)


def side(low: float, high: float, bound: float, supports: str) -> str:
    """The word for an interval.

    Parameters
    ----------
    low, high
        Its ends.
    bound, supports
        The claim is that the effect is `below` or `above` this. An interval that ends there lies wholly on one side.
    """
    sides = {"below": high <= bound and low < bound, "above": low >= bound and high > bound}
    if sides.pop(supports):
        return SUPPORTED
    return CONTRADICTED if any(sides.values()) else OPEN


def worded(evidence: Iterable[ClaimEvidence]) -> Iterator[ClaimEvidence]:
    """Give all evidence of each claim the word of the claim: supported by all, contradicted by one."""
    known = list(evidence)
    for claim in dict.fromkeys(one.claim for one in known):
        of_claim = [one for one in known if one.claim == claim]
        words = {one.finding for one in of_claim if one.finding}
        if len(words) == 1:
            (word,) = words
        else:
            word = CONTRADICTED if CONTRADICTED in words else OPEN
        yield from (replace(one, word=word) for one in of_claim)
