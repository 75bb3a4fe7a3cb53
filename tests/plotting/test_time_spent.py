from itertools import combinations

import pandas as pd
import pytest
from arm_runs import EIGHT, arms
from factories import evaluation
from results_folder import SEARCH
from synthetic import results, search
from timelines import spread

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.lanes import attempts
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting import bracket_schedule
from jointsearch.plotting.time_spent import data, draw, numbers
from jointsearch.results.results import Results

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=9)
KINDS = ["training", "evaluation", "startup", "other", "waiting"]


def back(known: Results) -> pd.DataFrame:
    return parse(csv_bytes(data(known)))


def test_parts_add_up_to_the_time_of_the_lanes() -> None:
    made = spread(search(4, SETTINGS), 3)
    table = back(results(SETTINGS, search=made))
    begin, end = min(one.observed.started for one in made), max(one.observed.finished for one in made)
    assert table["total"].sum() == pytest.approx(3 * (end - begin))
    assert table[KINDS].sum(axis=1).tolist() == pytest.approx(table["total"].tolist())
    assert (table[KINDS] >= 0).all(axis=None)
    for kind in ("training", "evaluation", "startup"):
        assert table[kind].sum() == pytest.approx(sum(getattr(one.observed, f"{kind}_seconds") for one in made))
    # What is recorded of these trainings leaves nothing else of them.
    assert table["other"].sum() == pytest.approx(0, abs=1e-6)


def test_pauses_count_for_nothing() -> None:
    made = search(4, SETTINGS)
    whole, torn = (back(results(SETTINGS, search=spread(made, 2, pauses=p))) for p in ([], [(1300, 36000)]))
    assert torn["training"].sum() == pytest.approx(whole["training"].sum())
    assert torn["total"].sum() == pytest.approx(whole["total"].sum())


def test_parts_that_are_more_than_the_whole_are_shortened_alike() -> None:
    one = evaluation("0-0-0")
    seen = one.observed.model_copy(update={"training_seconds": 30.0, "evaluation_seconds": 10, "startup_seconds": 0.0})
    (row,) = back(results(SETTINGS, search=[one.model_copy(update={"observed": seen})])).to_dict("records")
    # Its process took 10 s.
    assert (row["training"], row["evaluation"], row["other"], row["total"]) == (7.5, 2.5, 0, 10)


def test_searches_of_an_arm_are_one_study_after_the_others() -> None:
    made = {name: spread(search(1, SETTINGS), 2) for name in ("joint_hyperband-0", "joint_bohb-1", "joint_bohb-0")}
    beside = [
        SEARCH.model_copy(update={"name": name, "arm": arm, "is_reference": arm == "joint_bohb"})
        for name, arm in ((name, name.partition("-")[0]) for name in made)
    ]
    table = back(results(SETTINGS, beside=beside, search=spread(search(1, SETTINGS), 2), **made))
    assert list(dict.fromkeys(table["study"])) == ["search", "joint_bohb", "joint_hyperband"]
    assert set(table.loc[table["is_arm"], "study"]) == {"joint_bohb", "joint_hyperband"}
    numbers_of = table.groupby("study")["trainings"].sum()
    assert numbers_of["joint_bohb"] == 2 * numbers_of["search"]
    figure = draw(table)
    left, right = ([text.get_text() for text in axes.texts] for axes in figure.axes)
    assert {"search", "all studies"} <= set(left) and {"joint BOHB", "joint Hyperband"} <= set(right)


@pytest.mark.parametrize("unit", ["epochs", "nominal_seconds"])
def test_names_budgets_and_amounts_of_eight_arms_keep_apart(unit) -> None:
    made = arms(SETTINGS, 2, 6, steps_of=EIGHT)
    studies = {name: spread(one.evaluations, 2) for name, one in made.studies.items()}
    of_search = [one.model_copy(update={"study": "search"}) for one in studies["joint_bohb-0"]]
    known = results(SETTINGS, beside=made.plan.studies[1:], **studies | {"search": spread(of_search, 2)})
    figure = draw(back(known).assign(budget_unit=unit))
    figure.draw_without_rendering()
    left, right = ([text for text in axes.texts if text.get_text()] for axes in figure.axes)
    amounts = max(text.get_window_extent().x1 for text in left)
    assert min(text.get_window_extent().x0 for text in right) - amounts > 10 * figure.dpi / 72
    for texts in (left, right):
        boxes = [text.get_window_extent() for text in texts]
        assert not [(one, other) for one, other in combinations(boxes, 2) if one.overlaps(other)]
    assert len([text for text in right if text.get_text() in {title(arm) for arm in EIGHT}]) == 8


def test_shares_add_up_to_the_whole() -> None:
    known = results(SETTINGS, search=spread(search(2, SETTINGS), 2))
    found = numbers(known, back(known))
    for prefix in ("time", "search_time"):
        assert sum(found[f"{prefix}_{kind}_share"].value for kind in KINDS) == pytest.approx(100)
    assert found["time_hours"].value * 3600 == pytest.approx(back(known)["total"].sum())


@pytest.mark.parametrize("made", [[], [evaluation("0-0-0", None, status="too_large")], search(1, SETTINGS, failing=1)])
def test_few_and_failed_trainings_are_drawn(made) -> None:
    known = results(SETTINGS, search=spread(made, 2, gap=0))
    table = back(known)
    figure = draw(table)
    figure.draw_without_rendering()
    numbers(known, table)
    if not made:
        assert [text.get_text() for text in figure.axes[0].texts] == ["No training is finished."]


def test_figures_share_the_table_of_attempts_and_leave_it_as_it_is():
    shared = results(SETTINGS, search=spread(search(4, SETTINGS), 2))
    before = attempts(shared).copy()
    data(shared)
    bracket_schedule.data(shared)
    assert attempts(shared) is attempts(shared)
    pd.testing.assert_frame_equal(attempts(shared), before)
