"""A history by configuration, by budget, and in the orders that samplers need."""

from collections.abc import Sequence
from dataclasses import dataclass

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import proposal_key


@dataclass(frozen=True)
class EvaluatedConfiguration:
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
        """The evaluation at its lowest budget, at which its bracket started."""
        return self.observations[0]

    @property
    def last(self) -> Observation:
        """The evaluation at its highest budget, as far as the history goes."""
        return self.observations[-1]


def by_configuration(history: Sequence[Observation]) -> list[EvaluatedConfiguration]:
    """Collect a history by configuration, in the order of the proposals' ids.

    An evaluation is named by the id of its proposal, `@`, and the rung. Evaluations belong together if both this id and
    the values are the same, so that a history of another source is not mixed up; one without such an id comes
    first, in the order of the history. Of two at one budget the later one counts.
    """
    found: dict[tuple[object, ...], dict[float, Observation]] = {}
    for one in history:
        key = (one.evaluation.partition("@")[0], *sorted(one.values.items()))
        found.setdefault(key, {})[one.budget] = one
    collected = [
        EvaluatedConfiguration(next(iter(one.values())).values, tuple(one[budget] for budget in sorted(one)))
        for one in found.values()
    ]
    return sorted(collected, key=lambda one: proposal_position(one.first))


def by_budget(history: Sequence[Observation]) -> dict[float, list[Observation]]:
    """Split a history by budget, largest first; each part in the order of the history."""
    parts: dict[float, list[Observation]] = {
        budget: [] for budget in sorted({one.budget for one in history}, reverse=True)
    }
    for one in history:
        parts[one.budget].append(one)
    return parts


def proposal_position(one: Observation) -> tuple[int, ...]:
    """Bracket, rung and slot in which the configuration of an evaluation was proposed; empty if its name has none."""
    try:
        return proposal_key(one.evaluation.partition("@")[0])
    except ValueError:
        return ()


def best_first(observations: Sequence[Observation]) -> list[Observation]:
    """Sort evaluations of one budget by loss, best first; failures last; ties in the order that they come in."""
    return sorted(observations, key=lambda one: (one.loss is None, one.loss or 0.0))
