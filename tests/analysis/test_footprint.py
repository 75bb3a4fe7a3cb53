from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from jointsearch import analysis
from jointsearch.analysis.footprint import distances, footprint


def test_distances_between_continuous_points_are_euclidean() -> None:
    points = np.random.default_rng(0).random((20, 17))
    assert distances(points, "c" * 17) == pytest.approx(squareform(pdist(points)))


def test_categories_and_inactive_parameters_differ_by_all_or_nothing() -> None:
    nan = np.nan
    points = np.array([[0.0, nan], [2.0, nan], [0.0, 0.25], [0.0, 0.75]])
    root = np.sqrt(2)
    expected = [[0, 1, 1, 1], [1, 0, root, root], [1, root, 0, 0.5], [1, root, 0.5, 0]]
    assert distances(points, "uc") == pytest.approx(np.array(expected))


cells = st.one_of(st.just(np.nan), st.floats(0, 1))


@given(st.lists(st.tuples(cells, cells, st.sampled_from([np.nan, 0.0, 1.0, 2.0])), min_size=1, max_size=12))
def test_distances_are_a_metric_bounded_by_the_diagonal_of_the_cube(rows) -> None:
    apart = distances(np.array(rows), "ccu")
    assert np.array_equal(apart, apart.T) and not apart.diagonal().any()
    assert apart.max() <= np.sqrt(3)
    assert (apart[:, None, :] <= apart[:, :, None] + apart[None, :, :] + 1e-12).all()


def test_configurations_on_a_plane_keep_their_distances() -> None:
    rng = np.random.default_rng(1)
    points = np.full((60, 5), 0.5)
    points[:, [1, 3]] = rng.random((60, 2))
    assert pdist(footprint(points, "ccccc")) == pytest.approx(pdist(points), abs=2e-5)


def test_plane_is_centred_with_the_larger_spread_first() -> None:
    placed = footprint(np.random.default_rng(2).random((50, 8)), "c" * 8)
    assert placed.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert placed[:, 0].std() >= placed[:, 1].std()
    assert (placed.max(axis=0) >= -placed.min(axis=0) - 1e-5).all()
    assert placed[:, 0] @ placed[:, 1] == pytest.approx(0, abs=1e-3)


def test_majorisation_keeps_distances_better_than_principal_components() -> None:
    points = np.random.default_rng(3).random((80, 17))
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)

    def stress(placed: np.ndarray) -> float:
        return float(np.sum((pdist(placed) - pdist(points)) ** 2))

    assert stress(footprint(points, "c" * 17)) < 0.6 * stress(centred @ axes[:2].T)


def test_same_configurations_give_the_same_picture_whatever_the_global_seed() -> None:
    points = np.random.default_rng(4).random((40, 17))
    points[::3, 5] = np.nan
    first = footprint(points, "c" * 17)
    np.random.seed(1)  # noqa: NPY002 - the point of the test
    assert np.array_equal(footprint(points, "c" * 17), first)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_configurations_have_places_too(n) -> None:
    points = np.random.default_rng(5).random((n, 4))
    placed = footprint(points, "cccc")
    assert placed.shape == (n, 2)
    assert pdist(placed) == pytest.approx(pdist(points), abs=1e-3)


def test_equal_configurations_share_a_place() -> None:
    assert not footprint(np.full((5, 3), 0.5), "ccc").any()
    assert not footprint(np.full((5, 3), np.nan), "ccc").any()


CHOICES = {
    "two choices": np.repeat([[0.0], [1.0]], 20, axis=0),
    "three choices as often": np.repeat([[0.0], [1.0], [2.0]], 20, axis=0),
    "four choices": np.random.default_rng(6).integers(0, 4, (200, 1)).astype(float),
    "six choices": np.arange(6.0)[:, None],
    "all of two by two": np.random.default_rng(7).integers(0, 2, (100, 2)).astype(float),
    "all of a cube": np.array(list(product([0.0, 1.0], repeat=3))),
    "anything": np.random.default_rng(8).integers(0, 4, (60, 9)).astype(float),
}


@pytest.mark.parametrize(
    ("points", "vartypes"),
    [
        *((points, "u" * points.shape[1]) for points in CHOICES.values()),
        (np.random.default_rng(9).random((200, 1)), "c"),
    ],
    ids=[*CHOICES, "a line"],
)
def test_a_processor_that_rounds_otherwise_gives_the_same_picture(points, vartypes, monkeypatch) -> None:
    """Symmetrical distances leave open which way a picture is turned, or which side is up."""
    first = footprint(points, vartypes)
    for seed in range(3):
        noise = np.random.default_rng(seed).uniform(-1e-14, 1e-14, (len(points), len(points)))
        monkeypatch.setattr(
            analysis.footprint, "distances", lambda *given, by=noise: distances(*given) * (1 + by + by.T)
        )
        assert np.array_equal(footprint(points, vartypes), first)


def test_stress_is_that_of_kruskal() -> None:
    points = np.random.default_rng(6).random((30, 6))
    plane = np.column_stack([points[:, :2], np.zeros((30, 4))])
    assert analysis.footprint.stress(plane, "c" * 6, plane[:, :2]) == pytest.approx(0)
    placed = footprint(points, "c" * 6)
    apart, there = pdist(points), pdist(placed)
    assert analysis.footprint.stress(points, "c" * 6, placed) == pytest.approx(
        np.sqrt(((apart - there) ** 2).sum() / (there**2).sum())
    )
    assert analysis.footprint.stress(np.full((3, 2), 0.5), "cc", np.zeros((3, 2))) == 0
