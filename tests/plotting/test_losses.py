"""Figures, numbers and texts of losses that are no errors: they say loss, know no percent, and may be negative."""

from dataclasses import replace
from statistics import median

import pandas as pd
import pytest
from own_searches import own_results

from jointsearch.analysis import model_proposals
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.importance import importances
from jointsearch.analysis.numbers import of_search
from jointsearch.core.evaluation import Report
from jointsearch.plotting import interactive
from jointsearch.plotting.figure import load
from jointsearch.results.results import StudyResults

FIGURES = ("full_budget_evaluations", "incumbent_over_time", "budget_correlation", "learning_curves")


@pytest.fixture(scope="module")
def results():
    return own_results()


def texts(figure) -> list[str]:
    """All labels of axes and legends."""
    axes = [label for one in figure.axes for label in (one.get_xlabel(), one.get_ylabel())]
    titles = [sub.get_suptitle() for sub in figure.subfigs]
    return [text for text in [*axes, *titles] if text]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_loss_and_draws_negative_ones_on_a_linear_axis(results, name):
    figure = load(name)
    data = figure.data(results)
    drawn = figure.draw(parse(csv_bytes(data)))
    labels = texts(drawn)
    assert any("loss" in text for text in labels)
    assert not any("%" in text or "error" in text for text in labels)
    assert all(axes.get_yscale() == "linear" for axes in drawn.axes)
    if figure.numbers is not None:
        numbers = figure.numbers(results, data)
        assert not [one for one in numbers.values() if one.unit == "%" or "error" in one.meaning]


def test_numbers_name_the_loss_and_its_test_and_no_weights(results):
    numbers = of_search(results)
    assert {"best_loss", "best_test_loss"} <= numbers.keys()
    assert not {"best_validation_error", "best_test_error", "best_parameters"} & numbers.keys()
    assert numbers["best_loss"].unit == "" and numbers["best_loss"].value < 0
    assert numbers["best_test_loss"].value == pytest.approx(numbers["best_loss"].value + 0.25)


def test_the_page_has_axes_of_losses_without_percent(results):
    page = interactive.data(results)
    axes = {axis["name"]: axis for axis in page["axes"]}
    assert "percent" not in axes["loss"] and axes["loss"]["low"] < 0 and axes["loss"]["kind"] == "linear"
    assert axes["loss"]["loss"] and axes["test loss"]["loss"] and "loss" not in axes["budget"]
    assert "network weights" not in axes
    [study] = page["studies"]
    assert {len(row) for row in study["rows"]} == {len(page["fields"]) + len(page["axes"])}
    assert study["judged"] == "loss" and "Lowest loss at 18 trees: -" in study["note"]


def test_a_model_is_judged_by_the_loss():
    found = model_proposals.numbers(own_results(9))
    assert "has a lower loss in" in found["model_superiority"].meaning


def test_importance_takes_negative_losses_as_they_are():
    found = importances.of(own_results(9))
    mains = found[(found["kind"] == "main") & (found["budget"] == 2) & (found["surrogate"] == "gp")]
    assert mains.set_index("first")["importance"].idxmax() == "learning_rate"
    assert mains["r2"].iloc[0] > 0.5


def test_what_is_reported_beyond_the_budget_does_not_replace_the_loss_that_was_returned(results):
    made = [
        one.model_copy(update={"reports": (*one.reports, Report(step=one.budget + 0.2, loss=99.0))})
        for one in results.evaluations("search")
    ]
    made[0] = made[0].model_copy(update={"status": "diverged", "loss": None})
    late = replace(results, studies={"search": StudyResults(results.experiment, tuple(made))})
    figure = load("learning_curves")
    before, after = (figure.data(known) for known in (results, late))
    succeeded = after["status"] == "success"
    shown = ["evaluation", "budget", "spent", "loss"]
    before = before[before["evaluation"] != made[0].id]
    assert sorted(after.loc[succeeded, shown].to_numpy().tolist()) == sorted(before[shown].to_numpy().tolist())
    assert after.loc[~succeeded, "loss"].tolist()[-1] == 99
    losses = [one.loss for one in made if one.budget == 18 and one.loss is not None]
    found = figure.numbers(late, after)
    assert found["best_loss_18"].value == min(losses) and found["median_loss_18"].value == median(losses)


def test_importance_says_whether_its_response_is_the_log_of_the_loss(results):
    shares = {"kind": "main", "first": "a", "importance": 0.5, "spread": 0.1, "r2": 0.5, "budget": 18.0}
    rows = pd.DataFrame([shares | {"surrogate": surrogate} for surrogate in importances.NAMES])
    made = [
        one if one.loss is None else one.model_copy(update={"loss": one.loss + 20})
        for one in results.evaluations("search")
    ]
    above = replace(results, studies={"search": StudyResults(results.experiment, tuple(made))})
    for known, what in ((results, "for the loss of"), (above, "for the log loss of")):
        assert what in load("importance").numbers(known, rows)["importance_gp_r2"].meaning
