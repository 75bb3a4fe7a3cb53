"""Forest and process on functions whose Sobol indices are known in closed form."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import qmc
from threadpoolctl import threadpool_limits

from jointsearch.analysis.importance.design import Axis, axes, lay_out
from jointsearch.analysis.importance.forest import Forest
from jointsearch.analysis.importance.gaussian import GaussianProcess
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1, user_api="blas"):
        yield


def points(count: int, dimension: int) -> np.ndarray:
    return qmc.Sobol(dimension, seed=0).random(count)


def continuous(dimension: int) -> list[Axis]:
    return [Axis(str(number)) for number in range(dimension)]


def ishigami(x: np.ndarray) -> np.ndarray:
    one, two, three = (np.pi * (2 * x - 1)).T
    return np.sin(one) + 7 * np.sin(two) ** 2 + 0.1 * three**4 * np.sin(one)


def ishigami_indices() -> tuple[list[float], float]:
    """Ishigami and Homma (1990): mains of x1, x2, x3, and the interaction of x1 and x3; the rest is 0."""
    a, b = 7, 0.1
    first = (1 + b * np.pi**4 / 5) ** 2 / 2
    second = a**2 / 8
    both = 8 * b**2 * np.pi**8 / 225
    total = first + second + both
    return [first / total, second / total, 0], both / total


SLOPES = np.linspace(0.1, 0.5, 15)


def crossed(x: np.ndarray) -> np.ndarray:
    """17 variables: the first two interact and do nothing else, the others add up."""
    return 4 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5) + x[:, 2:] @ SLOPES


CROSSED = np.array([16 / 144, *(SLOPES**2 / 12)]) / (16 / 144 + (SLOPES**2 / 12).sum())


def mean_of_trees(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    trees = forest.shares()
    return np.mean([one.mains for one in trees], axis=0), np.mean([one.pairs for one in trees], axis=0)


def test_process_finds_the_indices_of_ishigami() -> None:
    x = points(256, 3)
    found = GaussianProcess.fit(continuous(3), x, ishigami(x), np.random.default_rng(0)).shares()
    mains, both = ishigami_indices()
    assert found.mains == pytest.approx(mains, abs=0.02)
    assert found.pairs == pytest.approx([0, both, 0], abs=0.02)


def test_a_process_that_is_fitted_again_to_other_evaluations_finds_the_same():
    rng = np.random.default_rng(0)
    x = rng.random((400, 3))
    whole = GaussianProcess.fit(continuous(3), x[:200], ishigami(x[:200]), rng)
    again = whole.refit(x[200:], ishigami(x[200:]), rng)
    anew = GaussianProcess.fit(continuous(3), x[200:], ishigami(x[200:]), rng)
    assert again.shares().mains == pytest.approx(anew.shares().mains, abs=0.01)


def test_forest_comes_near_the_indices_of_ishigami() -> None:
    x = points(2048, 3)
    found, pairs = mean_of_trees(Forest.fit(continuous(3), x, ishigami(x), np.random.default_rng(0)))
    mains, both = ishigami_indices()
    assert found == pytest.approx(mains, abs=0.05)
    assert pairs == pytest.approx([0, both, 0], abs=0.05)


def test_process_finds_a_pure_interaction_that_the_forest_misses() -> None:
    x = points(256, 17)
    y = crossed(x)
    found = GaussianProcess.fit(continuous(17), x, y, np.random.default_rng(0)).shares()
    assert found.mains == pytest.approx([0, 0, *CROSSED[1:]], abs=0.01)
    assert found.pairs[0] == pytest.approx(CROSSED[0], abs=0.02)
    assert found.pairs[1:] == pytest.approx(0, abs=0.005)
    _, pairs = mean_of_trees(Forest.fit(continuous(17), x, y, np.random.default_rng(0)))
    assert pairs[0] < CROSSED[0] / 5


MIXED = SpaceFile.parse(
    {
        "hyperparameters": {
            "choice": {"type": "categorical", "choices": ["p", "q", "r"]},
            "whole": {"type": "integer", "lower": 1, "upper": 4, "log": True},
            "real": {"type": "float", "lower": 0, "upper": 1},
            "fixed": {"type": "constant", "value": 1},
            "place": {"type": "ordinal", "sequence": [1, 2, 3]},
        }
    }
)


def test_axes_are_the_prior_without_constants() -> None:
    space = Space(MIXED)
    found = {axis.name: axis for axis in axes(space)}
    assert set(found) == {"choice", "whole", "real", "place"}
    assert found["real"].levels is None
    assert found["choice"].unordered and found["choice"].weights == pytest.approx(1 / 3, abs=0.01)
    drawn = [values["whole"] for values in space.sample(20_000, np.random.default_rng(1))]
    assert found["whole"].weights == pytest.approx(np.bincount(drawn)[1:] / 20_000, abs=0.012)
    assert found["whole"].levels == pytest.approx(
        [space.encode({"whole": n})[list(space.names).index("whole")] for n in range(1, 5)]
    )


def test_inactive_values_are_imputed_and_choices_are_one_apart() -> None:
    choice = Axis("choice", True, np.arange(3.0), np.full(3, 1 / 3))
    columns = choice.columns(np.array([0.0, 1.0, 2.0, np.nan]))
    assert np.square(columns[0] - columns[1]).sum() == pytest.approx(1)
    assert (columns[3] == columns[0]).all()
    assert Axis("real").columns(np.array([np.nan, 0.2])).tolist() == [[0.5], [0.2]]
    assert Axis("whole", False, np.array([0.0, 0.4, 1.0]), None).columns(np.array([np.nan])).tolist() == [[0.4]]


@pytest.mark.parametrize("surrogate", [Forest, GaussianProcess])
def test_effects_of_mixed_hyperparameters_are_those_of_the_surrogate_itself(surrogate) -> None:
    """Conditional means of the surrogate's own predictions, over many draws from the prior."""
    space, rng = Space(MIXED), np.random.default_rng(0)
    searched, encoded = axes(space), space.draw(150, rng)
    of = dict(zip(space.names, encoded.T, strict=True))
    response = (of["choice"] == 1) * (1 + of["real"]) + of["whole"] ** 2 - of["place"]
    model = surrogate.fit(searched, encoded, response, rng)
    found, predict = model.shares(), model.predict
    if isinstance(model, Forest):
        tree, found = model.model.estimators_[0], found[0]

        def predict(at: np.ndarray) -> np.ndarray:
            return tree.predict(lay_out(at, searched))

    draws = space.draw(2**13, rng)
    for place, axis in enumerate(searched):
        means, weights = [], axis.weights if axis.levels is not None else np.full(32, 1 / 32)
        for level in axis.levels if axis.levels is not None else (np.arange(32) + 0.5) / 32:
            there = draws[:2048].copy()
            there[:, place] = level
            means.append(predict(there).mean())
        variance = np.average((np.array(means) - np.average(means, weights=weights)) ** 2, weights=weights)
        assert found.mains[place] == pytest.approx(variance / predict(draws).var(), abs=0.02)


def test_equal_responses_have_no_shares() -> None:
    x = points(64, 3)
    for surrogate in (Forest, GaussianProcess):
        model = surrogate.fit(continuous(3), x, np.full(64, 0.7), np.random.default_rng(0))
        assert model.predict(x) == pytest.approx(0.7)
        found = model.shares()
        first = found[0] if isinstance(found, list) else found
        assert np.isnan(first.mains).all()
