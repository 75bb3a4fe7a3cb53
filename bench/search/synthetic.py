"""Functions of the multi-fidelity literature whose bias vanishes at the full budget.

Fidelity as in Kandasamy et al., *Multi-fidelity Bayesian optimisation with continuous approximations* (BOCA),
ICML 2017, appendix, with all of its fidelities at z = budget / full budget. The noise is ours: normal, its
variance in proportion to 1 / z.
"""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from scipy.optimize import minimize

from jointsearch.core.fields import Values
from jointsearch.core.seeds import derive_seed
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search.tasks import EPOCHS, Array, Role, Task, noise

HARTMANN_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_A = {
    3: np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]),
    6: np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    ),
}
HARTMANN_P = {
    3: 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
    6: 1e-4
    * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    ),
}
"""Constants of Hartmann's functions, as in Dixon and Szegö (1978)."""

DRAWS, STARTS = 20_000, 8
"""Random points tried, and the best of them that local searches for the optimum start at."""

Fidelity = Callable[[Array, float], Array]
"""From points of the unit cube, shape `(n, d)`, and a fidelity in `(0, 1]` to losses, shape `(n,)`."""


def hartmann(
    name: str, role: Role, dimension: int, instance: int = 0, bias: float = 0.1, levels: int | None = None
) -> Task:
    """Hartmann's function in 3 or 6 dimensions.

    Parameters
    ----------
    instance
        0 is the published function; any other has its wells at random places and its axes in random order.
    bias
        What each well loses of its depth as the fidelity goes to 0; 0.1 in BOCA.
    levels
        Values of each variable, in equal steps; any number in `[0, 1]` by default.
    """
    wells, scales = HARTMANN_P[dimension], HARTMANN_A[dimension]
    if instance:
        rng = np.random.default_rng(derive_seed(instance, "hartmann", "instance", dimension))
        wells = rng.uniform(0.1, 0.9, wells.shape)
        scales = rng.permuted(scales, axis=1)

    def loss(points: Array, z: float) -> Array:
        distances = (scales * (points[:, None, :] - wells) ** 2).sum(axis=2)
        depths: Array = np.exp(-distances) @ (HARTMANN_ALPHA - bias * (1 - z))
        return -depths

    identity = ["hartmann", wells.tolist(), scales.tolist(), bias]
    return _task(name, role, dimension, loss, 0.05, identity, starts=wells, levels=levels)


def branin(name: str, role: Role) -> Task:
    """Branin's function, its constants off at low fidelity; optimum 0.397887."""

    def loss(points: Array, z: float) -> Array:
        x, y = 15 * points[:, 0] - 5, 15 * points[:, 1]
        b = 5.1 / (4 * np.pi**2) - 0.01 * (1 - z)
        c = 5 / np.pi - 0.1 * (1 - z)
        t = 1 / (8 * np.pi) + 0.05 * (1 - z)
        value: Array = (y - b * x**2 + c * x - 6) ** 2 + 10 * (1 - t) * np.cos(x) + 10
        return value

    return _task(name, role, 2, loss, 0.5, ["branin"])


def currin(name: str, role: Role) -> Task:
    """Currin's exponential function, negated; optimum -13.7987."""

    def loss(points: Array, z: float) -> Array:
        x, y = points.T
        # The limit at y = 0 is 1.
        damping = 1 - (1 - 0.1 * (1 - z)) * np.exp(-1 / (2 * np.maximum(y, 1e-12)))
        value: Array = damping * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60) / (100 * x**3 + 500 * x**2 + 4 * x + 20)
        return -value

    return _task(name, role, 2, loss, 0.2, ["currin"])


RIGHT, WRONG, WIDTH = 0.8, 0.2, 0.4
"""Where the basins of `basins` are, in each of 4 variables, and how wide."""


def basins(name: str, role: Role) -> Task:
    """Two basins far from each other, `depth / (1 + (distance / width)^2)`, of which low budgets prefer the wrong one.

    The right one is as deep as 1 at the full budget and goes to 0.6 at low ones; the wrong one is 0.75 deep there and
    goes to 0.95. The bottom of the wrong one has regret 0.33.
    """

    def loss(points: Array, z: float) -> Array:
        def basin(centre: float, depth: float) -> Array:
            squares = ((points - centre) ** 2).sum(axis=1)
            values: Array = depth / (1 + squares / WIDTH**2)
            return values

        return -np.maximum(basin(RIGHT, 0.6 + 0.4 * z), basin(WRONG, 0.95 - 0.2 * z))

    return _task(
        name, role, 4, loss, 0.02, ["basins", RIGHT, WRONG, WIDTH, [0.6, 0.95, 0.75]], starts=np.full((1, 4), RIGHT)
    )


def _task(
    name: str,
    role: Role,
    dimension: int,
    loss: Fidelity,
    deviation: float,
    identity: object,
    starts: Array | None = None,
    levels: int | None = None,
) -> Task:
    names = [f"x{index}" for index in range(dimension)]
    each: dict[str, object] = {"type": "float", "lower": 0, "upper": 1}
    if levels is not None:
        each = {"type": "ordinal", "sequence": np.linspace(0, 1, levels).tolist()}
    space = Space(SpaceFile.parse({"hyperparameters": dict.fromkeys(names, each)}))

    def points(configurations: Sequence[Values]) -> Array:
        return np.array([[values[one] for one in names] for values in configurations], dtype=float)

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        return loss(points(configurations), budget / EPOCHS.maximum)

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        z = budget / EPOCHS.maximum
        return expected(configurations, budget) + deviation / np.sqrt(z) * noise(seeds)

    if levels is None:
        optimum = lowest(loss, dimension, starts)
    else:
        optimum = float(loss(np.array(list(product(np.linspace(0, 1, levels), repeat=dimension))), 1.0).min())
    return Task(name, role, space, EPOCHS, observe, expected, optimum, False, [identity, deviation])


def lowest(loss: Fidelity, dimension: int, starts: Array | None = None) -> float:
    """Lowest loss at full fidelity on the unit cube, by local searches from many points."""
    rng = np.random.default_rng(derive_seed(0, "optimum", "starts", dimension))
    tried = rng.random((DRAWS, dimension))
    best = tried[np.argsort(loss(tried, 1.0))[:STARTS]]
    if starts is not None:
        best = np.vstack([best, starts])
    bounds = [(0.0, 1.0)] * dimension
    found = [minimize(lambda point: loss(point[None, :], 1.0)[0], start, bounds=bounds) for start in best]
    return float(min(one.fun for one in found))
