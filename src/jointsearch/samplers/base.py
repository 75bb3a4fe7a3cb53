"""What a sampler is: a pure function from what is known to what to evaluate next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jointsearch.errors import UserError
from jointsearch.records import Model, Observation, Origin, Values

# Named in annotations only: looking a sampler up must not cost the import of ConfigSpace.
if TYPE_CHECKING:
    import numpy as np

    from jointsearch.space import Space


@dataclass(frozen=True)
class Sampled:
    """One configuration and where it came from."""

    values: Values
    origin: Origin


@dataclass(frozen=True)
class Suggestion:
    """What a sampler proposes at a time, and the model behind it; None where there was none."""

    configurations: tuple[Sampled, ...]
    model: Model | None = None


@dataclass(frozen=True)
class Outlook:
    """What the static plan says of the bracket that is proposed for; never what depends on timing.

    Attributes
    ----------
    budgets
        All budgets, lowest first.
    level
        Where the proposals start: an index into `budgets`.
    pending
        The configurations that earlier brackets proposed and of which the history holds no evaluation yet, with the
        level that they start at. Only for samplers that look at them (`samplers.sees_pending`).
    """

    budgets: tuple[float, ...]
    level: int = 0
    pending: tuple[tuple[Values, int], ...] = ()

    @classmethod
    def of(cls, history: Sequence[Observation]) -> Outlook:
        """Make do with the budgets of a history."""
        return cls(tuple(sorted({one.budget for one in history})) or (1.0,))


def check(suggestion: Suggestion, space: Space, count: int, name: str) -> None:
    """See that a sampler kept its promises: so many configurations, each of the space.

    Raises
    ------
    UserError
        Names the sampler and what it broke.
    """
    if len(suggestion.configurations) != count:
        raise UserError(
            f"sampler {name}: proposed {len(suggestion.configurations)} configurations, not {count}; mend it"
        )
    for sampled in suggestion.configurations:
        try:
            space.check(sampled.values)
        except ValueError as error:
            raise UserError(f"sampler {name}: proposed what is not of the space: {error}; mend it") from None


def filled(picks: Sequence[Sampled | None], space: Space, name: str, rng: np.random.Generator) -> tuple[Sampled, ...]:
    """Draw from the prior what a model left open; the origin of these picks says so."""
    origin = Origin(sampler=name, kind="random")
    prior = iter([Sampled(values, origin) for values in space.sample(picks.count(None), rng)])
    return tuple(next(prior) if pick is None else pick for pick in picks)


class Sampler(Protocol):
    """Proposes configurations. Equal arguments (and state of `rng`) give equal suggestions."""

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations.

        Parameters
        ----------
        space
            Where to look. Every proposal is a valid configuration of it.
        history
            The evaluations to learn from, in any number, at any budgets.
        count
            How many to propose.
        rng
            The only source of randomness.
        outlook
            What the plan says of the bracket; by default `Outlook.of(history)`.

        Returns
        -------
        Suggestion
            Exactly `count` configurations.
        """
        ...
