"""A controller that is trained by REINFORCE: Williams (1992); Zoph and Le (2017) search architectures by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.records import Model, Observation, Origin, Values
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import best_first, by_budget, proposal_position
from jointsearch.samplers.peers.reinforce_settings import ReinforceSettings
from jointsearch.space.file import Ordinal
from jointsearch.space.space import Space, Vector

ATTEMPTS = 100
"""Draws from the policy for one proposal, before it is drawn from the prior."""

ROUNDING = 1e-6
"""Relative difference of two losses that is none."""

LARGEST_ADVANTAGE = 3.0
"""In standard deviations. One diverged training must not dominate the policy."""


@dataclass(frozen=True)
class Reinforce:
    """A policy of one softmax distribution for each hyperparameter, improved along the gradient of the expected reward.

    Zoph and Le's controller is a recurrent network; this one is factorised, which a few hundred evaluations can train.
    Floats and integers are divided into `bins` intervals, within which a value is uniform; categoricals and ordinals
    keep their choices. A configuration does not train the policies of its inactive hyperparameters.

    The policy is recomputed from the history, in the order of brackets, and from the lowest budget to the highest
    within each. All evaluations of a bracket at a budget make one step, as the controller's minibatch does. An
    evaluation's advantage is how far its loss lies below the moving average at its own budget, in standard
    deviations, so that budgets need not compare; a configuration that is promoted counts at each. A failure has the
    worst loss that its budget has seen. Evaluations that are not by the present policy (by the lags of the history,
    or by another sampler) count as if they were, without correction.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: ReinforceSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        A proposal is random with probability `random_fraction`, before anything was learned, and if all that the policy
        draws is forbidden. Its origin says so.
        """
        policy = train(space, history, self.settings)
        random = Origin(sampler=self.name, kind="random")
        if policy is None:
            return Suggestion(tuple(Sampled(values, random) for values in space.sample(count, rng)))
        origin = Origin(sampler=self.name, kind="model")
        sampled = []
        for _ in range(count):
            chance = rng.random() < self.settings.random_fraction
            values = None if chance else policy.draw(space, rng)
            sampled.append(Sampled(values, origin) if values else Sampled(space.sample(1, rng)[0], random))
        ids = tuple(one.evaluation for part in by_budget(history).values() for one in best_first(part))
        return Suggestion(tuple(sampled), Model(budget=None, evaluations=ids))


@dataclass(frozen=True)
class Policy:
    """A softmax distribution for each entry of a space's vectors.

    Attributes
    ----------
    logits
        One array for each entry, as long as it has actions.
    """

    logits: tuple[Vector, ...]

    @property
    def probabilities(self) -> tuple[Vector, ...]:
        """Of each action of each entry."""
        weights = [np.exp(one - one.max()) for one in self.logits]
        return tuple(one / one.sum() for one in weights)

    def draw(self, space: Space, rng: np.random.Generator) -> Values | None:
        """Draw a configuration; None if everything drawn is forbidden."""
        probabilities = self.probabilities
        for _ in range(ATTEMPTS):
            actions = [rng.choice(len(one), p=one) for one in probabilities]
            values = space.decode(_point(space, np.array(actions, dtype=float), rng, self.sizes))
            if values is not None:
                return values
        return None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of actions of each entry."""
        return tuple(len(one) for one in self.logits)

    def step(self, actions: NDArray[np.int_], advantages: Vector, learning_rate: float) -> "Policy":
        """Go along the gradient of sum(advantage * log probability).

        Parameters
        ----------
        actions
            Shape `(n, d)`; -1 where inactive.
        advantages
            Shape `(n,)`.
        learning_rate
            Length of the step.
        """
        stepped = []
        for column, (logits, probabilities) in enumerate(zip(self.logits, self.probabilities, strict=True)):
            active = actions[:, column] >= 0
            chosen = np.eye(len(logits))[actions[active, column]]
            stepped.append(logits + learning_rate * advantages[active] @ (chosen - probabilities))
        return Policy(tuple(stepped))


