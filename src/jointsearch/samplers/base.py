"""The interface of samplers: pure functions from a history to proposals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from jointsearch.core.errors import UserError
from jointsearch.core.fields import Values
from jointsearch.core.files import digest
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.core.validation import advise

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
    """The proposals of one call of a sampler, and the model behind them; None if there was none."""

    configurations: tuple[Sampled, ...]
    model: Model | None = None


@dataclass(frozen=True)
class Outlook:
    """What the static plan says about the bracket that is proposed for; never anything that depends on timing.

    Attributes
    ----------
    budgets
        All budgets, lowest first.
    level
        Where the proposals start: an index into `budgets`.
    pending
        The configurations that earlier brackets proposed and that have no evaluation in the history yet, with the
        level that they start at. Only for samplers that look at them (`registry.sees_pending`).
    seed
        The same in all brackets of a search: for what is drawn once, as the first weights of a controller that one
        bracket after another trains further.
    """

    budgets: tuple[float, ...]
    level: int = 0
    pending: tuple[tuple[Values, int], ...] = ()
    seed: int = 0

    @classmethod
    def of(cls, history: Sequence[Observation]) -> Outlook:
        """Use the budgets of a history, if there is no plan."""
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
    """Call a sampler and check that it keeps its contract; `name` is its name in messages.

    Raises
    ------
    UserError
        As `check`; or if the sampler fills in an `Origin` or a `Model` wrongly.
    Exception
        Anything else that the sampler raises, with a note that says so.
    """
    try:
        suggestion = sampler(space, history, count, rng, outlook)
    except ValidationError as error:
        if error.title not in (Origin.__name__, Model.__name__):
            error.add_note(f"raised by the sampler {name}")
            raise
        raise UserError(f"sampler {name}: {error.title}: {advise(error)}; fix it") from error
    except Exception as error:
        error.add_note(f"raised by the sampler {name}")
        raise
    check(suggestion, space, count, name)
    return suggestion


def check(suggestion: Suggestion, space: Space, count: int, name: str) -> None:
    """Check that a sampler kept its contract: a suggestion of `count` configurations, each of the space.

    Raises
    ------
    UserError
        Names the sampler and what is wrong.
    """
    wrong = _wrong_types(suggestion)
    if wrong is not None:
        raise UserError(
            f"sampler {name}: returned {wrong}; it must return a Suggestion of {count} Sampled, each with values and "
            "an Origin, see src/jointsearch/samplers/base.py"
        )
    if len(suggestion.configurations) != count:
        raise UserError(
            f"sampler {name}: proposed {len(suggestion.configurations)} configurations, not {count}; fix it"
        )
    for sampled in suggestion.configurations:
        try:
            space.check(sampled.values)
        except ValueError as error:
            raise UserError(f"sampler {name}: proposed a configuration outside the space: {error}; fix it") from None


def _wrong_types(suggestion: object) -> str | None:
    """Name the part of a suggestion that has the wrong type."""
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
    """Draw from the prior what a model left open; the origin of these proposals says so."""
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
