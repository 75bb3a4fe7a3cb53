"""DEHB's differential evolution: Awad, Mallik and Hutter (2021), with the operators of the authors' library."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import numpy as np
from dehb.optimizers.de import AsyncDE

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import best_first, proposal_position
from jointsearch.samplers.peers.dehb_settings import DehbSettings
from jointsearch.space.space import Space, Vector

ATTEMPTS = 100
"""Trials of one target before its proposal is drawn from the prior."""


@dataclass(frozen=True)
class Dehb:
    """Evolution of the subpopulation of the budget at which the bracket starts.

    Each budget has a subpopulation, as large as the largest rung that Hyperband has there, of random points at first.
    Its members are targets in turn: the k-th evaluation at a budget stands against member k modulo size, and takes
    its place unless it is worse. A proposal is the binomial crossover of the next target with a mutant, `r1 +
    mutation_factor * (r2 - r3)`, of the best members (as many as the rung has places), which is DEHB's rule for the
    first rung of a bracket. Mutation, crossover, the repair of what leaves the unit cube and the points that fill up
    too small a pool are the library's (`AsyncDE`, strategy `rand1_bin`); its `DEHB` would keep the clock and the
    workers.

    What differs from DEHB: there, after the first round of brackets, upper rungs do not train what was promoted, but
    mutants of the best configurations at the budget below. Here the workflow promotes in every bracket, as DEHB does
    in the first round; lower budgets reach a subpopulation by the promoted configurations that were evaluated there.
    Subpopulations are rebuilt for each bracket, so a random point that was not replaced yet is another one each time;
    targets are counted by the evaluations that the history has; and a failure leaves its target in place, where DEHB
    would let it replace a random point.

    Points are DEHB's: a categorical is a number in [0, 1) that falls into equal parts, what is inactive has its
    default. Ordinals and integers are encoded as everywhere here, with parts of equal size also at the ends.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: DehbSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        While nothing was evaluated at the bracket's budget, proposals are evolved from random points; the origin
        says that they are random. So is one if all evolved points are forbidden.
        """
        outlook = outlook or Outlook.of(history)
        cube = _Cube(space)
        budget = outlook.budgets[outlook.level]
        sizes = subpopulation_sizes(outlook.budgets)
        sizes[outlook.level] = max(sizes[outlook.level], count)
        with self._evolution(cube, rng) as evolution:
            populations = [
                _Subpopulation.replayed(evolution, cube, size, [one for one in history if one.budget == each])
                for size, each in zip(sizes, outlook.budgets, strict=True)
            ]
            subpopulation = populations[outlook.level]
            everyone = np.concatenate([one.members for one in populations])
            evolved = [_evolve(evolution, cube, subpopulation, everyone, count, index) for index in range(count)]
        random = Origin(sampler=self.name, kind="random")
        seen = best_first(subpopulation.evaluations)
        origin = Origin(sampler=self.name, kind="model", model_budget=budget) if seen else random
        return Suggestion(
            tuple(Sampled(one, origin) if one else Sampled(space.sample(1, rng)[0], random) for one in evolved),
            Model(budget=budget, evaluations=tuple(one.evaluation for one in seen)) if seen else None,
        )

    @contextmanager
    def _evolution(self, cube: "_Cube", rng: np.random.Generator) -> Iterator[AsyncDE]:
        # The library makes its output folder whether or not it writes anything.
        with TemporaryDirectory() as folder:
            yield AsyncDE(
                dimensions=cube.space.dimension,
                pop_size=1,
                mutation_factor=self.settings.mutation_factor,
                crossover_prob=self.settings.crossover_prob,
                strategy="rand1_bin",
                boundary_fix_type="random",
                seed=int(rng.integers(2**32)),
                output_path=folder,
            )


def subpopulation_sizes(budgets: Sequence[float]) -> list[int]:
    """Sizes of the largest rung at each budget, by the arithmetic that DEHB and BOHB have in common."""
    top = len(budgets) - 1
    eta = round(budgets[1] / budgets[0]) if top else 1
    firsts = [(top + 1) // (top - start + 1) * eta ** (top - start) for start in range(top + 1)]
    return [
        max(max(1, firsts[start] // eta ** (level - start)) for start in range(level + 1)) for level in range(top + 1)
    ]


@dataclass(frozen=True)
class _Cube:
    """DEHB's points of a space: shape `(dimension,)`, all in [0, 1]."""

    space: Space

    @property
    def levels(self) -> Vector:
        return np.array(self.space.levels, dtype=float)

    def encode(self, configurations: Sequence[Values]) -> Vector:
        """Shape `(len(configurations), dimension)`."""
        configspace = self.space.configuration_space
        default = self.space.encode({name: configspace[name].default_value for name in self.space.names})
        vectors = self.space.encode_all(configurations)
        vectors = np.where(np.isnan(vectors), default, vectors)
        return np.where(self.levels > 0, vectors / np.maximum(self.levels, 1), vectors)

    def decode(self, point: Vector) -> Values | None:
        """None if it is forbidden."""
        # A choice c of k was encoded as c / k, which times k may come out a little smaller.
        choices = np.clip(np.floor(point * self.levels + 1e-9), 0, np.maximum(self.levels - 1, 0))
        return self.space.decode(np.where(self.levels > 0, choices, point))


@dataclass(frozen=True)
class _Subpopulation:
    """The members at one budget.

    Attributes
    ----------
    members
        Shape `(size, dimension)`.
    losses
        Shape `(size,)`; infinite where a member is a random point.
    evaluations
        Those of the other members.
    turns
        How many evaluations have stood against a member.
    """

    members: Vector
    losses: Vector
    evaluations: tuple[Observation, ...]
    turns: int

    @classmethod
    def replayed(
        cls, evolution: AsyncDE, cube: _Cube, size: int, observations: Sequence[Observation]
    ) -> "_Subpopulation":
        """Let the evaluations of a budget compete, in the order of brackets."""
        members = evolution.init_population(size)
        losses = np.full(size, np.inf)
        holders: dict[int, Observation] = {}
        observations = sorted(observations, key=proposal_position)
        points = cube.encode([one.values for one in observations])
        for turn, (one, point) in enumerate(zip(observations, points, strict=True)):
            target = turn % size
            if one.loss is not None and one.loss <= losses[target]:
                members[target], losses[target], holders[target] = point, one.loss, one
        return cls(members, losses, tuple(holders.values()), len(observations))


def _evolve(
    evolution: AsyncDE, cube: _Cube, subpopulation: _Subpopulation, everyone: Vector, rung: int, index: int
) -> Values | None:
    """Evolve the target whose turn it is, `index` turns from now; None if all results are forbidden."""
    target = subpopulation.members[(subpopulation.turns + index) % len(subpopulation.members)]
    pool = subpopulation.members[np.argsort(subpopulation.losses, kind="stable")[:rung]]
    # The library takes what it would otherwise sample from as its own population.
    evolution.population = everyone
    for _ in range(ATTEMPTS):
        missing = evolution._min_pop_size - len(pool)
        parents = pool
        if missing > 0:
            # One more, for the target itself is no parent.
            filling = evolution._init_mutant_population(missing + 1, everyone, target=target)
            parents = np.concatenate((pool, filling))
        mutant = evolution.mutation(current=target, best=None, alt_pop=parents)
        values = cube.decode(evolution.boundary_check(evolution.crossover(target, mutant)))
        if values is not None:
            return values
    return None
