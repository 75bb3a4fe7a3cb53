import pytest
from arm_runs import STEPS, arms
from factories import evaluation
from synthetic import results, search

from jointsearch.analysis.tables.studies import data
from jointsearch.core.config import BudgetSettings
from jointsearch.search.hyperband import Bracket, bracket, budgets, cost
from jointsearch.search.plan import StudyPlan

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def test_each_arm_has_what_was_planned_and_spent_and_the_share_of_models_and_failures() -> None:
    made = arms(EPOCHS, 2, 12, failing=0.2)
    rows = data(made).set_index("study")
    assert rows.index.tolist() == ["search", *STEPS]
    planned = 2 * sum(cost(bracket(index, EPOCHS), budgets(EPOCHS)) for index in range(12))
    row = rows.loc["joint_bohb"]
    assert (row["searches"], row["title"], row["budget_planned"]) == (2, "joint BOHB", planned)
    own = [one for repeat in range(2) for one in made.evaluations(f"joint_bohb-{repeat}")]
    assert row["done"] == row["planned"] == len(own)
    assert row["budget_spent"] == pytest.approx(sum(one.budget for one in own))
    first = [one for one in own if one.rung == 0]
    assert row["proposed"] == len(first)
    assert row["model_based"] == sum(one.proposal.origin.kind == "model" for one in first) > 0
    assert row["failed"] == sum(one.loss is None for one in own) > 0
    assert row["why"] == f"{row['failed']} diverged"
    # A step by gradients of an arm in steps has a budget of its own; those of these are halves of the whole.
    assert rows["budget_planned"].iloc[1:].tolist() == pytest.approx([planned] * 5, rel=0.05)


def test_configurations_are_counted_once_however_many_seeds_train_them() -> None:
    given = {name: {"origin": {"sampler": "manual", "kind": "given", "name": name}} for name in ("one", "other")}
    made = [evaluation(f"0-0-{slot}", **given["one" if slot < 3 else "other"]) for slot in range(5)]
    made.append(evaluation("0-0-0", rung=1, **given["one"]))
    whole = Bracket(0, (5, 1), (0, 1))
    study = StudyPlan(name="manual", kind="manual", settings="5" * 64, brackets=(whole,), seeds=3)
    row = data(results(EPOCHS, beside=[study], manual=made)).set_index("study").loc["manual"]
    assert (row["done"], row["proposed"], row["model_based"]) == (6, 2, 0)


def test_why_trainings_failed_is_counted_by_reason() -> None:
    made = [
        evaluation(f"0-0-{slot}", None, status=status) for slot, status in enumerate(["too_large"] * 2 + ["diverged"])
    ]
    row = data(results(EPOCHS, search=[*made, evaluation("0-0-3")])).iloc[0]
    assert (row["done"], row["failed"], row["why"]) == (4, 3, "2 too large, 1 diverged")


def test_what_has_not_begun_has_a_row_too() -> None:
    row = data(results(EPOCHS)).iloc[0]
    assert row[["done", "budget_spent", "proposed", "failed"]].tolist() == [0, 0, 0, 0] and row["planned"] > 0
    assert data(results(EPOCHS, search=search(8, EPOCHS))).iloc[0]["done"] == row["planned"]
