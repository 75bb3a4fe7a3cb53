"""What a sampler is: a pure function from what is known to what to evaluate next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from jointsearch.core.errors import UserError, explain
from jointsearch.core.files import digest
from jointsearch.core.records import Model, Observation, Origin, Values

# Named in annotations only: looking a sampler up must not cost the import of ConfigSpace.
if TYPE_CHECKING:
    import numpy as np

    from jointsearch.space.space import Space


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


def propose(
    sampler: Sampler,
    name: str,
    space: Space,
    history: Sequence[Observation],
    count: int,
    rng: np.random.Generator,
    outlook: Outlook,
) -> Suggestion:
    """Call a sampler and see that it keeps its promises; `name` is what messages call it.

    Raises
    ------
    UserError
        As `check`; or if the sampler fills in an `Origin` or a `Model` wrongly.
    Exception
        What else the sampler raises, with a note that says that it did.
    """
    try:
        suggestion = sampler(space, history, count, rng, outlook)
    except ValidationError as error:
        if error.title not in (Origin.__name__, Model.__name__):
            error.add_note(f"raised by the sampler {name}")
            raise
        raise UserError(f"sampler {name}: {error.title}: {explain(error)}; mend it") from error
    except Exception as error:
        error.add_note(f"raised by the sampler {name}")
        raise
    check(suggestion, space, count, name)
    return suggestion


def check(suggestion: Suggestion, space: Space, count: int, name: str) -> None:
    """See that a sampler kept its promises: a suggestion of so many configurations, each of the space.

    Raises
    ------
    UserError
        Names the sampler and what it broke.
    """
    wrong = _wrong_types(suggestion)
    if wrong is not None:
        raise UserError(
            f"sampler {name}: returned {wrong}; it must return a Suggestion of {count} Sampled, each with values and "
            "an Origin, see src/jointsearch/samplers/base.py"
        )
    if len(suggestion.configurations) != count:
        raise UserError(
            f"sampler {name}: proposed {len(suggestion.configurations)} configurations, not {count}; mend it"
        )
    for sampled in suggestion.configurations:
        try:
            space.check(sampled.values)
        except ValueError as error:
            raise UserError(f"sampler {name}: proposed what is not of the space: {error}; mend it") from None


def _wrong_types(suggestion: object) -> str | None:
    """Say what of a suggestion has the wrong type."""
    if not isinstance(suggestion, Suggestion):
        return _kind(suggestion)
    if not isinstance(suggestion.configurations, list | tuple):
        return f"a Suggestion whose configurations are {_kind(suggestion.configurations)}, not a tuple"
    if not isinstance(suggestion.model, Model | None):
        return f"a Suggestion whose model is {_kind(suggestion.model)}, not a Model or None"
    for place, sampled in enumerate(suggestion.configurations):
        where = f"a Suggestion whose configuration {place}"
        if not isinstance(sampled, Sampled):
            return f"{where} is {_kind(sampled)}, not a Sampled"
        if not isinstance(sampled.origin, Origin):
            return f"{where} has {_kind(sampled.origin)} as its origin, not an Origin"
        if not isinstance(sampled.values, Mapping):
            return f"{where} has {_kind(sampled.values)} as its values, not names and values"
        for name, value in sampled.values.items():
            if not isinstance(value, bool | int | float | str):
                return f"{where} has {_kind(value)} as its {name}, not a plain number, word or boolean"
    for part in (suggestion.model, *(one.origin for one in suggestion.configurations)):
        try:
            digest(part)
        except ValueError as error:
            return f"a Suggestion whose {_kind(part).split()[-1]} cannot be recorded ({error})"
    return None


def _kind(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


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
