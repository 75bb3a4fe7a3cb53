"""Effects by name, and their sums over kinds of hyperparameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jointsearch.analysis.importance.effects import Array, Shares
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS

MAIN, PAIR, GROUP = "main", "pair", "group"
GROUPS = (
    "architecture",
    "hyperparameters",
    "architecture_architecture",
    "architecture_hyperparameters",
    "hyperparameters_hyperparameters",
    "higher_order",
)
"""Sums of mains, of pairs, and all interactions of three and more; whatever is no architecture is a hyperparameter."""


@dataclass(frozen=True)
class Effects:
    """The effects of hyperparameters of given names.

    Attributes
    ----------
    labels
        Kind, first and second name of each: mains, pairs in the order of `itertools.combinations`, groups.
    membership
        Shape `(5, mains and pairs)`: 1 where an effect is of one of the first five groups.
    """

    labels: tuple[tuple[str, str, str], ...]
    membership: Array

    @classmethod
    def of(cls, names: Sequence[str]) -> "Effects":
        """Name the effects of hyperparameters."""
        single = [(MAIN, name, "") for name in names] + [(PAIR, *pair) for pair in combinations(names, 2)]
        groups = [_group(first, second) for _, first, second in single]
        membership = np.array([[group == one for one in groups] for group in GROUPS[:-1]], dtype=float)
        return cls((*single, *((GROUP, group, "") for group in GROUPS)), membership)

    def values(self, shares: Shares) -> Array:
        """Shares of all effects, shape `(labels,)`."""
        single = np.concatenate([shares.mains, shares.pairs])
        return np.concatenate([single, self.membership @ single, [1 - single.sum()]])


def is_architecture(name: str) -> bool:
    """Whether a hyperparameter is an architectural choice."""
    return name in ARCHITECTURE_PARAMETERS


def _group(first: str, second: str) -> str:
    kinds = ["architecture" if is_architecture(name) else "hyperparameters" for name in (first, second) if name]
    return "_".join(sorted(kinds))
