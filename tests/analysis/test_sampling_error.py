import math
from dataclasses import replace

import pytest
from factories import evaluation
from synthetic import results
from timelines import named

from jointsearch.analysis.numbers import of_search
from jointsearch.analysis.sampling_error import standard_error, wilson
from jointsearch.analysis.tables import retraining
from jointsearch.core.config import BudgetSettings
from jointsearch.core.data_set import DataSet

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)
IMAGES = DataSet(
    digest="d" * 64, split="5" * 64, classes=("a", "b"), shape=(3, 8, 8), train=1150, validation=288, test=359
)


def test_wilsons_interval_of_one_training_is_that_of_the_textbook() -> None:
    # 3 of 359, z of 97.5 %.
    n, z, p = 359, 1.959964, 3 / 359
    centre, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert wilson(p, n) == pytest.approx([(centre + sign * half) / (1 + z**2 / n) for sign in (-1, 1)], abs=1e-6)
    low, high = wilson(0.0, n)
    assert low == pytest.approx(0) and 0 < high < 0.02


def test_half_an_interval_of_58_percent_of_2000_is_2_points() -> None:
    low, high = wilson(0.582, 2000)
    assert 50 * (high - low) == pytest.approx(2.2, abs=0.05)
    assert 196 * standard_error(0.582, 2000) == pytest.approx(2.2, abs=0.05)
    assert math.isnan(standard_error(0.5, None))


def test_the_best_has_the_interval_of_the_images_that_it_was_counted_on() -> None:
    known = results(EPOCHS, search=[evaluation("0-0-0", 7 / 288, test_error=3 / 359, rung=1, budget=3)])
    assert "best_test_error_low" not in of_search(known)
    found = of_search(replace(known, data=IMAGES))
    for name, error, number in (("validation", 7 / 288, 288), ("test", 3 / 359, 359)):
        ends = (found[f"best_{name}_error{end}"].value for end in ("_low", "_high"))
        assert list(ends) == pytest.approx([100 * end for end in wilson(error, number)])


def test_a_mean_over_seeds_has_the_error_of_the_images_beside_the_spread() -> None:
    made = [named("retraining", "incumbent", slot, error) for slot, error in enumerate((0.1, 0.3))]
    known = replace(results(EPOCHS, retraining=made), data=IMAGES)
    table = retraining.data(known)
    assert table["test_sampling"].tolist() == pytest.approx([math.sqrt(0.2 * 0.8 / 359)])
    number = retraining.numbers(known, table)["retrained_incumbent_test_error_sampling"]
    assert number.value == pytest.approx(100 * math.sqrt(0.2 * 0.8 / 359)) and number.unit == "%"
    # Networks that are wrong on different images have a mean that varies less.
    assert "upper bound of the standard error" in number.meaning
    assert retraining.data(results(EPOCHS, retraining=made))["test_sampling"].isna().all()


def test_ties_of_the_best_and_where_it_came_from_are_numbers() -> None:
    model = {"origin": {"sampler": "bohb", "kind": "model", "model_budget": 1}}
    full = {"rung": 1, "budget": 3}
    first = evaluation("0-0-0", 0.1, test_error=0.2, **full, **model)
    made = [first, evaluation("0-0-1", 0.1, test_error=0.3, **full), evaluation("0-0-2", 0.2, **full)]
    # The same error at a lower budget is no tie.
    made.append(evaluation("0-0-3", 0.1))
    found = of_search(results(EPOCHS, search=made))
    assert (found["best_tied"].value, found["best_by_model"].value) == (2, 1)
    assert [found[f"best_tied_test_{place}"].value for place in range(2)] == [20, 30]
    assert found["best_tied_test_1"].sources == ("search/0-0-1@1",)
    alone = of_search(results(EPOCHS, search=made[1:2]))
    assert (alone["best_tied"].value, alone["best_by_model"].value) == (1, 0) and "best_tied_test_0" not in alone
