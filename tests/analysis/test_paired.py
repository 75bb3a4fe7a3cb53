from itertools import product

import numpy as np
import pytest

from jointsearch.analysis.paired import compare, holm, mean_interval, smallest_p


def test_interval_is_that_of_the_table_of_students_t() -> None:
    # n = 4: mean 5, sd 2, so half the width is 3.182 * 2 / sqrt(4).
    values = np.array([5 - np.sqrt(6), 5.0, 5.0, 5 + np.sqrt(6)])
    assert mean_interval(values) == pytest.approx((5, 5 - 3.182, 5 + 3.182), abs=1e-3)


@pytest.mark.parametrize(("values", "mean"), [([], np.nan), ([0.25], 0.25)])
def test_fewer_than_two_values_have_no_interval(values, mean) -> None:
    assert mean_interval(np.array(values)) == pytest.approx((mean, np.nan, np.nan), nan_ok=True)


def test_permutation_test_counts_all_sign_flips() -> None:
    differences = np.array([0.011, -0.002, 0.007, 0.004, 0.003])
    means = [np.mean(signs * differences) for signs in product([-1, 1], repeat=5)]
    share = np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12)
    assert compare(differences, np.random.default_rng(0))["p_permutation"] == pytest.approx(share)


@pytest.mark.parametrize("n", [2, 5, 6, 10])
def test_differences_of_one_sign_have_the_least_p_that_so_few_can_give(n) -> None:
    differences = np.linspace(0.01, 0.02, n)
    found = compare(differences, np.random.default_rng(0))
    assert found["p_permutation"] == pytest.approx(smallest_p(n)) == pytest.approx(2 / 2**n)


def test_least_p_of_many_repeats_is_that_of_the_random_flips() -> None:
    found = compare(np.linspace(0.01, 0.02, 20), np.random.default_rng(0))
    assert found["p_permutation"] == pytest.approx(smallest_p(20)) == pytest.approx(2 / 10_001)


def test_t_test_agrees_with_its_interval() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        found = compare(rng.normal(0.5, 1, 6), rng)
        assert (found["p"] < 0.05) == (found["difference_low"] > 0 or found["difference_high"] < 0)


@pytest.mark.parametrize(("values", "p"), [([0.0, 0.0, 0.0], 1.0), ([0.25, 0.25, 0.25], 0.25)])
def test_equal_differences_have_no_t_test(values, p) -> None:
    found = compare(np.array(values), np.random.default_rng(0))
    assert np.isnan(found["p"]) and found["p_permutation"] == p


@pytest.mark.parametrize("values", [[], [0.3]])
def test_fewer_than_two_pairs_are_not_tested(values) -> None:
    found = compare(np.array(values), np.random.default_rng(0))
    assert np.isnan([found["p"], found["p_permutation"], found["difference_low"], smallest_p(len(values))]).all()


def test_holm_multiplies_the_least_by_all_the_next_by_one_less() -> None:
    assert holm(np.array([0.04, np.nan, 0.01, 0.03])) == pytest.approx([0.06, np.nan, 0.03, 0.06], nan_ok=True)
    assert np.isnan(holm(np.array([np.nan, np.nan]))).all()
    assert len(holm(np.array([]))) == 0


def test_correction_keeps_the_order_and_lowers_nothing() -> None:
    rng = np.random.default_rng(0)
    for p in (rng.random(n).round(2) for n in (1, 2, 3, 4, 4, 6)):
        corrected = holm(p)
        assert (corrected >= p).all() and (corrected <= 1).all()
        assert (np.diff(corrected[np.argsort(p)]) >= 0).all()
