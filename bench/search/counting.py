"""Counting ones with stochastic budgets: Falkner, Klein and Hutter (2018), section 5.1."""

from collections.abc import Sequence

import numpy as np

from jointsearch.core.config import BudgetSettings
from jointsearch.core.fields import Values
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search.tasks import Array, Role, Task

BUDGET = BudgetSettings(unit="steps", minimum=9, maximum=729)
"""Samples that the mean of each Bernoulli variable is estimated from: 9, 27, 81, 243, 729."""


def task(name: str, role: Role, categorical: int, continuous: int) -> Task:
    """Minimise minus the number of ones, plus the means of Bernoulli variables whose parameters are continuous.

    A categorical entry counts as it is; of a continuous one, p, only the mean of `budget` draws from a Bernoulli
    distribution with parameter p is seen. The truth counts p itself, so the optimum is minus the dimension.
    """
    bits = [f"cat_{index}" for index in range(categorical)]
    means = [f"float_{index}" for index in range(continuous)]
    space = Space(
        SpaceFile.parse(
            {
                "hyperparameters": {
                    **{bit: {"type": "categorical", "choices": [0, 1]} for bit in bits},
                    **{mean: {"type": "float", "lower": 0, "upper": 1} for mean in means},
                }
            }
        )
    )

    def columns(configurations: Sequence[Values], names: list[str]) -> Array:
        return np.array([[values[name] for name in names] for values in configurations], dtype=float)

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        return -columns(configurations, bits + means).sum(axis=1)

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        samples = round(budget)
        ones = [
            np.random.default_rng(seed).binomial(samples, row).sum() / samples
            for seed, row in zip(seeds, columns(configurations, means), strict=True)
        ]
        return -columns(configurations, bits).sum(axis=1) - np.array(ones)

    optimum = -float(categorical + continuous)
    return Task(
        name, role, space, BUDGET, observe, expected, optimum, False, ["counting ones", categorical, continuous]
    )
