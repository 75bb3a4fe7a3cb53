import numpy as np
import pandas as pd
import pytest
import scipy.stats
from factories import evaluation
from hypothesis import given
from hypothesis import strategies as st
from synthetic import NAMES, search

from jointsearch.analysis.correlation import bootstrap_interval, correlations, pairs, spearman
from jointsearch.analysis.observations import table
from jointsearch.core.config import BudgetSettings


def observations(*columns: list[float | None]) -> pd.DataFrame:
    """Each column holds the losses of the same configurations, at budgets 1, 3, 9, ..."""
    return table(
        [
            evaluation(f"0-0-{slot}", loss, rung=rung, slot=slot, budget=3.0**rung)
            for rung, losses in enumerate(columns)
            for slot, loss in enumerate(losses)
        ],
        [],
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=40))
def test_spearman_agrees_with_scipy_ties_included(points) -> None:
    x, y = np.array(points, dtype=float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(spearman(x, y))
    else:
        assert spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-12)


def test_spearman_without_ties_is_the_textbook_formula() -> None:
    x, y = np.array([1, 2, 3, 4, 5.0]), np.array([2, 1, 4, 3, 5.0])
    assert spearman(x, y) == pytest.approx(1 - 6 * np.sum((x - y) ** 2) / (5 * 24))


@pytest.mark.parametrize("n", [12, 60])
def test_interval_is_that_of_scipys_percentile_bootstrap(n) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(n)
    y = x + rng.standard_normal(n)

    def statistic(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        ranks = (scipy.stats.rankdata(values, axis=axis) for values in (a, b))
        return scipy.stats.pearsonr(*ranks, axis=axis).statistic

    other = scipy.stats.bootstrap(
        (x, y), statistic, paired=True, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    # Two independent bootstraps: equal up to the noise of the quantile of 2,000 resamples.
    assert bootstrap_interval(x, y, np.random.default_rng(2)) == pytest.approx((other.low, other.high), abs=0.04)


def test_interval_of_a_perfect_order_has_no_width() -> None:
    x = np.arange(10.0)
    assert bootstrap_interval(x, np.exp(x), np.random.default_rng(0)) == pytest.approx((1, 1))


def test_every_pair_of_budgets_has_a_row() -> None:
    rising = [slot / 20 for slot in range(10)]
    found = correlations(observations(rising, rising, rising[::-1]), np.random.default_rng(0))
    assert list(zip(found["lower_budget"], found["higher_budget"], strict=True)) == [(1, 3), (1, 9), (3, 9)]
    assert found["n"].tolist() == [10, 10, 10]
    assert found["spearman"].tolist() == pytest.approx([1, -1, -1])


def test_only_configurations_that_succeeded_at_both_count() -> None:
    rows = observations([0.5, 0.1, None, 0.2, 0.3, 0.9], [0.5, 0.1, 0.1, None, 0.3])
    assert pairs(rows)["proposal"].tolist() == ["0-0-0", "0-0-1", "0-0-4"]
    found = correlations(rows, np.random.default_rng(0)).iloc[0]
    assert found["n"] == 3


def test_a_correlation_of_fewer_than_ten_is_no_number() -> None:
    rising = [slot / 20 for slot in range(10)]
    for n, known in ((9, False), (10, True)):
        found = correlations(observations(rising[:n], rising[:n]), np.random.default_rng(0)).iloc[0]
        assert found["n"] == n and found[["spearman", "interval_low", "interval_high"]].notna().all() == known


@pytest.mark.parametrize(
    ("lower", "higher", "n"),
    [([0.1, 0.2], [0.1, 0.2], 2), ([0.1, 0.2, 0.3], [0.4, 0.4, 0.4], 3), ([None, None, None], [None], 0)],
)
def test_too_few_or_constant_errors_have_no_correlation(lower, higher, n) -> None:
    found = correlations(observations(lower, higher), np.random.default_rng(0)).iloc[0]
    assert found["n"] == n
    assert found[["spearman", "interval_low", "interval_high"]].isna().all()


def test_one_budget_or_no_evaluation_gives_no_rows() -> None:
    assert correlations(observations([0.1, 0.2]), np.random.default_rng(0)).empty
    assert correlations(table([], []), np.random.default_rng(0)).empty


def test_same_seed_gives_the_same_numbers_and_interval_holds_the_estimate() -> None:
    rows = table(search(24, BudgetSettings(unit="epochs", minimum=1, maximum=27)), NAMES)
    first, again = (correlations(rows, np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    known = first.dropna()
    assert len(known) >= 5
    assert (known["interval_low"] <= known["spearman"]).all() and (known["spearman"] <= known["interval_high"]).all()
