import pandas as pd
import pytest
from factories import evaluation
from matplotlib.figure import Figure
from synthetic import results, search
from timelines import spread

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting.bracket_schedule import data, draw, numbers
from jointsearch.results.results import Results

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=27)


def back(known: Results) -> pd.DataFrame:
    return parse(csv_bytes(data(known)))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_pauses_are_cut_and_marked() -> None:
    made = search(4, SETTINGS)
    whole, torn = (results(SETTINGS, search=spread(made, 2, pauses=p)) for p in ([], [(1500, 36000)]))
    assert back(torn)["window"].max() == 2
    # Cut out, ten hours leave the axis as long as without them.
    assert back(torn)["window_end"].max() == pytest.approx(back(whole)["window_end"].max())
    figure = draw(back(torn))
    assert "10 h cut" in texts(figure)
    assert "interrupted" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_all_lanes_and_brackets_have_their_place(workers) -> None:
    lanes, brackets, _ = draw(back(results(SETTINGS, search=spread(search(5, SETTINGS), workers)))).axes
    assert lanes.get_ylim() == (workers + 0.6, 0.4)
    assert brackets.get_ylim() == (4.6, -0.6)


def test_utilisation_is_that_of_workers_without_gaps() -> None:
    made = [evaluation(f"0-0-{slot}", slot=slot) for slot in range(8)]
    # With each training 11.5 s and each gap 2 s, 4 trainings a lane are busy for 46 of 52 s.
    known = results(SETTINGS, search=spread(made, 2, gap=2.0))
    found = numbers(known, back(known))
    assert found["schedule_utilisation"].value == pytest.approx(100 * 46 / 52)
    assert found["schedule_lanes"].value == 2 and found["schedule_windows"].value == 1


def test_other_studies_on_the_same_workers_are_shown_and_those_elsewhere_are_not() -> None:
    made = spread(search(1, SETTINGS), 1)
    own, other = made[: len(made) // 2], made[len(made) // 2 :]
    known = results(SETTINGS, search=own, manual=spread([other[0]], 1, start=1000.0))
    assert set(back(known)["study"]) == {"search", "manual"}
    moved = [one.model_copy(update={"observed": one.observed.model_copy(update={"host": "far"})}) for one in other]
    known = results(SETTINGS, search=own, manual=moved)
    assert set(back(known)["study"]) == {"search"}


@pytest.mark.parametrize(
    "made", [[evaluation("0-0-0")], [evaluation("0-0-0", None, status="too_large")], search(1, SETTINGS, failing=1)]
)
def test_few_and_failed_trainings_are_drawn(made) -> None:
    known = results(SETTINGS, search=spread(made, 2, gap=0))
    draw(back(known)).draw_without_rendering()
    assert numbers(known, back(known))["schedule_lanes"].value >= 1


def test_without_trainings_the_figure_says_so() -> None:
    known = results(SETTINGS, manual=spread([evaluation("0-0-0")], 1))
    assert texts(draw(back(known))) == ["No training of the search is finished."]
    assert numbers(known, back(known)) == {}


def test_other_studies_differ_from_each_budget_in_grey() -> None:
    made = spread(search(1, SETTINGS), 1)
    known = results(SETTINGS, search=made, manual=spread([made[0]], 1, start=1000.0))
    handles = {one.get_label(): one for one in draw(back(known)).legends[0].get_patches()}
    assert handles["other studies"].get_hatch() and handles["other studies"].get_hatch() not in {
        one.get_hatch() for label, one in handles.items() if label != "other studies"
    }
