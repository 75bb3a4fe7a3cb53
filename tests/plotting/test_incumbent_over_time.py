import numpy as np
import pandas as pd
import pytest
from arm_runs import spent
from factories import evaluation
from matplotlib.figure import Figure
from synthetic import results, search

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting import style
from jointsearch.plotting.incumbent_over_time import data, draw, numbers
from jointsearch.results.results import Results
from jointsearch.search.incumbent import incumbent

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=27)
MODEL = {"sampler": "bohb", "kind": "model", "model_budget": 1}


def drawn(made: Results) -> Figure:
    return draw(parse(csv_bytes(data(made))))


@pytest.fixture(scope="module")
def made() -> Results:
    return results(EPOCHS, search=[spent(one) for one in search(8, EPOCHS)])


@pytest.fixture(scope="module")
def rows(made) -> pd.DataFrame:
    return parse(csv_bytes(data(made)))


@pytest.fixture(scope="module")
def figure(rows) -> Figure:
    return draw(rows)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_data_end_at_the_incumbent_of_the_search(made, rows) -> None:
    best = incumbent(made.evaluations("search"))
    last = rows.iloc[-1]
    assert (last["incumbent"], last["incumbent_loss"]) == (f"search/{best.evaluation}", best.loss)
    assert last["spent"] == sum(one.budget for one in made.evaluations("search"))
    assert (last["brackets"], last["complete"], last["full_budget"]) == (8, 8, 27)


def test_lines_are_the_incumbents_errors(rows, figure) -> None:
    test, validation, *_ = figure.axes[0].lines
    known = rows["incumbent_loss"].notna()
    for line, column in ((validation, "incumbent_loss"), (test, "incumbent_test_error")):
        y = np.asarray(line.get_ydata(), dtype=float)
        assert y[~np.isnan(y)] == pytest.approx(100 * rows.loc[known, column].to_numpy())
        assert line.get_drawstyle() == "steps-post"


def test_every_incumbent_is_marked_by_its_budget(rows, figure) -> None:
    marks = {line.get_marker(): line for line in figure.axes[0].lines if line.get_linestyle() == "None"}
    budgets = sorted(rows["incumbent_budget"].dropna().unique())
    assert len(marks) == len(budgets) == 4
    assert sum(len(line.get_xdata()) for line in marks.values()) == rows["incumbent"].nunique()
    at_full = rows.loc[rows["incumbent_budget"] == 27, "incumbent"].nunique()
    assert len(marks["o"].get_xdata()) == at_full
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[2:] == ["at 1 epoch", "at 3 epochs", "at 9 epochs", "at 27 epochs", "others at 27 epochs"]


def test_model_begins_after_what_was_spent_on_the_first_four_brackets(made, rows, figure) -> None:
    before = sum(one.budget for one in made.evaluations("search") if one.bracket < 4)
    assert figure.axes[0].lines[-1].get_xdata()[0] == before
    assert numbers(made, rows)["spent_before_model"].value == before
    assert texts(figure) == ["first proposals of a model"]


def test_without_a_model_none_is_marked() -> None:
    made = results(EPOCHS, search=search(2, EPOCHS))
    figure = drawn(made)
    assert texts(figure) == []
    assert "spent_before_model" not in numbers(made, data(made))
    figure.draw_without_rendering()


def test_a_search_under_way_says_how_far_it_is() -> None:
    figure = drawn(results(EPOCHS, search=search(3, EPOCHS)[:-1]))
    assert figure.axes[0].get_title(loc="right") == "2 of 8 brackets"
    figure.draw_without_rendering()


def test_a_finished_search_says_nothing_of_it(figure) -> None:
    assert figure.axes[0].get_title(loc="right") == ""


def test_numbers_say_when_the_incumbent_came_up(made, rows) -> None:
    found = numbers(made, rows)
    evaluations = made.evaluations("search")
    best = incumbent(evaluations).evaluation
    place = [one.id for one in evaluations].index(str(best))
    assert found["spent_before_incumbent"].value == sum(one.budget for one in evaluations[: place + 1])
    assert found["spent_before_incumbent"].sources[-1] == f"search/{best}"
    assert found["search_spent"].value == sum(one.budget for one in evaluations)
    order = ["spent_before_full_budget", "spent_before_near_incumbent", "spent_before_incumbent", "search_spent"]
    values = [found[name].value for name in order]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "No evaluation is finished."),
        ([evaluation("0-0-0", None), evaluation("0-0-1", None, slot=1)], "All of 2 evaluations failed"),
        ([evaluation("0-0-0", 0.5, epochs=0)], "No evaluation took any of its budget."),
    ],
    ids=["none", "failed", "nothing spent"],
)
def test_without_anything_to_draw_the_figure_says_so(records, message) -> None:
    made = results(EPOCHS, search=records)
    figure = drawn(made)
    assert texts(figure)[0].startswith(message)
    if not any(one.loss is not None for one in records):
        assert not {"spent_before_incumbent", "spent_before_full_budget"} & set(numbers(made, data(made)))
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    "records",
    [
        [evaluation("0-0-0", 0.0)],
        [evaluation("0-0-0", 0.5, origin=MODEL), evaluation("0-0-1", 0.4, slot=1, origin=MODEL)],
        [evaluation("0-0-0", None, epochs=0, origin=MODEL), evaluation("0-0-1", 0.4, slot=1)],
        [evaluation("0-0-0", None, epochs=0), evaluation("0-0-1", 0.4, slot=1, origin=MODEL)],
        [evaluation("0-0-0", 0.3, budget=27, rung=3), evaluation("0-0-1", 0.4, slot=1, budget=27, rung=3)],
    ],
)
def test_few_evaluations_are_drawn(records) -> None:
    made = results(EPOCHS, search=records)
    numbers(made, data(made))
    drawn(made).draw_without_rendering()


def test_same_data_same_bytes(rows) -> None:
    assert style.render(draw(rows)) == style.render(draw(rows))
