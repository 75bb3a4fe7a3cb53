"""A Gaussian process over configuration and fidelity, with Thompson sampling: the sampler `mfgp`.

One process models the evaluations at all budgets, its last input the position of the budget among them. Each proposal
is where a function drawn from the posterior at the full budget is lowest (Thompson sampling: Kandasamy et al.,
*Parallelised Bayesian Optimisation via Thompson Sampling*, AISTATS 2018), which suits batches: each member has a draw.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion, filled
from jointsearch.samplers.gaussian_process import Array, Draws, LogNormal, Prior, fit, matern
from jointsearch.samplers.mfgp_settings import MfgpSettings
from jointsearch.space.space import Space

Rows = NDArray[np.int_]

MOST_REFINED = 540
"""The most candidates, roughly, that a refinement adds, however large the batch: the cost grows with their cube."""


@dataclass(frozen=True)
class Mfgp:
    """Thompson sampling from a multi-fidelity Gaussian process.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: MfgpSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations, all from one model; see `jointsearch.samplers.base.Sampler`.

        Without `d + 3` successful evaluations all proposals are random. So is each one with probability
        `random_fraction`, and if no candidate is left that was not tried before. Their origin says so.
        """
        outlook = outlook or Outlook.of(history)
        # Sums over more threads have other bits.
        with threadpool_limits(1, user_api="blas"):
            return self._propose(space, history, count, rng, outlook)

    def _propose(
        self, space: Space, history: Sequence[Observation], count: int, rng: np.random.Generator, outlook: Outlook
    ) -> Suggestion:
        picks: list[Sampled | None] = [None] * count
        model = None
        if sum(one.loss is not None for one in history) >= self.settings.observations_needed(space.dimension):
            model = _Model(space, history, outlook, self.settings, rng)
            modelled = np.flatnonzero(rng.random(count) >= self.settings.random_fraction)
            origin = Origin(sampler=self.name, kind="model", model_budget=outlook.budgets[-1])
            for slot, values in zip(modelled, model.minima(len(modelled), rng), strict=False):
                picks[slot] = Sampled(values, origin)
        return Suggestion(
            filled(picks, space, self.name, rng),
            None if model is None else model.record(),
        )


class _Model:
    """The process, conditioned on a part of the history and on what is pending."""

    def __init__(
        self,
        space: Space,
        history: Sequence[Observation],
        outlook: Outlook,
        settings: MfgpSettings,
        rng: np.random.Generator,
    ) -> None:
        self.space, self.settings, self.outlook = space, settings, outlook
        # The nearest level, should a history hold other budgets than those of the search.
        levels = np.abs(np.subtract.outer([one.budget for one in history], outlook.budgets)).argmin(axis=1)
        losses = np.array([np.inf if one.loss is None else one.loss for one in history])
        vectors = space.encode_all([one.values for one in history])
        self.seen = {row.tobytes() for row in vectors}
        self.best = vectors[_best_distinct(vectors, levels, losses, settings.incumbents)]
        kept = thin(levels, losses, settings.observations, rng)
        self.evaluations = tuple(history[row].evaluation for row in kept)
        points = inputs(space, vectors[kept], self._fidelity(levels[kept]))
        targets = normal_scores(losses[kept])
        fitted = rng.choice(len(kept), min(len(kept), settings.fitted), replace=False)
        groups = _groups(space)
        lengths = (LogNormal(0.5, 1),) * space.dimension + (LogNormal(1, 1),)
        self.process = fit(points[fitted], targets[fitted], groups, Prior(lengths), matern)
        self.posterior = self.process.given(points, targets)
        if outlook.pending and settings.believe_pending:
            self._believe(points, targets)

    def _fidelity(self, levels: Rows) -> Array:
        """Positions of budget levels from 0, the lowest, to 1, the full budget, which is also the only one's."""
        top = len(self.outlook.budgets) - 1
        return levels / top if top else np.ones(len(levels))

    def _believe(self, points: Array, targets: Array) -> None:
        """Assume that pending configurations turn out as the model expects: what is left to learn is elsewhere."""
        vectors = self.space.encode_all([values for values, _ in self.outlook.pending])
        levels = np.array([level for _, level in self.outlook.pending])
        self.seen |= {row.tobytes() for row in vectors}
        expected = inputs(self.space, vectors, self._fidelity(levels))
        self.posterior = self.process.given(
            np.vstack([points, expected]), np.concatenate([targets, self.posterior.mean(expected)])
        )

    def minima(self, count: int, rng: np.random.Generator) -> list[Values]:
        """Draw a function for each of `count` proposals; return its minimum among candidates not yet taken.

        Candidates are configurations of the whole space and around the best, then some around each draw's lowest.
        """
        pool, draws, size = _Pool(self.space, self.seen), Draws(self.posterior, count, rng), self.settings.candidates
        centres = self.best[rng.integers(len(self.best), size=size)]
        fresh = pool.add(self.space.sample(size, rng) + self._around(centres, rng))
        losses = draws.look(self._at_full_budget(fresh))
        each = min(self.settings.refined, MOST_REFINED // max(1, count) + 1)
        for _ in range(self.settings.refinements if pool.values else 0):
            lowest = pool.vectors[losses.argmin(axis=1)]
            fresh = pool.add(self._around(np.repeat(lowest, each, axis=0), rng))
            losses = np.hstack([losses, draws.look(self._at_full_budget(fresh))])
        picks: list[int] = []
        for draw in losses[: len(pool.values)]:
            draw[picks] = np.inf
            picks.append(int(draw.argmin()))
        return [pool.values[pick] for pick in picks]

    def _around(self, centres: Array, rng: np.random.Generator) -> list[Values]:
        """One configuration near each centre, without those that are forbidden."""
        return [one for one in self.space.decode_all(neighbours(self.space, centres, rng)) if one is not None]

    def _at_full_budget(self, vectors: Array) -> Array:
        return inputs(self.space, vectors, np.ones(len(vectors)))

    def record(self) -> Model:
        """The description of this model in records."""
        lengths = dict(zip((*self.space.names, "budget"), self.process.lengths, strict=True))
        return Model(
            budget=None,
            evaluations=self.evaluations,
            details={f"length.{name}": length for name, length in lengths.items()}
            | {"signal": self.process.signal, "noise": self.process.noise, "pending": len(self.outlook.pending)},
        )


class _Pool:
    """Candidates, none of which was seen before, none twice."""

    def __init__(self, space: Space, seen: Set[bytes]) -> None:
        self.space, self.known = space, set(seen)
        self.values: list[Values] = []
        self.vectors = np.empty((0, space.dimension))

    def add(self, candidates: Sequence[Values]) -> Array:
        """Add those that are new; returns their vectors."""
        vectors = self.space.encode_all(candidates)
        fresh = []
        for row, vector in enumerate(vectors):
            if (key := vector.tobytes()) not in self.known:
                self.known.add(key)
                fresh.append(row)
        self.values += [candidates[row] for row in fresh]
        self.vectors = np.vstack([self.vectors, vectors[fresh]])
        return vectors[fresh]


def inputs(space: Space, vectors: Array, fidelities: Array) -> Array:
    """Make the process's inputs of encoded configurations and fidelities.

    Parameters
    ----------
    space
        The space that encoded them.
    vectors
        Shape `(n, d)`, NaN where inactive.
    fidelities
        Shape `(n,)`, from 0 at the lowest budget to 1 at the full one.

    Returns
    -------
    ndarray
        A continuous variable is itself, 0.5 where inactive; of k choices, k columns of which one is `1 / sqrt(2)`, so
        that two different choices are 1 apart, and all are 0 where inactive; the last column is the fidelity.
    """
    columns = []
    for column, choices in zip(vectors.T, space.levels, strict=True):
        if choices:
            columns += [np.where(column == choice, np.sqrt(0.5), 0) for choice in range(choices)]
        else:
            columns.append(np.where(np.isnan(column), 0.5, column))
    return np.column_stack([*columns, fidelities])


def _groups(space: Space) -> Rows:
    """The variable of each input, the fidelity last: all choices of one share a length."""
    sizes = [max(1, choices) for choices in (*space.levels, 0)]
    return np.repeat(np.arange(len(sizes)), sizes)


def normal_scores(losses: Array) -> Array:
    """Replace losses, infinite for failures, by the normal quantiles of their ranks; equal ones share theirs."""
    scores: Array = ndtri((rankdata(losses) - 0.5) / len(losses))
    return scores


def thin(levels: Rows, losses: Array, room: int, rng: np.random.Generator) -> Rows:
    """Choose at most `room` observations for the model.

    From the full budget down, each takes half of the room that is left and the lowest takes all of it: half its best,
    the rest at random.

    Parameters
    ----------
    levels, losses
        Shape `(n,)`.
    room
        How many to keep.
    rng
        Source of randomness.

    Returns
    -------
    ndarray
        Rows to keep, in order.
    """
    if len(levels) <= room:
        return np.arange(len(levels))
    kept: list[Rows] = []
    for level in sorted(set(levels), reverse=True):
        share = room if level == min(levels) else room // 2
        rows = np.flatnonzero(levels == level)
        if len(rows) > share:
            rows = rows[np.argsort(losses[rows], kind="stable")]
            rest = rng.choice(rows[share // 2 :], share - share // 2, replace=False)
            rows = np.concatenate([rows[: share // 2], rest])
        kept.append(rows)
        room -= len(rows)
    return np.sort(np.concatenate(kept))


def _best_distinct(vectors: Array, levels: Rows, losses: Array, count: int) -> Rows:
    """Rows of the best distinct configurations, largest budget first; no failures."""
    order = np.lexsort((losses, -levels))
    distinct: dict[bytes, int] = {}
    for row in order[np.isfinite(losses[order])]:
        distinct.setdefault(vectors[row].tobytes(), int(row))
    return np.array(list(distinct.values())[:count])


STEPS = (0.02, 0.05, 0.1, 0.2)
"""Standard deviations of a move, on the unit cube."""


def neighbours(space: Space, centres: Array, rng: np.random.Generator) -> Array:
    """Move from each centre in some variables, few or all, near or far; reflected at the borders.

    Parameters
    ----------
    space
        The space of the vectors.
    centres
        Shape `(n, d)`, NaN where inactive: such a variable is drawn anew, for a move may activate it.
    rng
        Source of randomness.

    Returns
    -------
    ndarray
        Shape `(n, d)`; to be decoded, which finds the nearest configuration.
    """
    count, levels = len(centres), np.array(space.levels)
    share = rng.choice([min(1, 1.5 / space.dimension), 0.5, 1], size=(count, 1))
    moves = rng.random(centres.shape) < share
    steps = rng.choice(STEPS, size=(count, 1)) * rng.standard_normal(centres.shape)
    uniform = rng.random(centres.shape)
    anew = np.where(levels > 0, np.floor(uniform * levels), uniform)
    moved = np.where(levels > 0, anew, 1 - np.abs(1 - np.abs(centres + steps) % 2))
    return np.where(np.isnan(centres), anew, np.where(moves, moved, centres))
