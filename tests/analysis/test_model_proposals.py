from collections import Counter

import numpy as np
import pytest
from factories import evaluation
from scipy.stats import mannwhitneyu
from synthetic import results, search

from jointsearch.analysis.model_proposals import by_bracket, compare, first_trainings, numbers, superiority
from jointsearch.core.config import BudgetSettings

BUDGET = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def test_of_one_budget_it_is_mann_and_whitneys_u() -> None:
    rng = np.random.default_rng(0)
    random, model = rng.integers(10, size=30), rng.integers(8, size=20)
    u = mannwhitneyu(random, model).statistic
    assert superiority([random], [model]) == pytest.approx(u / 600)
    assert superiority([model], [random]) == pytest.approx(1 - u / 600)


def test_pairs_are_made_within_a_budget_only() -> None:
    # At each budget the model is better, but a budget's errors are all above the next one's.
    random, model = [np.array([0.9, 0.8]), np.array([0.4])], [np.array([0.7]), np.array([0.3, 0.2])]
    assert superiority(random, model) == 1
    assert np.isnan(superiority([np.array([0.5]), np.array([])], [np.array([]), np.array([0.5])]))


def test_a_failure_is_worse_than_any_error_and_like_another_failure() -> None:
    assert superiority([np.array([np.inf])], [np.array([0.99])]) == 1
    assert superiority([np.array([np.inf])], [np.array([np.inf])]) == 0.5


def test_promoted_trainings_do_not_count() -> None:
    model = {"origin": {"sampler": "bohb", "kind": "model", "model_budget": 1}}
    random, proposed = first_trainings(
        [
            evaluation("0-0-0"),
            evaluation("0-0-0", rung=1),
            evaluation("0-0-1", **model),
            evaluation("0-0-1", rung=1, **model),
        ]
    )
    assert [one.id for one in (*random, *proposed)] == ["0-0-0@0", "0-0-1@0"]


def test_a_model_that_looks_near_the_optimum_is_found_better() -> None:
    found = numbers(results(BUDGET, search=search(24, BUDGET)))
    assert found["model_superiority"].value > found["model_superiority_low"].value > 50
    assert found["model_superiority_high"].value <= 100
    assert len(found["model_superiority"].sources) == found["random_proposals"].value + found["model_proposals"].value
    assert found == numbers(results(BUDGET, search=search(24, BUDGET)))


def test_whole_brackets_are_resampled_where_ten_start_at_each_budget() -> None:
    made = search(30, BUDGET)
    starts = Counter(budget for _, budget in {(one.bracket, one.budget) for one in made if one.rung == 0})
    assert by_bracket(results(BUDGET, search=search(24, BUDGET))) is None and min(starts.values()) == 10
    low, high = by_bracket(results(BUDGET, search=made))
    estimate, *_ = compare(results(BUDGET, search=made))
    assert 0.5 < low < estimate < high <= 1
    # Where all brackets are alike, whichever are drawn give the same.
    alike = [one.model_copy(update={"loss": 0.25}) for one in made]
    assert by_bracket(results(BUDGET, search=alike)) == (0.5, 0.5)


def test_too_few_picks_say_nothing() -> None:
    assert numbers(results(BUDGET)) == {}
    assert numbers(results(BUDGET, search=search(2, BUDGET))) == {}