def train(space: Space, history: Sequence[Observation], settings: ReinforceSettings) -> Policy | None:
    """Train a uniform policy on a history; None if nothing in it distinguishes good from bad."""
    policy = Policy(tuple(np.zeros(size) for size in _sizes(space, settings.bins)))
    averages: dict[float, _Average] = {}
    learned = False
    for (_, budget), group in groupby(sorted(history, key=_batch), key=_batch):
        batch = list(group)
        average = averages.setdefault(budget, _Average(settings.baseline_decay))
        advantages = np.array([average.advantage(one.loss) for one in sorted(batch, key=proposal_position)])
        if advantages.any():
            vectors = space.encode_all([one.values for one in sorted(batch, key=proposal_position)])
            actions = _actions(space, vectors, policy.sizes)
            policy, learned = policy.step(actions, advantages, settings.learning_rate), True
    return policy if learned else None


class _Average:
    """Moving averages of a budget's losses and of their squares, without the bias of their start."""

    def __init__(self, decay: float) -> None:
        self.decay, self.weight, self.mean, self.square = decay, 0.0, 0.0, 0.0
        self.worst: float | None = None

    def advantage(self, loss: float | None) -> float:
        """How far a loss lies below the average of those before it, in standard deviations; then average it in."""
        if loss is None:
            loss = self.worst
        if loss is None:
            return 0.0
        advantage = 0.0
        if self.weight:
            mean, square = self.mean / self.weight, self.square / self.weight
            gap = 0.0 if np.isclose(loss, mean, rtol=ROUNDING, atol=0) else mean - loss
            deviation = np.sqrt(max(square - mean**2, 0))
            if deviation < ROUNDING * abs(mean):
                # All have been equal so far: only the sign is known.
                deviation = abs(gap)
            advantage = float(np.clip(gap / (deviation or 1), -LARGEST_ADVANTAGE, LARGEST_ADVANTAGE))
        self.weight = self.decay * self.weight + 1 - self.decay
        self.mean = self.decay * self.mean + (1 - self.decay) * loss
        self.square = self.decay * self.square + (1 - self.decay) * loss**2
        self.worst = loss if self.worst is None else max(self.worst, loss)
        return advantage


def _batch(one: Observation) -> tuple[tuple[int, ...], float]:
    """What an evaluation is trained with: its bracket and its budget."""
    return proposal_position(one)[:1], one.budget


def _sizes(space: Space, bins: int) -> tuple[int, ...]:
    """Number of actions of each entry of a space's vectors."""
    return tuple(
        levels or (len(one.sequence) if isinstance(one := space.file.hyperparameters[name], Ordinal) else bins)
        for name, levels in zip(space.names, space.levels, strict=True)
    )


def _actions(space: Space, vectors: Vector, sizes: Sequence[int]) -> NDArray[np.int_]:
    """Find the actions that lead to points of shape `(n, d)`; -1 where inactive."""
    sizes_ = np.array(sizes)
    categorical = np.array(space.levels) > 0
    places = np.where(categorical, vectors, np.floor(vectors * sizes_))
    return np.where(np.isnan(vectors), -1, np.clip(places, 0, sizes_ - 1)).astype(int)


def _point(space: Space, actions: Vector, rng: np.random.Generator, sizes: Sequence[int]) -> Vector:
    """Make a point of one action for each entry, uniform within the interval of a continuous one."""
    categorical = np.array(space.levels) > 0
    ordinal = np.array([isinstance(space.file.hyperparameters[name], Ordinal) for name in space.names])
    sizes_ = np.array(sizes)
    within = (actions + rng.random(len(actions))) / sizes_
    return np.where(categorical, actions, np.where(ordinal, actions / np.maximum(sizes_ - 1, 1), within))
