"""A choice of classical learners, each with hyperparameters of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.core.seeds import derive_seed
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search.tasks import EPOCHS, Array, Role, Task, noise

OWN = {"svm": 3, "forest": 4, "boosting": 5, "neighbours": 2, "perceptron": 5}
"""Hyperparameters of each learner, all on the unit interval."""
NOISE = 0.005
"""Standard deviation at the full budget, that grows as 1 / sqrt(budget)."""


def task(name: str, role: Role, instance: int) -> Task:
    """Each learner has a bowl with a floor of its own; those with the lowest floors learn slowly and are hard to tune.

    Parameters
    ----------
    instance
        Seed of the bowls.
    """
    hyperparameters: dict[str, Any] = {"learner": {"type": "categorical", "choices": list(OWN)}}
    conditions = []
    for learner, count in OWN.items():
        for index in range(count):
            hyperparameters[f"{learner}_{index}"] = {"type": "float", "lower": 0, "upper": 1}
            conditions.append({"child": f"{learner}_{index}", "parent": "learner", "equals": learner})
    space = Space(SpaceFile.parse({"hyperparameters": hyperparameters, "conditions": conditions}))
    rng = np.random.default_rng(derive_seed(instance, "learners", "instance"))
    names = list(rng.permutation(list(OWN)))
    floors = dict(zip(names, np.linspace(0.05, 0.13, len(OWN)).tolist(), strict=True))
    slowness = dict(zip(names, np.linspace(0.25, 0.05, len(OWN)).tolist(), strict=True))
    centres = {learner: rng.uniform(0.1, 0.9, count) for learner, count in OWN.items()}
    weights = {
        learner: (0.15 + 2 * slowness[learner]) * rng.dirichlet(np.ones(count)) for learner, count in OWN.items()
    }

    def loss(values: Values, z: float) -> float:
        learner = str(values["learner"])
        point = np.array([values[f"{learner}_{index}"] for index in range(OWN[learner])], dtype=float)
        # At low budgets the best place is elsewhere.
        off = np.abs(point - centres[learner] + 0.1 * (1 - z))
        return floors[learner] + slowness[learner] * (1 - z) + float(weights[learner] @ off)

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        return np.array([loss(values, budget / EPOCHS.maximum) for values in configurations])

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        return expected(configurations, budget) + NOISE / np.sqrt(budget / EPOCHS.maximum) * noise(seeds)

    drawn = [{learner: one[learner].tolist() for learner in OWN} for one in (centres, weights)]
    identity = ["learners", floors, slowness, drawn, NOISE]
    return Task(name, role, space, EPOCHS, observe, expected, min(floors.values()), False, identity)
