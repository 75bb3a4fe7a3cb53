"""A history by configuration: what became of each, in the order in which they were proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jointsearch.core.records import Observation, Values, proposal_key
from jointsearch.space.space import Space


@dataclass(frozen=True)
class Evaluated:
    """A configuration and its evaluations.

    Attributes
    ----------
    values
        The configuration.
    observations
        Its evaluations, lowest budget first; at least one.
    """

    values: Values
    observations: tuple[Observation, ...]

    @property
    def first(self) -> Observation:
        """The evaluation at its lowest budget, where its bracket started."""
        return self.observations[0]

    @property
    def last(self) -> Observation:
        """The evaluation at its highest budget, as far as the history goes."""
        return self.observations[-1]


def evaluated(history: Sequence[Observation]) -> list[Evaluated]:
    """Collect a history by configuration, in the order of the proposals' ids.

    An evaluation is named by the id of its proposal, `@`, and the rung. Evaluations belong together if both this id and
    the values are the same, so that a history of another source comes to no harm; one without such an id comes
    first, in the order of the history. Of two at one budget the later one counts.
    """
    found: dict[tuple[object, ...], dict[float, Observation]] = {}
    for one in history:
        key = (one.evaluation.partition("@")[0], *sorted(one.values.items()))
        found.setdefault(key, {})[one.budget] = one
    collected = [
        Evaluated(next(iter(one.values())).values, tuple(one[budget] for budget in sorted(one)))
        for one in found.values()
    ]
    return sorted(collected, key=lambda one: place(one.first))


def by_budget(history: Sequence[Observation]) -> dict[float, list[Observation]]:
    """Part a history by budget, largest first; each part in the order of the history."""
    parts: dict[float, list[Observation]] = {
        budget: [] for budget in sorted({one.budget for one in history}, reverse=True)
    }
    for one in history:
        parts[one.budget].append(one)
    return parts


def place(one: Observation) -> tuple[int, ...]:
    """Bracket, rung and slot in which the configuration of an evaluation was proposed; empty if its name has none."""
    try:
        return proposal_key(one.evaluation.partition("@")[0])
    except ValueError:
        return ()


def ranked(observations: Sequence[Observation]) -> list[Observation]:
    """Sort evaluations of one budget by loss, best first; failures last; ties in the order that they come in."""
    return sorted(observations, key=lambda one: (one.loss is None, one.loss or 0.0))


def plain(space: Space, values: Mapping[str, Any]) -> Values | None:
    """Write what another library proposes in plain Python values; None if it is forbidden.

    What lies outside its range by rounding comes to the range's end.
    """
    vector = space.encode(dict(values))
    continuous = np.array(space.levels) == 0
    return space.decode(np.where(continuous, np.clip(vector, 0, 1), vector))
