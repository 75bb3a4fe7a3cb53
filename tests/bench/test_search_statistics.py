"""Statistics of the benchmark against examples worked by hand."""

import numpy as np
import pytest

from search import statistics


def test_regret_at_a_budget_is_that_of_the_last_change():
    path = ((2.0, 0.8), (5.0, 0.4))
    assert statistics.at(path, np.array([1, 2, 4.9, 5, 100])).tolist() == [1, 0.8, 0.8, 0.4, 0.4]
    assert statistics.at((), np.array([1, 2])).tolist() == [1, 1]


def test_ranks_share_ties():
    regrets = np.array([[0.1, 0.3, 0.2], [0.5, 0.5, 0.1], [0.2, 0.2, 0.2]])
    assert statistics.ranks(regrets).tolist() == [[1, 3, 2], [2.5, 2.5, 1], [2, 2, 2]]


def test_friedman_by_hand():
    # Ranks 1, 2, 3 in each of 4 blocks: rank sums 4, 8, 12, and 12 / (4*3*4) * (16+64+144) - 3*4*4 = 8.
    statistic, p = statistics.friedman(np.tile([0.1, 0.2, 0.3], (4, 1)))
    assert statistic == pytest.approx(8)
    assert p == pytest.approx(np.exp(-4))
    assert np.isnan(statistics.friedman(np.ones((4, 2)))).all()


def test_wilcoxon_and_holm_by_hand():
    ours = np.zeros(6)
    worse = np.array([1, 2, 3, 4, 5, 6.0])
    mixed = np.array([-1, 2, 3, 4, 5, 6.0])
    same = np.zeros(6)
    first, second, third = statistics.compare(ours, {"worse": worse, "mixed": mixed, "same": same})
    # All 6 of one sign: 2 of 2^6 outcomes; rank sum 1 on the other side: 4 of them.
    assert (first.p, second.p, third.p) == pytest.approx((2 / 64, 4 / 64, 1))
    assert (first.p_holm, second.p_holm, third.p_holm) == pytest.approx((3 * 2 / 64, 2 * 4 / 64, 1))
    assert (first.wins, first.ties, first.losses, first.difference) == (6, 0, 0, 3.5)
    assert (second.wins, second.ties, second.losses) == (5, 0, 1)
    assert (third.wins, third.ties, third.losses) == (0, 6, 0)
    assert statistics.compare(ours, {}) == []


def test_the_interval_covers_the_mean_of_most_samples():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = statistics.interval(rng.normal(2, 1, (30, 1)), rng)
        hits += bool(low[0] <= 2 <= high[0])
    assert 0.88 <= hits / 200 <= 0.99


def test_the_interval_of_equal_values_is_a_point():
    low, high = statistics.interval(np.full((20, 3), 0.5), np.random.default_rng(0))
    assert low.tolist() == high.tolist() == [0.5] * 3
