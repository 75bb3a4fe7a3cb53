import random

import numpy as np
import pytest
from arm_runs import spent
from factories import evaluation
from synthetic import search

from jointsearch.analysis.trajectory import COLUMNS, trajectory
from jointsearch.core.config import BudgetSettings
from jointsearch.search.incumbent import incumbent

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


@pytest.mark.parametrize("seed", range(5))
def test_every_prefix_ends_at_the_incumbent_of_its_evaluations(seed) -> None:
    made = search(4, EPOCHS, seed=seed, failing=0.2)
    path = trajectory(made, full_budget=9)
    for row in range(len(made)):
        best = incumbent(made[: row + 1])
        state = path.iloc[row]
        if best.evaluation is None:
            assert state[["incumbent_loss", "incumbent_budget"]].isna().all()
        else:
            assert state["incumbent"] == f"search/{best.evaluation}"
            assert (state["incumbent_budget"], state["incumbent_loss"]) == (best.budget, best.loss)
            assert state["incumbent_test_error"] == best.test_error


def test_full_budget_error_never_rises_and_looks_at_no_other_budget() -> None:
    made = search(6, EPOCHS, seed=1)
    path = trajectory(made, full_budget=9)
    full = path["full_budget_loss"].to_numpy()
    begin = int(np.argmax(~np.isnan(full)))
    assert path["budget"].iloc[begin] == 9 and np.isnan(full[:begin]).all()
    assert (np.diff(full[begin:]) <= 0).all()
    assert full[-1] == min(one.loss for one in made if one.budget == 9 and one.loss is not None)


def test_incumbent_may_get_worse_where_the_budget_rises() -> None:
    path = trajectory([evaluation("0-0-0", 0.1), evaluation("0-0-0", 0.3, rung=1, budget=3)], full_budget=3)
    assert path["incumbent_loss"].tolist() == [0.1, 0.3]


def test_order_is_that_of_the_plan_whatever_finished_first() -> None:
    made = [spent(one) for one in search(4, EPOCHS)]
    ordered = trajectory(made, full_budget=9)
    for place, one in enumerate(made):
        late = one.observed.model_copy(update={"started": 1000.0 - place, "finished": 1001.0 - place})
        made[place] = one.model_copy(update={"observed": late})
    random.Random(0).shuffle(made)
    assert trajectory(made, full_budget=9).equals(ordered)


@pytest.mark.parametrize(("unit", "each"), [("seconds", 8.0), ("epochs", 2.5), ("steps", 70)])
def test_spent_is_in_the_unit_of_the_budgets_and_failures_count(unit, each) -> None:
    records = [
        evaluation(f"0-0-{slot}", loss, slot=slot, budget_unit=unit, epochs=2.5, steps=70)
        for slot, loss in enumerate([0.5, None, 0.4])
    ]
    path = trajectory(records, full_budget=1)
    assert path["spent"].tolist() == [each, 2 * each, 3 * each]
    assert path["training_seconds"].tolist() == [8, 16, 24]
    assert path["total_seconds"].tolist() == [9.5, 19, 28.5]


def test_computation_spent_is_that_of_the_steps_made() -> None:
    low = evaluation("0-0-0", 0.5, budget_unit="gflop", steps=1, step_cost=1.5)
    high = evaluation("0-0-0", None, rung=1, budget=3, budget_unit="gflop", steps=2, step_cost=1.5, continues="0-0-0@0")
    refused = evaluation("0-0-1", None, slot=1, budget_unit="gflop", steps=0, step_cost=9)
    assert trajectory([low, refused, high], full_budget=3)["spent"].tolist() == [1.5, 1.5, 3]


@pytest.mark.parametrize("unit", ["epochs", "steps"])
def test_what_a_training_continues_is_not_spent_twice(unit) -> None:
    low = evaluation("0-0-0", 0.5, budget_unit=unit, epochs=1, steps=1)
    high = evaluation("0-0-0", 0.4, rung=1, budget=3, budget_unit=unit, epochs=3, steps=3, continues="0-0-0@0")
    assert trajectory([low, high], full_budget=3)["spent"].tolist() == [1, 3]


def test_second_step_follows_the_first_and_keeps_its_incumbent() -> None:
    first = [evaluation("3-0-0", 0.2, study="a-0-1")]
    second = [evaluation("0-0-0", 0.3, study="a-0-2"), evaluation("0-0-1", 0.2, slot=1, study="a-0-2")]
    path = trajectory(first, second, full_budget=1)
    assert path["evaluation"].tolist() == ["a-0-1/3-0-0@0", "a-0-2/0-0-0@0", "a-0-2/0-0-1@0"]
    assert path["incumbent"].tolist() == ["a-0-1/3-0-0@0"] * 3
    assert path["full_budget_loss"].tolist() == [0.2] * 3


def test_of_equal_ones_the_lower_proposal_is_the_incumbent() -> None:
    path = trajectory([evaluation("0-0-5", 0.2, slot=0), evaluation("0-0-1", 0.2, slot=1)], full_budget=1)
    assert path["incumbent"].tolist() == ["search/0-0-5@0", "search/0-0-1@0"]


def test_nothing_and_failures_only_give_a_table_without_incumbent() -> None:
    assert list(trajectory(full_budget=1).columns) == list(trajectory([], full_budget=1).columns) == list(COLUMNS)
    path = trajectory([evaluation("0-0-0", None)], full_budget=1)
    assert path[["incumbent", "incumbent_loss", "full_budget_loss"]].isna().all(axis=None)
