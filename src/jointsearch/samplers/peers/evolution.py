"""Regularised evolution: Real, Aggarwal, Huang and Le (2019), algorithm 1, for the brackets of Hyperband."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import best_first, by_budget, proposal_position
from jointsearch.samplers.peers.evolution_settings import EvolutionSettings
from jointsearch.space.space import Space

ATTEMPTS = 100
"""Mutations tried before a parent is said to have no other neighbour that is allowed."""


@dataclass(frozen=True)
class Evolution:
    """Evolution in which the oldest die, whatever their loss.

    The population are the youngest `population_size` configurations by the order of their proposals. A parent is the
    best of a tournament of `sample_size`; its child has another value in one hyperparameter, drawn from the prior.

    Real et al. train every network equally long. Losses at several budgets do not compare, so the population is one of
    evaluations at one budget: as with BOHB's model, the largest at which there are enough, `population_size` of them.
    As long as there is none, proposals are random, as the first of theirs are. The children of a bracket have parents
    from one population, as if as many workers had requested them at the same time.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: EvolutionSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        If a parent has no neighbour that is allowed, the proposal is random, and its origin says so.
        """
        population = youngest(history, self.settings.population_size)
        random = Origin(sampler=self.name, kind="random")
        if not population:
            return Suggestion(tuple(Sampled(values, random) for values in space.sample(count, rng)))
        origin = Origin(sampler=self.name, kind="model", model_budget=population[0].budget)
        # A failure is as bad as can be, but a member all the same: it ages like any other.
        losses = np.array([np.inf if one.loss is None else one.loss for one in population])
        sampled = []
        for _ in range(count):
            drawn = rng.integers(len(population), size=self.settings.sample_size)
            parent = population[drawn[losses[drawn].argmin()]].values
            child = mutate(space, parent, rng)
            sampled.append(Sampled(child, origin) if child else Sampled(space.sample(1, rng)[0], random))
        ids = tuple(one.evaluation for one in best_first(population))
        return Suggestion(tuple(sampled), Model(budget=population[0].budget, evaluations=ids))


def youngest(history: Sequence[Observation], size: int) -> list[Observation]:
    """Find the population, oldest first: at the largest budget that has so many evaluations; empty if none has."""
    for seen in by_budget(history).values():
        if len(seen) >= size:
            return sorted(seen, key=proposal_position)[-size:]
    return []


def mutate(space: Space, parent: Values, rng: np.random.Generator) -> Values | None:
    """Redraw one active hyperparameter from the prior, so that the configuration changes.

    What becomes active by it is drawn from the prior as well. None if no such configuration is found.
    """
    vector = space.encode(parent)
    active = np.flatnonzero(~np.isnan(vector))
    if not active.size:
        return None
    for drawn in space.draw(ATTEMPTS, rng):
        chosen = rng.choice(active)
        child = np.where(np.isnan(vector), drawn, vector)
        child[chosen] = drawn[chosen]
        values = space.decode(child)
        name = space.names[chosen]
        if values is not None and values[name] != parent[name]:
            # Decoding may round what did not change.
            return {key: parent.get(key, value) if key != name else value for key, value in values.items()}
    return None
