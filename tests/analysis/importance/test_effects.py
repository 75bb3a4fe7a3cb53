from itertools import combinations

import numpy as np
import pytest

from jointsearch.analysis.importance.effects import Factor, shares


def by_projection(values: np.ndarray, weights: list[np.ndarray]) -> tuple[list[float], list[float]]:
    """Variances of main effects and pairs of a function on a grid, by conditional means."""

    def given(kept: tuple[int, ...]) -> np.ndarray:
        mean = values
        for axis in range(values.ndim):
            if axis not in kept:
                mean = np.average(mean, axis=axis, weights=weights[axis], keepdims=True)
        return mean

    measure = np.einsum("i,j,k,l->ijkl", *weights)
    centre = given(())
    total = (measure * (values - centre) ** 2).sum()
    mains = [given((one,)) - centre for one in range(4)]
    pairs = [given(pair) - mains[pair[0]] - mains[pair[1]] - centre for pair in combinations(range(4), 2)]
    of_mains, of_pairs = ([(measure * part**2).sum() / total for part in parts] for parts in (mains, pairs))
    return of_mains, of_pairs


def test_any_function_on_a_grid_is_decomposed_as_conditional_means_have_it() -> None:
    rng = np.random.default_rng(0)
    sizes = (3, 2, 4, 3)
    weights = [rng.dirichlet(np.ones(size)) for size in sizes]
    values = rng.standard_normal(sizes)
    # One term a cell, each an indicator of it.
    cells = np.array(list(np.ndindex(*sizes)))
    factors = [
        Factor((np.arange(size)[:, None] == cells[:, axis]).astype(float), weights[axis])
        for axis, size in enumerate(sizes)
    ]
    found = shares(values.ravel(), factors)
    mains, pairs = by_projection(values, weights)
    assert found.mains == pytest.approx(mains)
    assert found.pairs == pytest.approx(pairs)


def test_terms_without_measure_change_nothing() -> None:
    weights = np.array([0.5, 0.5, 0.0])
    factors = [Factor(np.eye(3), weights), Factor(np.ones((1, 3)), np.ones(1))]
    found = shares(np.array([1.0, 3.0, 1e9]), factors)
    assert found.mains == pytest.approx([1, 0])
    assert found.pairs == pytest.approx([0])


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_a_constant_has_no_shares(value) -> None:
    third = np.full(3, 1 / 3)
    found = shares(np.full(3, value), [Factor(np.eye(3), third), Factor(np.ones((3, 3)), third)])
    assert np.isnan(found.mains).all() and np.isnan(found.pairs).all()
