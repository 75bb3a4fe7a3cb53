"""A function of 17 hyperparameters as they come in joint searches: mixed, conditional, and failing in places."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.core.seeds import derive_seed
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search.tasks import EPOCHS, Array, Role, Task, noise

SPACE: dict[str, Any] = {
    "hyperparameters": {
        "optimiser": {"type": "categorical", "choices": ["sgd", "adam", "rmsprop"]},
        "block": {"type": "categorical", "choices": ["plain", "residual", "dense", "mixed"]},
        "schedule": {"type": "categorical", "choices": ["cosine", "step"]},
        "learning_rate": {"type": "float", "lower": 1e-5, "upper": 1, "log": True},
        "momentum": {"type": "float", "lower": 0, "upper": 0.99},
        "second_moment": {"type": "float", "lower": 1e-4, "upper": 1e-1, "log": True},
        "step_factor": {"type": "float", "lower": 0.05, "upper": 0.9},
        "warmup": {"type": "integer", "lower": 1, "upper": 1000, "log": True},
        "weight_decay": {"type": "float", "lower": 1e-6, "upper": 1e-2, "log": True},
        "depth": {"type": "integer", "lower": 1, "upper": 32, "log": True},
        "width": {"type": "integer", "lower": 16, "upper": 1024, "log": True},
        "branches": {"type": "integer", "lower": 1, "upper": 8},
        "batch_size": {"type": "ordinal", "sequence": [16, 32, 64, 128, 256, 512]},
        "kernel": {"type": "ordinal", "sequence": [3, 5, 7, 9]},
        "dropout": {"type": "float", "lower": 0, "upper": 0.7},
        "mixup": {"type": "float", "lower": 0, "upper": 1},
        "cutout": {"type": "integer", "lower": 0, "upper": 16},
    },
    "conditions": [
        {"child": "momentum", "parent": "optimiser", "in": ["sgd", "rmsprop"]},
        {"child": "second_moment", "parent": "optimiser", "equals": "adam"},
        {"child": "step_factor", "parent": "schedule", "equals": "step"},
        {"child": "warmup", "parent": "schedule", "equals": "cosine"},
        {"child": "branches", "parent": "block", "in": ["residual", "mixed"]},
    ],
}
CATEGORICAL = ("optimiser", "block", "schedule")
WEIGHTS = {
    "learning_rate": 1.5, "momentum": 0.4, "second_moment": 0.3, "step_factor": 0.2, "warmup": 0.15,
    "weight_decay": 0.5, "depth": 0.7, "width": 0.7, "branches": 0.3, "batch_size": 0.3, "kernel": 0.15,
    "dropout": 0.25, "mixup": 0.1, "cutout": 0.1,
}  # fmt: skip
"""What it costs to be off by the whole range, squared; few hyperparameters matter much."""

BASE, NOISE = 0.05, 0.01
"""The optimum; the standard deviation of the noise at the full budget, that grows as 1 / sqrt(budget)."""

TOO_LARGE, TOO_FAST = 1.55, 0.85
"""Depth and width together, and learning rate, on the unit interval: what is above fails. No optimum comes near."""


def task(name: str, role: Role, instance: int) -> Task:
    """A bowl with ripples along the learning rate, whose place is drawn at random; see `loss` below.

    Each category but one of its kind costs something; each optimiser wants another learning rate, and so does a larger
    batch. At low budgets fast learning and small networks look better than they are. Networks that are too large
    fail, and so does SGD with a high learning rate.

    Parameters
    ----------
    instance
        Seed of what is drawn: the optimum's place and what categories cost.
    """
    space = Space(SpaceFile.parse(SPACE))
    rng = np.random.default_rng(derive_seed(instance, "cond17", "instance"))
    column = {one: index for index, one in enumerate(space.names)}
    # The optimum is at values that exist: a random configuration's, off the edges.
    best = np.array([0.25 + 0.4 * rng.random() for _ in space.names])
    for one in WEIGHTS:
        best[column[one]] = _on_grid(space, one, best[column[one]])
    penalties = {one: rng.permutation([0.0, 0.03, 0.08, 0.15][: space.levels[column[one]]]) for one in CATEGORICAL}
    shifts = rng.uniform(-0.15, 0.15, 3)

    def loss(configurations: Sequence[Values], z: float) -> Array:
        units = space.encode_all(configurations)
        early = 1 - z
        optimiser = units[:, column["optimiser"]].astype(int)
        total = np.full(len(units), BASE) + 0.3 * early
        for one in CATEGORICAL:
            total += penalties[one][units[:, column[one]].astype(int)]
        batch = units[:, column["batch_size"]] - best[column["batch_size"]]
        for one, weight in WEIGHTS.items():
            off = units[:, column[one]] - best[column[one]]
            if one == "learning_rate":
                off = off - shifts[optimiser] - 0.1 * batch - 0.1 * early
                total += 0.05 * (1 - np.cos(6 * np.pi * off))
            elif one in ("depth", "width"):
                off = off + 0.15 * early
            # What is inactive costs nothing.
            total += np.where(np.isnan(off), 0.0, weight * off**2)
        too_large = units[:, column["depth"]] + units[:, column["width"]] > TOO_LARGE
        sgd = optimiser == SPACE["hyperparameters"]["optimiser"]["choices"].index("sgd")
        total[too_large | (sgd & (units[:, column["learning_rate"]] > TOO_FAST))] = np.nan
        return total

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        return loss(configurations, budget / EPOCHS.maximum)

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        return expected(configurations, budget) + NOISE / np.sqrt(budget / EPOCHS.maximum) * noise(seeds)

    identity = ["cond17", best.tolist(), {one: list(cost) for one, cost in penalties.items()}, shifts.tolist()]
    constants = [WEIGHTS, BASE, NOISE, TOO_LARGE, TOO_FAST]
    return Task(name, role, space, EPOCHS, observe, expected, BASE, False, [identity, constants])


def _on_grid(space: Space, name: str, place: float) -> float:
    """The nearest place at which a hyperparameter has a value."""
    point = np.zeros(space.dimension)
    point[space.names.index(name)] = place
    # Parents so that the hyperparameter is active.
    for condition in SPACE["conditions"]:
        if condition["child"] == name:
            parent = condition["parent"]
            choices = SPACE["hyperparameters"][parent]["choices"]
            wanted = condition.get("equals", condition.get("in", [None])[0])
            point[space.names.index(parent)] = choices.index(wanted)
    values = space.decode(point)
    assert values is not None
    return float(space.encode(values)[space.names.index(name)])
