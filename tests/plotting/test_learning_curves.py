from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.collections import LineCollection
from synthetic import results, search

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.plotting.learning_curves import data, draw, numbers
from jointsearch.results.results import Results

SETTINGS = BudgetSettings(unit="seconds", minimum=1, maximum=9)


def back(known: Results) -> pd.DataFrame:
    return parse(csv_bytes(data(known)))


def trained(slot: int, budget: float, rung: int, seconds: list[float], errors: list[float | None]) -> Evaluation:
    rows = [
        {"step": 10 * (number + 1), "epoch": 1, "learning_rate": 0.1, "train_loss": 2.0}
        | {"validation_error": error, "test_error": error}
        for number, error in enumerate(errors)
    ]
    made = evaluation(
        f"0-0-{slot}",
        errors[-1],
        slot=slot,
        rung=rung,
        budget=budget,
        budget_unit="seconds",
        curve=rows,
        steps=10 * len(rows),
    )
    return made.model_copy(update={"observed": made.observed.model_copy(update={"curve_seconds": tuple(seconds)})})


# The second of three budgets has two cycles, of 1 s and 2 s.
QUARTERS = [0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3]
THREE = [
    trained(0, 3, 1, QUARTERS, [None, None, None, 0.6, None, 0.7, None, 0.5]),
    trained(1, 3, 1, QUARTERS, [None, None, None, 0.4, None, None, None, 0.3]),
    trained(2, 3, 1, QUARTERS, [None, None, None, None, None, None, None, 0.8]),
]


def test_rows_know_their_cycle_their_moment_and_the_rank_of_their_training() -> None:
    table = back(results(SETTINGS, search=THREE))
    first = table[table["evaluation"] == "0-0-0@1"]
    assert first["moment"].tolist() == first["spent"].tolist() == QUARTERS
    assert first["cycle_start"].tolist() == [0] * 4 + [1] * 4
    assert first["cycle_end"].tolist() == [1] * 4 + [3] * 4
    assert table.drop_duplicates("evaluation").set_index("evaluation")["rank"].to_dict() == {
        "0-0-1@1": 1,
        "0-0-0@1": 2,
        "0-0-2@1": 3,
    }


def test_a_median_stands_only_where_the_trainings_were_measured() -> None:
    error, loss, _ = draw(back(results(SETTINGS, search=THREE))).axes
    *_, median = (line for line in error.lines if line.get_linestyle() == "--")
    assert (median.get_xdata().tolist(), median.get_ydata().tolist()) == ([3], [50])
    *_, median = (line for line in loss.lines if line.get_linestyle() == "--")
    assert median.get_xdata().tolist() == QUARTERS


def test_the_best_is_drawn_apart_and_restarts_are_marked() -> None:
    error, *_ = draw(back(results(SETTINGS, search=THREE))).axes
    (best,) = (line for line in error.lines if line.get_marker() == "o")
    assert best.get_ydata() == pytest.approx([40, 30])
    assert [line.get_xdata()[0] for line in error.lines if line.get_linestyle() == ":"] == [1]
    (curves,) = (one for one in error.collections if isinstance(one, LineCollection))
    assert [len(path.vertices) for path in curves.get_paths()] == [1, 3, 2]


def test_continued_trainings_begin_where_the_lower_budget_ended() -> None:
    known = results(SETTINGS)
    settings = known.experiment.training.model_copy(update={"continuation": True})
    experiment = known.experiment.model_copy(update={"training": settings})
    one = trained(0, 3, 1, [0.5, 1, 1.5, 2], [None, None, None, 0.5]).model_copy(update={"continues": "0-0-0@0"})
    studies = {"search": known.studies["search"].__class__(experiment, (one,))}
    table = back(replace(known, experiment=experiment, studies=studies))
    assert table["spent"].tolist() == [1.5, 2, 2.5, 3]
    assert set(table["cycle_start"]) == {1} and set(table["cycle_end"]) == {3}


def test_a_failed_training_has_spent_the_computation_of_its_steps() -> None:
    settings = BudgetSettings(unit="gflop", minimum=1, maximum=9)
    row = {"learning_rate": 0.1, "train_loss": 1, "validation_error": None}
    curve = [{"step": step, "epoch": step / 10, **row} for step in (2, 6)]
    one = evaluation("0-0-0", None, budget=9, budget_unit="gflop", steps=7, step_cost=0.5, curve=curve)
    one = one.model_copy(update={"observed": one.observed.model_copy(update={"curve_seconds": (1.0, 2.0)})})
    known = results(settings, search=[one])
    assert back(known)["spent"].tolist() == [1, 3]
    assert draw(back(known)).get_supxlabel() == "training (GFLOP)"


def test_numbers_are_those_at_the_ends() -> None:
    known = results(SETTINGS, search=[*THREE, evaluation("0-0-9", None, rung=1, budget=3, budget_unit="seconds")])
    found = numbers(known, back(known))
    values = [found[name].value for name in ("curves_3", "best_error_3", "median_error_3")]
    assert values == pytest.approx([3, 30, 50])
    assert len(found["curves_3"].sources) == 3


@pytest.mark.parametrize(
    "made",
    [
        search(4, BudgetSettings(unit="epochs", minimum=1, maximum=9)),
        search(1, BudgetSettings(unit="epochs", minimum=1, maximum=9), failing=1),
        [evaluation("0-0-0", 0.0)],
        [evaluation("0-0-0", None, curve=[], status="too_large", steps=0) for _ in range(2)],
    ],
)
def test_few_and_failed_trainings_are_drawn(made) -> None:
    made = [
        one if one.curve else one.model_copy(update={"observed": one.observed.model_copy(update={"curve_seconds": ()})})
        for one in made
    ]
    known = results(BudgetSettings(unit="epochs", minimum=1, maximum=9), search=made)
    figure = draw(back(known))
    figure.draw_without_rendering()
    numbers(known, back(known))
    if all(one.loss is None for one in made):
        assert {text.get_text() for axes in figure.axes for text in axes.texts} == {"all failed"}


def test_what_was_not_measured_is_named() -> None:
    point = {"step": 10, "epoch": 1, "learning_rate": 0, "train_loss": None, "validation_error": 0.5, "test_error": 0.5}
    one = evaluation("0-0-0", 0.5, curve=[point])
    error, loss, _ = draw(back(results(BudgetSettings(unit="epochs", minimum=1, maximum=1), search=[one]))).axes
    assert ([text.get_text() for text in error.texts], error.collections == []) == ([], False)
    assert [text.get_text() for text in loss.texts] == ["not measured"]


def test_without_trainings_the_figure_says_so() -> None:
    figure = draw(back(results(SETTINGS)))
    assert [text.get_text() for text in figure.axes[0].texts] == ["No training of the search is finished."]


def test_curves_stay_within_their_axes() -> None:
    late = [trained(0, 3, 1, [0.5, 4.5], [None, 0.5])]
    error, *_ = draw(back(results(SETTINGS, search=late))).axes
    assert error.get_xlim()[1] > 4.5
    assert np.isfinite(error.get_ylim()).all()


def test_a_training_that_diverged_does_not_flatten_the_others() -> None:
    more = [trained(slot, 3, 1, QUARTERS, [None] * 7 + [0.6]) for slot in (3, 4)]
    table = back(results(SETTINGS, search=[*THREE, *more]))
    diverged = table.assign(train_loss=table["train_loss"].where(table["rank"] != 5, 1e6))
    assert diverged["train_loss"].max() == 1e6
    for one in (table, diverged):
        assert draw(one).axes[1].get_ylim()[1] < 5
