import numpy as np
import pytest

from jointsearch.analysis.correlation_ratio import correlation_ratio


def test_a_hyperparameter_that_orders_all_losses_has_the_variance_between_its_levels() -> None:
    thirds, losses = np.repeat([0, 1, 2], 3), np.linspace(0.01, 0.99, 9)
    # Ranks 1 to 9 have variance 60 / 9, the means 2, 5 and 8 of the thirds 54 / 9.
    assert correlation_ratio(thirds, losses) == pytest.approx(54 / 60)
    assert correlation_ratio(thirds, 1000**losses) == pytest.approx(54 / 60)


def test_where_it_is_inactive_is_a_level_of_its_own() -> None:
    losses = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    assert correlation_ratio(np.array([0, 0, -1, -1, 1, 1]), losses) == pytest.approx(1)


def test_failures_rank_last_and_what_says_nothing_is_zero() -> None:
    levels = np.array([0, 0, 1, 1])
    assert correlation_ratio(levels, np.array([0.1, 0.2, np.nan, np.nan])) == pytest.approx(0.89, abs=0.01)
    assert correlation_ratio(levels, np.full(4, 0.5)) == 0
    assert correlation_ratio(np.zeros(4, int), np.arange(4.0)) == 0
