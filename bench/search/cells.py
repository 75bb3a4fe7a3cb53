"""Cells of categorical operations, as in tabular benchmarks of architectures."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.core.seeds import derive_seed
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search.tasks import EPOCHS, Array, Role, Task, noise

EDGES, OPERATIONS = 6, 5
NOISE = 0.01
"""Standard deviation at the full budget, that grows as 1 / sqrt(budget)."""


def task(name: str, role: Role, instance: int) -> Task:
    """Six edges of one of five operations each, which interact in pairs; some are quick to learn and worth less.

    Most of the loss is saturated: a third of the cells is about as bad as it gets.

    Parameters
    ----------
    instance
        Seed of what operations are worth.
    """
    edges = [f"edge_{index}" for index in range(EDGES)]
    choices = {"type": "categorical", "choices": list(range(OPERATIONS))}
    space = Space(SpaceFile.parse({"hyperparameters": dict.fromkeys(edges, choices)}))
    rng = np.random.default_rng(derive_seed(instance, "cells", "instance"))
    alone = rng.normal(0, 1, (EDGES, OPERATIONS)) + rng.normal(0, 1, OPERATIONS)
    pairs = {pair: rng.normal(0, 0.5, (OPERATIONS, OPERATIONS)) for pair in combinations(range(EDGES), 2)}
    quick = rng.normal(0, 0.6, OPERATIONS)
    everything = np.array(list(product(range(OPERATIONS), repeat=EDGES)))

    def worth(cells: Array) -> Array:
        values: Array = sum(alone[edge, cells[:, edge]] for edge in range(EDGES))
        return values + sum(effect[cells[:, one], cells[:, other]] for (one, other), effect in pairs.items())

    typical, spread = worth(everything).mean(), worth(everything).std()

    def loss(cells: Array, z: float) -> Array:
        early = 1 - z
        score = (worth(cells) - typical) / spread + early * quick[cells].sum(axis=1) - early
        values: Array = 0.05 + 0.85 / (1 + np.exp(1.5 * score))
        return values

    def cells_of(configurations: Sequence[Values]) -> Array:
        return np.array([[values[edge] for edge in edges] for values in configurations], dtype=int)

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        return loss(cells_of(configurations), budget / EPOCHS.maximum)

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        return expected(configurations, budget) + NOISE / np.sqrt(budget / EPOCHS.maximum) * noise(seeds)

    optimum = float(loss(everything, 1.0).min())
    identity = ["cells", alone.tolist(), [one.tolist() for one in pairs.values()], quick.tolist(), NOISE]
    return Task(name, role, space, EPOCHS, observe, expected, optimum, False, identity)
