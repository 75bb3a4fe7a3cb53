"""Reinforcement learning of a recurrent controller: NASNet's search, for joint spaces and the brackets of Hyperband.

The controller is that of Zoph, Vasudevan, Shlens and Le (2018), who train it by proximal policy optimisation: Schulman,
Wolski, Dhariwal, Radford and Klimov (2017).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion, filled
from jointsearch.samplers.history import best_first, by_budget
from jointsearch.samplers.peers.bins import Choices, choices_of
from jointsearch.samplers.peers.controller import INACTIVE, Array, Controller, Rows, Weights
from jointsearch.samplers.peers.ppo_settings import PpoSettings
from jointsearch.space.hyperparameters import Constant
from jointsearch.space.space import Space

ATTEMPTS = 100
"""Rounds of drawing from the controller, before what is still missing is drawn from the prior."""

ADAM = 0.9, 0.999, 1e-8
"""Decays of the means and of the squares, and the least divisor."""


@dataclass(frozen=True)
class Ppo:
    """A controller that makes a configuration choice by choice, and is rewarded with its accuracy.

    Hyperparameters come in the order of the space, conditional ones only where they are active. Floats and integers
    are divided into `bins` intervals, within which a value is uniform.

    The controller is trained anew from the history, in the order in which results became visible. Its first weights
    are the same in all brackets of a search, so that, where losses are errors, the controller of a bracket is that of
    the bracket before, trained further. (The first loss outside of [0, 1] changes the rewards of all evaluations, also
    of earlier ones.) Each `batch_size` evaluations make a mini-batch; those left over wait for more. What was drawn
    from an earlier controller (by the lags of the history) or in another search counts as if it were from the present
    one.

    Every evaluation counts, so that a promoted configuration does at each of its budgets; `advantages` says how.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: PpoSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        Proposals are random until something was learned, and where the controller draws only what is forbidden. Their
        origin says so.
        """
        choices = tuple(choices_of(space.file.hyperparameters[name], self.settings.bins) for name in space.names)
        # Sums over more threads have other bits.
        with threadpool_limits(1, user_api="blas"):
            controller = train(space, choices, history, self.settings, 0 if outlook is None else outlook.seed)
            if controller is None:
                return Suggestion(filled([None] * count, space, self.name, rng))
            drawn = draw(controller, space, choices, count, rng)
        origin = Origin(sampler=self.name, kind="model")
        picks = [None if values is None else Sampled(values, origin) for values in drawn]
        seen = history[: len(history) // self.settings.batch_size * self.settings.batch_size]
        ids = tuple(one.evaluation for part in by_budget(seen).values() for one in best_first(part))
        return Suggestion(filled(picks, space, self.name, rng), Model(budget=None, evaluations=ids))


def train(
    space: Space, choices: Sequence[Choices], history: Sequence[Observation], settings: PpoSettings, seed: int = 0
) -> Controller | None:
    """Train a controller on the whole mini-batches of a history; None if nothing in them tells good from bad.

    `seed` is that of its first weights.
    """
    sizes = [one.size for one in choices]
    controller = Controller.untrained(sizes, settings.hidden_units, np.random.default_rng(seed))
    adam = _Adam(controller.weights, settings.learning_rate)
    gained = advantages(history, settings.baseline_decay)
    made = _choices_made(space, choices, history)
    learned = False
    for end in range(settings.batch_size, len(history) + 1, settings.batch_size):
        batch = slice(end - settings.batch_size, end)
        if gained[batch].any():
            _improve(controller, adam, made[batch], gained[batch], settings)
            learned = True
    return controller if learned else None


def _choices_made(space: Space, choices: Sequence[Choices], history: Sequence[Observation]) -> Rows:
    """The choices of each configuration, shape `(n, d)`; `INACTIVE` where there is none."""
    columns = [
        [one.index(row.values[name]) if name in row.values else INACTIVE for row in history]
        for name, one in zip(space.names, choices, strict=True)
    ]
    return np.array(columns, dtype=int).T


def advantages(history: Sequence[Observation], decay: float) -> Array:
    """How far the reward of each evaluation is above the moving average of the rewards before it at its budget.

    The reward is 1 - error. If any loss lies outside of [0, 1], losses are no errors, and the reward is the fraction
    of the earlier ones at the same budget that a loss is below (ties count half, and the first one gets 0.5). A failure
    has the reward 0 either way. The first evaluation at a budget has no advantage.
    """
    are_errors = all(one.loss is None or 0 <= one.loss <= 1 for one in history)
    averages: dict[float, float] = {}
    earlier: dict[float, list[float]] = {}
    gained = []
    for one in history:
        if one.loss is None:
            reward = 0.0
        elif are_errors:
            reward = 1 - one.loss
        else:
            reward = _rank(one.loss, earlier.setdefault(one.budget, []))
        average = averages.setdefault(one.budget, reward)
        gained.append(reward - average)
        averages[one.budget] = average + (1 - decay) * (reward - average)
    return np.array(gained)


def _rank(loss: float, earlier: list[float]) -> float:
    """The fraction of earlier losses, sorted, that a loss is below; then insert it."""
    below, tied = len(earlier) - bisect_right(earlier, loss), bisect_right(earlier, loss) - bisect_left(earlier, loss)
    rank = (below + tied / 2) / len(earlier) if earlier else 0.5
    insort(earlier, loss)
    return rank


def _improve(controller: Controller, adam: "_Adam", made: Rows, gained: Array, settings: PpoSettings) -> None:
    """Train a controller on a mini-batch: its choices, shape `(n, d)`, and advantages, shape `(n,)`."""
    before: Array | None = None
    for _ in range(settings.epochs):
        steps = controller.run(len(made), lambda step, _: made[:, step])
        probabilities = [one.probabilities for one in steps]
        if before is None:
            before = of_chosen(probabilities, made)
        _, slopes = surrogate(probabilities, made, before, gained, settings.clip, settings.entropy_weight)
        adam.climb(controller.gradient(steps, slopes))


def of_chosen(probabilities: Sequence[Array], made: Rows) -> Array:
    """Probabilities of the choices that were made, shape `(n, d)`; 1 where inactive."""
    rows = np.arange(len(made))
    columns = [np.where(one == INACTIVE, 1, each[rows, one]) for each, one in zip(probabilities, made.T, strict=True)]
    return np.stack(columns, axis=1)


def surrogate(
    probabilities: Sequence[Array], made: Rows, before: Array, gained: Array, clip: float, entropy_weight: float
) -> tuple[float, list[Array]]:
    """Compute PPO's clipped objective (equation 7 there) with an entropy bonus, a mean over all choices made.

    Each choice is an action of its own, with the advantage of the whole configuration.

    Parameters
    ----------
    probabilities
        What the controller says now of each step, shape `(n, sizes[step])`.
    made
        The choices, shape `(n, d)`.
    before
        Their probabilities before the mini-batch, shape `(n, d)`.
    gained
        Advantages, shape `(n,)`.
    clip, entropy_weight
        As in the settings.

    Returns
    -------
    tuple
        The objective, which is to be maximised, and its gradient by the logits of each step.
    """
    rows, total = np.arange(len(made)), (made != INACTIVE).sum()
    now = of_chosen(probabilities, made)
    value, slopes = 0.0, []
    for step, each in enumerate(probabilities):
        active = made[:, step] != INACTIVE
        ratio = now[:, step] / before[:, step]
        clipped = np.clip(ratio, 1 - clip, 1 + clip)
        logs = np.log(np.maximum(each, np.finfo(float).tiny))
        entropy = -(each * logs).sum(axis=1)
        value += float((np.minimum(ratio * gained, clipped * gained) + entropy_weight * entropy)[active].sum())
        # What has moved too far already has no slope.
        pull = np.where(ratio * gained <= clipped * gained, ratio * gained, 0)
        slope = -each * pull[:, None] - entropy_weight * each * (logs + entropy[:, None])
        slope[rows, made[:, step]] += pull
        slopes.append(np.where(active[:, None], slope, 0) / total)
    return value / total, slopes


class _Adam:
    """Adam, which changes weights in place; its decays are those of Kingma and Ba (2015)."""

    def __init__(self, weights: Weights, learning_rate: float) -> None:
        self.weights, self.learning_rate, self.steps = weights, learning_rate, 0
        self.means, self.squares = ({name: np.zeros_like(one) for name, one in weights.items()} for _ in range(2))

    def climb(self, slopes: Weights) -> None:
        """Make a step up a gradient."""
        self.steps += 1
        for name, slope in slopes.items():
            mean, square = self.means[name], self.squares[name]
            mean += (1 - ADAM[0]) * (slope - mean)
            square += (1 - ADAM[1]) * (slope**2 - square)
            mean, square = mean / (1 - ADAM[0] ** self.steps), square / (1 - ADAM[1] ** self.steps)
            self.weights[name] += self.learning_rate * mean / (np.sqrt(square) + ADAM[2])


def draw(
    controller: Controller, space: Space, choices: Sequence[Choices], count: int, rng: np.random.Generator
) -> list[Values | None]:
    """Draw configurations; None at the end for those that came out forbidden again and again."""
    drawn: list[Values | None] = []
    for _ in range(ATTEMPTS):
        if len(drawn) == count:
            break
        drawn += _allowed(space, _draw(controller, space, choices, count - len(drawn), rng))
    return drawn + [None] * (count - len(drawn))


def _draw(
    controller: Controller, space: Space, choices: Sequence[Choices], count: int, rng: np.random.Generator
) -> list[Values]:
    drawn: list[Values] = [{} for _ in range(count)]
    constants = _constants_before(space)

    def choose(step: int, probabilities: Array) -> Rows:
        for name, constant in constants[step]:
            for values in drawn:
                if space.active(name, values):
                    values[name] = constant.value
        limits = np.cumsum(probabilities, axis=1)
        chosen = (limits[:, :-1] <= rng.random((count, 1)) * limits[:, -1:]).sum(axis=1)
        name = space.names[step]
        for row, values in enumerate(drawn):
            if space.active(name, values):
                values[name] = choices[step].draw(chosen[row], rng)
            else:
                chosen[row] = INACTIVE
        return chosen

    controller.run(count, choose)
    return drawn


def _constants_before(space: Space) -> list[list[tuple[str, Constant]]]:
    """The constants that come before each step and after the one before it, as conditions may depend on them."""
    groups: list[list[tuple[str, Constant]]] = [[]]
    for name in space.configuration_space:
        one = space.file.hyperparameters[name]
        if isinstance(one, Constant):
            groups[-1].append((name, one))
        else:
            groups.append([])
    return groups


def _allowed(space: Space, drawn: Iterable[Values]) -> list[Values]:
    """Those that are not forbidden, with all constants, and floats with the digits that ConfigSpace keeps."""
    decoded = space.decode_all(space.encode_all(list(drawn)))
    return [values for values in decoded if values is not None]
