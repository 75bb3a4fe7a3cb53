"""Effects by name, and their sums over the parts of a space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np

from jointsearch.analysis.importance.effects import Array, Shares

MAIN, PAIR = "main", "pair"
PART, PARTS, HIGHER = "part", "parts", "higher_order"
"""Sums: of mains over a part; of pairs within a part or between two; all interactions of three and more."""
GROUPS = (PART, PARTS, HIGHER)

Label = tuple[str, str, str]
"""Kind of an effect, its first and its second name: of hyperparameters or, in a sum, of parts."""


@dataclass(frozen=True)
class Effects:
    """The effects of hyperparameters of given names.

    Attributes
    ----------
    labels
        Of each effect: mains, pairs in the order of `itertools.combinations`; then, if the space names its parts, the
        sums: of mains by part, of pairs by parts, of higher order.
    membership
        Shape `(sums but the last, mains and pairs)`: 1 where an effect is in the sum. No rows without parts.
    """

    labels: tuple[Label, ...]
    membership: Array

    @classmethod
    def of(cls, names: Sequence[str], part_of: Mapping[str, str]) -> "Effects":
        """Name the effects of hyperparameters, given the part that each belongs to; empty if the space names none."""
        single = [(MAIN, name, "") for name in names] + [(PAIR, *pair) for pair in combinations(names, 2)]
        parts = sorted({part_of[name] for name in names if name in part_of})
        sums = [(PART, part, "") for part in parts] + [
            (PARTS, *pair) for pair in combinations_with_replacement(parts, 2)
        ]
        groups = [_group(first, second, part_of) for _, first, second in single] if parts else []
        membership = np.array([[group == one for group in groups] for one in sums], dtype=float)
        return cls((*single, *sums, *[(HIGHER, "", "")] * bool(parts)), membership)

    def values(self, shares: Shares) -> Array:
        """Shares of all effects, shape `(labels,)`."""
        single = np.concatenate([shares.mains, shares.pairs])
        if not len(self.membership):
            return single
        return np.concatenate([single, self.membership @ single, [1 - single.sum()]])


def _group(first: str, second: str, part_of: Mapping[str, str]) -> Label:
    if not second:
        return PART, part_of[first], ""
    one, other = sorted((part_of[first], part_of[second]))
    return PARTS, one, other
