import numpy as np
import pytest
from factories import evaluation
from synthetic import results
from timelines import named

from jointsearch.analysis.seed_statistics import INCUMBENT, interval, moments, welch
from jointsearch.analysis.tables import manual, retraining
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=27)


def trained(study: str, errors: dict[str, list[float | None]], **changes: object) -> list[Evaluation]:
    pairs = [(name, error) for name, of_name in errors.items() for error in of_name]
    return [named(study, name, slot, error, **changes) for slot, (name, error) in enumerate(pairs)]


def by_hand(errors: dict[str, list[float | None]], found: float | None = 0.1) -> Results:
    best = [] if found is None else [evaluation("0-0-0", found, rung=3, budget=27)]
    return results(SETTINGS, search=best, manual=trained("manual", errors))


def test_interval_of_three_values_in_closed_form() -> None:
    # t of 2 degrees of freedom at 0.975 is 4.302653 (tables); the standard deviation is 1.
    half = 4.302653 / np.sqrt(3)
    assert moments([1, 2, 3]) == (2, 1)
    assert interval([1, 2, 3]) == pytest.approx((2 - half, 2 + half), abs=1e-6)


@pytest.mark.parametrize("values", [[], [0.2]])
def test_too_few_values_have_no_interval(values) -> None:
    assert np.isnan(interval(values)).all() and np.isnan(moments(values)[1])


def test_welch_of_equal_variances_in_closed_form() -> None:
    # Standard error sqrt(2/3) at 4 degrees of freedom, whose t at 0.975 is 2.776445 (tables).
    difference, low, high, p = welch([1, 2, 3], [2, 3, 4])
    half = 2.776445 * np.sqrt(2 / 3)
    assert (difference, low, high) == pytest.approx((-1, -1 - half, -1 + half), abs=1e-5)
    assert p == pytest.approx(0.28786, abs=1e-5)


@pytest.mark.parametrize(("first", "second"), [([1, 2], [2, 3, 4]), ([1, 1, 1], [2, 2, 2])])
def test_welch_needs_three_values_and_a_spread(first, second) -> None:
    difference, *others = welch(first, second)
    assert difference < 0 and np.isnan(others).all()


def test_manual_table_has_a_row_for_each_architecture_and_one_for_the_incumbent() -> None:
    table = manual.data(by_hand({"resnet_20": [0.1, 0.3, 0.5], "wide_resnet_10_2": [0.2, 0.4], "resnet_56": [None]}))
    assert table["name"].tolist() == ["resnet_20", "wide_resnet_10_2", "resnet_56", INCUMBENT]
    assert table["title"].tolist() == ["ResNet-20", "WRN-10-2", "ResNet-56", "found by the search"]
    # ResNets are named by their depth.
    assert table["depth"].tolist()[::2] == [20, 56]
    assert table["seeds"].tolist() == [3, 2, 1, 1] and table["failed"].tolist() == [0, 0, 1, 0]
    assert table["validation_mean"].tolist() == pytest.approx([0.3, 0.3, np.nan, 0.1], nan_ok=True)
    # t of 2 degrees of freedom is 4.30265: the half interval would leave 0 to 1, so it is that of the log odds. Two
    # values have none.
    odds = 0.3 / 0.7 * np.exp(4.30265 * 0.2 / np.sqrt(3) / (0.3 * 0.7))
    high = odds / (1 + odds)
    assert table["test_high"].tolist() == pytest.approx([high, np.nan, np.nan, np.nan], nan_ok=True, abs=1e-5)


def test_best_manual_architecture_is_that_without_failures_of_the_lowest_mean_validation_error() -> None:
    known = by_hand({"resnet_20": [0.2, 0.4], "wide_resnet_10_2": [0.1, None], "resnext_14_4x8d": [0.31, 0.31]})
    numbers = manual.numbers(known, manual.data(known))
    assert numbers["best_manual_test_error"].value == pytest.approx(30)
    assert "ResNet-20" in numbers["best_manual_test_error"].meaning
    assert numbers["best_manual_test_error"].sources == ("manual/3-0-0@0", "manual/3-0-1@0")
    assert numbers["manual_failed"].value == 1


def test_weights_that_were_not_counted_are_no_number() -> None:
    known = results(SETTINGS, manual=trained("manual", {"resnet_20": [0.2, 0.4]}, parameters=None))
    numbers = manual.numbers(known, manual.data(known))
    assert "best_manual_test_error" in numbers and "best_manual_parameters" not in numbers


@pytest.mark.parametrize("errors", [{}, {"resnet_20": [None]}])
def test_without_a_success_nothing_is_said_to_be_best(errors) -> None:
    known = by_hand(errors, found=None)
    numbers = manual.numbers(known, manual.data(known))
    assert not [name for name in numbers if name.startswith("best_manual")]


def test_retraining_table_has_the_snapshot_ensemble_as_a_row_where_it_was_measured() -> None:
    made = trained("retraining", {INCUMBENT: [0.1, 0.2]}, snapshot_test_error=0.05)
    made += trained("retraining", {"resnet_20": [0.3, None]})
    table = retraining.data(results(SETTINGS, retraining=made))
    assert list(zip(table["name"], table["kind"], strict=True)) == [
        (INCUMBENT, "single"),
        (INCUMBENT, "snapshot_ensemble"),
        ("resnet_20", "single"),
    ]
    assert table["test_mean"].tolist() == pytest.approx([0.15, 0.05, 0.3])
    assert table["failed"].tolist() == [0, 0, 1]
    assert table["parameters"].tolist() == [1000, 1000, 1000]


def test_difference_after_retraining_is_tested_where_both_have_two_seeds() -> None:
    both = {INCUMBENT: [0.1, 0.12, 0.14], "resnet_20": [0.2, 0.22, 0.24]}
    known = results(SETTINGS, retraining=trained("retraining", both))
    numbers = retraining.numbers(known, retraining.data(known))
    assert numbers["retrained_difference"].value == pytest.approx(-10)
    assert numbers["retrained_difference_low"].value < -10 < numbers["retrained_difference_high"].value < 0
    assert 0 < numbers["retrained_p"].value < 0.05
    assert len(numbers["retrained_difference"].sources) == 6
    known = results(SETTINGS, retraining=trained("retraining", both | {"resnet_20": [0.2, None]}))
    assert "retrained_difference" not in retraining.numbers(known, retraining.data(known))


def test_nothing_retrained_is_an_empty_table() -> None:
    known = results(SETTINGS)
    assert retraining.data(known).empty and retraining.numbers(known, retraining.data(known)) == {}
