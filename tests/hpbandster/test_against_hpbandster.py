"""Our BOHB beside the authors' own generator.

Runs in its own environment, without torch:
`pip install --require-hashes -r envs/peers.txt`, then `PYTHONPATH=src python -m pytest tests/hpbandster`.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from hpbandster.optimizers.config_generators.bohb import BOHB

from jointsearch.core.history import Observation
from jointsearch.samplers.bohb import Densities, fit
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CONTINUOUS = {
    **{f"x{index}": {"type": "float", "lower": 1e-3, "upper": 1, "log": True} for index in range(9)},
    **{f"n{index}": {"type": "integer", "lower": 1, "upper": 16, "log": index > 3} for index in range(8)},
}
MIXED = {
    "x": {"type": "float", "lower": -1, "upper": 3},
    "n": {"type": "integer", "lower": 2, "upper": 64, "log": True},
    "pair": {"type": "categorical", "choices": ["a", "b"]},
    "many": {"type": "categorical", "choices": ["a", "b", "c", "d", "e"]},
}
SPACES = {"continuous": CONTINUOUS, "mixed": MIXED}


class Recorded:
    """A density that remembers the points it was asked about."""

    def __init__(self, density):
        self.density, self.points = density, []

    def __getattr__(self, name):
        return getattr(self.density, name)

    def pdf(self, point):
        self.points.append(np.array(point, dtype=float))
        return self.density.pdf(point)


@pytest.fixture(params=SPACES)
def space(request) -> Space:
    return Space(SpaceFile.parse({"hyperparameters": SPACES[request.param]}))


def history(space: Space, sizes: dict[float, int], seed: int, failures: int = 0) -> list[Observation]:
    """Distinct losses, because HpBandSter breaks ties by an unstable sort."""
    rng = np.random.default_rng(seed)
    budgets = [budget for budget, size in sizes.items() for _ in range(size)]
    losses: list[float | None] = list(rng.permutation(len(budgets)) / len(budgets))
    for failed in rng.choice(len(budgets), failures, replace=False):
        losses[failed] = None
    return [
        Observation(evaluation=f"0-0-{slot}@0", budget=budget, values=values, loss=loss)
        for slot, (budget, values, loss) in enumerate(
            zip(budgets, space.sample(len(budgets), rng), losses, strict=True)
        )
    ]


def authors(space: Space, observations: list[Observation], **settings) -> BOHB:
    generator = BOHB(configspace=space.configuration_space, **settings)
    for one in observations:
        result = None if one.loss is None else {"loss": one.loss}
        kwargs = {"budget": one.budget, "config": one.values}
        generator.new_result(SimpleNamespace(result=result, kwargs=kwargs, exception=None))
    return generator


def rows_in_order(points):
    return points[np.lexsort(points.round(6).T)]


@pytest.mark.parametrize(
    ("sizes", "failures"),
    [({1: 120}, 0), ({1: 120, 3: 60, 9: 20}, 0), ({1: 36, 3: 35}, 3), ({1: 400, 3: 101}, 40)],
)
def test_same_data_gives_the_same_model(space, sizes, failures):
    observations = history(space, sizes, seed=len(sizes) + failures, failures=failures)
    theirs = authors(space, observations)
    ours = fit(space, observations, BohbSettings(), np.random.default_rng(0))
    assert isinstance(ours, Densities)
    assert ours.budget == theirs.largest_budget_with_model()
    for part, density in theirs.kde_models[ours.budget].items():
        own = getattr(ours, part)
        # ConfigSpace rounds a value to 13 decimals. Failures are tied, so the order among them is free.
        np.testing.assert_allclose(rows_in_order(own.data), rows_in_order(density.data), atol=1e-9)
        np.testing.assert_allclose(own.bandwidths, density.bw, rtol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_same_candidates_give_the_same_winner(space, seed):
    observations = history(space, {1: 150, 3: 80}, seed, failures=5)
    theirs = authors(space, observations, random_fraction=0)
    ours = fit(space, observations, BohbSettings(), np.random.default_rng(0))
    models = theirs.kde_models[ours.budget]
    models["bad"] = Recorded(models["bad"])
    np.random.seed(seed)  # noqa: NPY002 - HpBandSter draws from the global state
    chosen, info = theirs.get_config(ours.budget)
    # HpBandSter turns to random search when anything fails; such a pick would prove nothing.
    assert info["model_based_pick"]
    candidates = np.array(models["bad"].points[:64])
    assert len(candidates) == 64
    winner = space.decode(candidates[ours.scores(candidates).argmin()])
    np.testing.assert_allclose(space.encode(winner), space.encode(dict(chosen)), atol=1e-9)


def test_no_model_with_too_few_points(space):
    too_few = history(space, {1: 2 * space.dimension + 1}, seed=0)
    assert not authors(space, too_few).kde_models
    assert fit(space, too_few, BohbSettings(), np.random.default_rng(0)) is None


def test_same_defaults():
    space = Space(SpaceFile.parse({"hyperparameters": CONTINUOUS}))
    theirs, ours = BOHB(configspace=space.configuration_space), BohbSettings()
    assert theirs.min_points_in_model == space.dimension + 1
    assert (ours.top_n_percent, ours.num_samples, ours.bandwidth_factor, ours.min_bandwidth) == (
        theirs.top_n_percent,
        theirs.num_samples,
        theirs.bw_factor,
        theirs.min_bandwidth,
    )
    assert ours.random_fraction == theirs.random_fraction
