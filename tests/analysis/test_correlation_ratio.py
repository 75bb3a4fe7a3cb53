import numpy as np
import pytest

from jointsearch.analysis.correlation_ratio import correlation_ratio


def test_a_hyperparameter_that_orders_all_losses_has_the_variance_between_its_thirds() -> None:
    values = np.linspace(0.01, 0.99, 9)
    # Ranks 1 to 9 have variance 60 / 9, the means 2, 5 and 8 of the thirds 54 / 9.
    assert correlation_ratio(values, values) == pytest.approx(54 / 60)
    assert correlation_ratio(values, 1000**values) == pytest.approx(54 / 60)


def test_few_values_choices_and_inactive_ones_are_groups_of_their_own() -> None:
    losses = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    for groups in ([0, 0, 0.1, 0.1, 0.2, 0.2], [0, 0, 1, 1, 2, 2], [np.nan, np.nan, 0.1, 0.1, 0.2, 0.2]):
        assert correlation_ratio(np.array(groups, float), losses) == pytest.approx(1)
    many = np.arange(12.0)
    assert correlation_ratio(many, np.random.default_rng(0).permutation(12).astype(float)) == pytest.approx(1)


def test_failures_rank_last_and_what_says_nothing_is_zero() -> None:
    groups = np.array([0.0, 0.0, 1.0, 1.0])
    assert correlation_ratio(groups, np.array([0.1, 0.2, np.nan, np.nan])) == pytest.approx(0.89, abs=0.01)
    assert correlation_ratio(groups, np.full(4, 0.5)) == 0
    assert correlation_ratio(np.full(4, 0.5), np.arange(4.0)) == 0
