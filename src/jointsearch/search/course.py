"""The course of a search in one process: one bracket after another, whoever proposes, trains and keeps the results."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from jointsearch.core.config import BudgetSettings
from jointsearch.search import hyperband
from jointsearch.search.hyperband import Bracket

P = TypeVar("P")
"""The proposals of a rung."""
E = TypeVar("E")
"""An evaluation."""


class Keeper(Protocol[P, E]):
    """Proposes, trains and keeps the results: in files, or in memory."""

    def sample(self, item: Bracket, seen: Sequence[E], pending: Sequence[P]) -> P:
        """Propose the first rung of a bracket.

        Parameters
        ----------
        item
            The bracket.
        seen
            Evaluations that its model sees and that of the bracket before did not, in the order of
            `hyperband.newly_seen`.
        pending
            First rungs of earlier brackets of which it sees no evaluation yet.
        """

    def promote(self, item: Bracket, rung: int, below: Sequence[E]) -> P:
        """Propose a later rung of a bracket from all evaluations of the rung before, in slot order."""

    def train(self, item: Bracket, rung: int, proposed: P) -> Sequence[E]:
        """Evaluate a rung; its evaluations in slot order."""


def run(
    brackets: Sequence[Bracket], settings: BudgetSettings, lags: Sequence[int], keeper: Keeper[P, E]
) -> dict[tuple[int, int], Sequence[E]]:
    """Run a search, in the order of a single worker.

    What a bracket's model sees follows from the lags alone, so that the order of the trainings makes no difference.

    Parameters
    ----------
    brackets
        From the first one on, in order.
    settings, lags
        Budgets of the search; lag of each of them.
    keeper
        Proposes, trains, keeps.

    Returns
    -------
    dict
        Evaluations of each rung in slot order, by (bracket, rung).
    """
    first: dict[int, P] = {}
    done: dict[tuple[int, int], Sequence[E]] = {}
    for item in brackets:
        seen = [
            one for other, rung in hyperband.newly_seen(item.index, lags, settings) for one in done[other.index, rung]
        ]
        pending = [first[other.index] for other in hyperband.pending(item.index, lags, settings)]
        proposed = first[item.index] = keeper.sample(item, seen, pending)
        for rung in range(len(item.sizes)):
            if rung:
                proposed = keeper.promote(item, rung, done[item.index, rung - 1])
            done[item.index, rung] = keeper.train(item, rung, proposed)
    return done
