from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from arm_runs import EIGHT, STEPS, arms
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from synthetic import results

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.tables import arms_table
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting import style
from jointsearch.plotting.arms import data, draw, looks, numbers
from jointsearch.results.results import Results

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


@pytest.fixture(scope="module")
def made() -> Results:
    return arms(EPOCHS, 3, 4)


@pytest.fixture(scope="module")
def rows(made) -> pd.DataFrame:
    return parse(csv_bytes(data(made)))


@pytest.fixture(scope="module")
def figure(rows) -> Figure:
    return draw(rows)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_data_hold_paths_repeats_and_means_of_every_arm(made, rows) -> None:
    known = arms_table.data(made).set_index("arm")
    for arm in STEPS:
        own = rows[rows["arm"] == arm]
        assert own["part"].value_counts()["repeat"] == 6
        for _, course in own[own["part"] == "course"].groupby("repeat"):
            assert course["spent"].is_monotonic_increasing and (course["error"].diff().dropna() <= 0).all()
        for measure in ("validation", "test"):
            (mean,) = own.loc[(own["part"] == "mean") & (own["measure"] == measure), "error"]
            repeats = own.loc[(own["part"] == "repeat") & (own["measure"] == measure), "error"]
            assert mean == pytest.approx(repeats.mean()) == pytest.approx(known.loc[arm, f"{measure}_mean"])
        path = own[own["part"] == "path"]
        assert path["spent"].is_monotonic_increasing and (path["error"].diff().dropna() <= 0).all()
        assert path["spent"].iloc[-1] == known.loc[arm, "spent_mean"] == known.loc[arm, "compared_at"]
        assert (path["interval_low"] <= path["error"]).all() and (path["error"] <= path["interval_high"]).all()


def test_data_survive_their_file(made, rows) -> None:
    gathered = data(made)
    for name in gathered.columns:
        assert rows[name].dropna().tolist() == gathered[name].dropna().tolist(), name


def test_each_arm_has_a_panel_with_its_repeats_and_its_mean(rows, figure) -> None:
    assert [axes.get_title() for axes in figure.axes[:-2]] == [f"{title(arm)}\n3 of 3 complete" for arm in STEPS]
    for axes, arm in zip(figure.axes, STEPS, strict=False):
        (mean,) = rows.loc[(rows["arm"] == arm) & (rows["part"] == "mean") & (rows["measure"] == "validation"), "error"]
        (line,) = [line for line in axes.lines if line.get_linewidth() == 1.8]
        assert line.get_ydata()[-1] == pytest.approx(100 * mean)
        ends = [line for line in axes.lines if line.get_marker() == "o"]
        assert len(ends) == 3 and all(line.get_markerfacecolor() == line.get_color() for line in ends)


def test_panel_b_draws_every_repeat_and_counts_them(rows, figure) -> None:
    ends = figure.axes[-2]
    drawn = [line.get_xdata()[0] for line in ends.lines if line.get_markersize() == 2.5 and line.get_marker() == "o"]
    assert sorted(drawn) == pytest.approx(sorted(100 * rows.loc[rows["part"] == "repeat", "error"]))
    labels = [label.get_text() for label in ends.get_yticklabels()]
    assert labels == [f"{title(arm)}, n = 3" for arm in STEPS]
    assert ends.get_title(loc="right") == "15 of 15 complete"


def test_arms_differ_without_colour() -> None:
    known = looks(list(EIGHT), "joint_random")
    for what in ("marker", "color"):
        assert len({str(look[what]) for look in known.values()}) == len(EIGHT)
    assert known["joint_random"]["color"] == style.BLACK
    many = looks([f"a{number}" for number in range(30)], "a0")
    assert len({(look["color"], look["marker"]) for look in many.values()}) == 30


SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""What of linear red, green and blue is seen (Machado, Oliveira and Fernandes 2009, severity 1)."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, seen: str) -> np.ndarray:
    linear = np.array(SEEN[seen]) @ np.array([_linear(one) for one in to_rgb(color)])
    x, y, z = np.cbrt(XYZ @ linear.clip(0.001, 1) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize("seen", SEEN)
def test_the_colour_blind_distinguish_eight_arms(seen) -> None:
    colors = [lab(look["color"], seen) for look in looks(list(EIGHT), "joint_bohb").values()]
    # A difference of 2 is just noticeable.
    assert min(np.linalg.norm(one - other) for one, other in combinations(colors, 2)) > 12


def test_incomplete_searches_are_counted_and_all_arms_compared_where_the_first_of_them_is() -> None:
    made = arms(EPOCHS, 2, 4, joint_bohb_1=1, joint_random_0=2)
    rows = parse(csv_bytes(data(made)))
    figure = draw(rows)
    assert [axes.get_title().split("\n")[1] for axes in figure.axes[:2]] == ["1 of 2 complete"] * 2
    ends = figure.axes[-2]
    assert ends.get_title(loc="right") == "8 of 10 complete"
    (at,) = rows["compared_at"].unique()
    assert f"when {at:.3g} epochs were spent" in ends.get_xlabel()
    assert all(any(line.get_xdata()[0] == at for line in axes.lines) for axes in figure.axes[:-2])
    assert (rows.loc[rows["part"] == "repeat", "spent"] <= at).all()
    figure.draw_without_rendering()


def test_panel_c_draws_differences_with_their_intervals_and_fills_what_is_decided(made, rows, figure) -> None:
    known = arms_table.data(made).set_index("arm").drop("joint_bohb")
    *_, axes = figure.axes
    marks = [line for line in axes.lines if line.get_marker() != "" and line.get_marker() != "None"]
    bars = [line for line in axes.lines if line.get_linewidth() == 1.3]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx(list(100 * known["validation_difference"]))
    intervals = 100 * known[["validation_difference_low", "validation_difference_high"]].to_numpy()
    assert np.array([line.get_xdata() for line in bars]) == pytest.approx(intervals)
    assert "joint BOHB (points)" in axes.get_xlabel()
    decided = rows.assign(verdict=rows["verdict"].where(rows["verdict"] != "open", "worse"))
    filled = [line for line in draw(decided).axes[-1].lines if line.get_markersize() == 4.5]
    assert all(line.get_markerfacecolor() == line.get_color() for line in filled) and len(filled) == 4
    assert [line.get_markerfacecolor() for line in marks] == ["white"] * 4


def test_where_no_repeat_of_the_reference_is_there_its_differences_say_so() -> None:
    made = arms(EPOCHS, 2, 4)
    studies = {name: one for name, one in made.studies.items() if name in ("joint_bohb-0", "joint_random-1")}
    figure = draw(parse(csv_bytes(data(replace(made, studies=studies)))))
    assert texts(figure) == ["No arm has a repeat to\ncompare with joint BOHB."]
    assert all(len(axes.lines) for axes in figure.axes[:2])
    figure.draw_without_rendering()


def test_many_arms_stand_in_rows_and_nothing_is_written_over_another() -> None:
    made = arms(EPOCHS, 3, 4, steps_of={**EIGHT, "an_arm_with_a_name_that_is_longer_than_its_panel_first": (1, 2)})
    figure = draw(parse(csv_bytes(data(made))))
    figure.draw_without_rendering()
    panels = figure.axes[:-2]
    assert len(panels) == 9 and len({round(axes.get_position().y0, 3) for axes in panels}) == 3
    written = [*(axes.title for axes in panels), *figure.axes[-2].get_yticklabels()]
    boxes = [text.get_window_extent() for text in written]
    boxes += [axes.get_legend().get_window_extent() for axes in figure.axes[-2:]]
    boxes += [axes.get_window_extent() for axes in panels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (results(EPOCHS), "No arm has begun."),
        (
            arms(EPOCHS, 2, 4, failing=1),
            "Of 10 searches that have begun, none has a success at the full budget.",
        ),
    ],
    ids=["none", "failed"],
)
def test_where_there_is_nothing_to_compare_the_figure_says_so(made, message) -> None:
    figure = draw(parse(csv_bytes(data(made))))
    assert texts(figure) == [message]
    assert numbers(made, parse(csv_bytes(data(made)))) == {}
    figure.draw_without_rendering()


@pytest.mark.parametrize(("repeats", "failing"), [(1, 0.0), (2, 0.7)])
def test_few_and_failing_repeats_are_drawn(repeats, failing) -> None:
    figure = draw(parse(csv_bytes(data(arms(EPOCHS, repeats, 2, failing=failing)))))
    low, high = figure.axes[0].get_ylim()
    assert 0 <= low < high <= 105
    figure.draw_without_rendering()


def test_an_arm_may_be_missing(made) -> None:
    studies = {name: one for name, one in made.studies.items() if not name.startswith("joint_")}
    figure = draw(parse(csv_bytes(data(replace(made, studies=studies)))))
    assert len(figure.axes[-2].get_yticklabels()) == 2
    figure.draw_without_rendering()


def test_share_is_of_what_is_spent_where_all_are_compared(made, rows) -> None:
    (at,) = rows["compared_at"].unique()
    for name, number in numbers(made, rows).items():
        arm = name.removeprefix("joint_bohb_reaches_")
        path = rows[(rows["arm"] == "joint_bohb") & (rows["part"] == "path")]
        other = rows[(rows["arm"] == arm) & (rows["part"] == "path")]
        then = path[path["spent"] <= number.value / 100 * at + 1e-9]
        assert then["error"].iloc[-1] <= other["error"].iloc[-1]
        assert len(then) == 1 or then["error"].iloc[-2] > other["error"].iloc[-1]


def test_same_data_same_bytes(rows, figure) -> None:
    assert style.render(draw(rows)) == style.render(figure)
    assert np.isfinite(rows.loc[rows["part"] == "path", "error"]).all()


def test_legends_name_what_is_drawn(figure) -> None:
    few = draw(parse(csv_bytes(data(arms(EPOCHS, 2, 4)))))
    of_few, of_three = ([text.get_text() for text in one.subfigs[0].legends[0].get_texts()] for one in (few, figure))
    assert of_few[0] == "mean" and of_three[0] == "mean, 95 % interval (shaded)"
    assert of_few[1:] == of_three[1:] == ["repeat, complete", "mean of joint BOHB", "compared here"]
    decisions = [[text.get_text() for text in one.axes[-1].get_legend().get_texts()] for one in (few, figure)]
    assert decisions == [["no test"], ["open"]]
