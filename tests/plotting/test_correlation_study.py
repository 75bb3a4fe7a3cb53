"""The figure of the correlation study."""

import io

import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from synthetic import results, search

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.minimised import marked
from jointsearch.analysis.tables import early_stopping
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import LOSS, amount
from jointsearch.plotting.correlation_study import data, draw, numbers
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

SETTINGS = BudgetSettings(unit="seconds", minimum=400, maximum=10800)


def study(settings: BudgetSettings, done: list[int], failing: float = 0.1) -> list[Evaluation]:
    """The first `done[level]` configurations at each budget; noise fades as budgets grow."""
    rng = np.random.default_rng(0)
    quality, made = rng.uniform(0.1, 0.8, max(done)), []
    for rung, (budget, number) in enumerate(zip(budgets(settings), done, strict=True)):
        errors = np.clip(quality + 0.3 * 0.4**rung * rng.standard_normal(len(quality)), 0.05, 0.9)
        failed = rng.random(len(quality)) < failing
        made += [
            evaluation(
                f"0-0-{slot}",
                None if failed[slot] else round(2000 * float(errors[slot])) / 2000,
                rung=rung,
                slot=slot,
                budget=budget,
                budget_unit=settings.unit,
                study="correlation",
            )
            for slot in range(number)
        ]
    return made


def drawn(known: Results) -> Figure:
    return draw(pd.read_csv(io.BytesIO(csv_bytes(data(known)))))


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legends(figure: Figure) -> list[str]:
    return [text.get_text() for part in figure.subfigs for text in part.legends[0].get_texts()]


@pytest.fixture(scope="module")
def known() -> Results:
    return results(SETTINGS, search=search(8, SETTINGS), correlation=study(SETTINGS, [40] * 4))


@pytest.fixture(scope="module")
def wide() -> Figure:
    return drawn(results(SETTINGS, correlation=study(SETTINGS, [140] * 4)))


@pytest.fixture(scope="module")
def figure(known) -> Figure:
    return drawn(known)


def test_every_correlation_stands_at_its_place_neighbouring_budgets_first(known, figure) -> None:
    found = data(known)
    rows = found[found["part"] == "correlation"]
    order = [(400, 1200), (1200, 3600), (3600, 10800), (400, 3600), (1200, 10800), (400, 10800)]
    expected = [
        rows.loc[(rows["lower_budget"] == lower) & (rows["higher_budget"] == higher), "spearman"].tolist()
        for lower, higher in order
    ]
    places, marks = zip(
        *[line.get_xydata()[0] for line in figure.axes[0].lines if len(line.get_xydata()) == 1], strict=True
    )
    assert marks == pytest.approx(np.ravel(expected), nan_ok=True)
    assert list(places) == sorted(places)


def test_every_pair_names_its_budgets_and_its_numbers(known, figure) -> None:
    found = data(known)
    last = found[(found["lower_budget"] == 400) & (found["higher_budget"] == 10800)].set_index("of")["n"]
    cells = texts(figure.axes[0])
    assert cells[-5:] == ["lower", "higher", "n, study", "n, survivors", "n, search"]
    assert cells[-11:-6] == ["400 s", "3 h", *(str(int(last[of])) for of in ("study", "survivors", "search"))]
    assert cells[-6] == "×27"


def test_curves_end_with_everything_kept(wide) -> None:
    _, share, regret = wide.axes
    steps = [line for line in share.lines if line.get_drawstyle() == "steps-post"]
    assert len(steps) == 3
    assert all((line.get_xdata()[-1], line.get_ydata()[-1]) == (1, 100) for line in steps)
    assert all(line.get_ydata()[-1] == 0 for line in regret.lines if line.get_drawstyle() == "steps-post")
    assert share.get_ylabel().startswith("top 1") and share.get_ylabel().endswith(" kept (%)")


def test_a_top_of_fewer_than_ten_has_no_panel_of_its_share_and_no_random_choice(wide, figure) -> None:
    # Top tenths of about 3 of 40, and of more than ten of 140.
    assert texts(figure.axes[1]) == ["Fewer than 10 are\nin the top tenth."] and not figure.axes[1].lines
    assert "random choice" in legends(wide) and "random choice" not in legends(figure)
    assert [line for line in figure.axes[2].lines if line.get_drawstyle() == "steps-post"]


def test_what_has_no_point_is_not_in_the_legend() -> None:
    few = drawn(results(SETTINGS, correlation=study(SETTINGS, [12] * 4, failing=0)))
    assert not [text for text in legends(few) if text.startswith(("survivors", "search", "corrected"))]
    assert [text for text in legends(few) if text.startswith("study")]


def test_the_number_of_failures_is_said(known, figure) -> None:
    rows = early_stopping.data(known)
    said = [f"{amount(row.budget, 'seconds')}: {row.failed} failed" for row in rows.itertuples()]
    assert set(said) < set(legends(figure))
    assert f"study: 40 random configurations, {rows['failed_full'][0]} failed at 3 h" in legends(figure)
    assert rows["failed"].gt(0).any()


def test_a_study_half_done_says_how_far_and_keeps_the_look_of_each_budget() -> None:
    half = drawn(results(SETTINGS, correlation=study(SETTINGS, [0, 12, 17, 40], failing=0)))
    assert {"400 s: 0 of 40 done", "1 h: 17 of 40 done, 0 failed"} < set(legends(half))
    assert "study: 40 random configurations" in legends(half)
    handles = {
        text.get_text().split(":")[0]: handle.get_color()
        for part in half.subfigs
        for text, handle in zip(part.legends[0].get_texts(), part.legends[0].legend_handles, strict=True)
    }
    colours = [line.get_color() for line in half.axes[2].lines if line.get_drawstyle() == "steps-post"]
    assert colours == [handles["20 min"], handles["1 h"]]


@pytest.mark.parametrize("maximum", [3, 9, 81])
def test_any_number_of_budgets_is_drawn(maximum) -> None:
    settings = BudgetSettings(unit="epochs", minimum=1, maximum=maximum)
    figure = drawn(results(settings, correlation=study(settings, [12] * len(budgets(settings)))))
    figure.draw_without_rendering()
    assert figure.get_figwidth() == 7 and len(figure.axes) == 3


@pytest.mark.parametrize(
    ("maximum", "records", "reason"),
    [
        (400, lambda settings: study(settings, [5]), "There are no two budgets to compare."),
        (10800, lambda settings: [], "Nothing of the study is finished."),
    ],
)
def test_without_anything_to_show_the_figure_says_so(maximum, records, reason) -> None:
    settings = BudgetSettings(unit="seconds", minimum=400, maximum=maximum)
    assert texts(drawn(results(settings, correlation=records(settings))).axes[0]) == [reason]


def test_failures_only_and_too_few_are_told_apart() -> None:
    failed = drawn(results(SETTINGS, correlation=study(SETTINGS, [10] * 4, failing=1)))
    few = drawn(results(SETTINGS, correlation=study(SETTINGS, [0, 0, 2, 9])))
    assert texts(failed.axes[1]) == ["All fail at\nthe full budget."]
    assert texts(few.axes[1])[0].startswith("Fewer than 10")


def test_an_infinite_regret_leaves_the_panel_at_its_top() -> None:
    settings = BudgetSettings(unit="epochs", minimum=1, maximum=3)
    rest = [0.5 + slot / 20 for slot in range(6)]
    columns = [0.1, 0.2, 0.3, 0.4, *rest], [None, 0.5, 0.2, 0.3, *rest]
    records = [
        evaluation(f"0-0-{slot}", loss, rung=rung, slot=slot, budget=3.0**rung, study="correlation")
        for rung, losses in enumerate(columns)
        for slot, loss in enumerate(losses)
    ]
    regret = drawn(results(settings, correlation=records)).axes[2]
    step = next(line for line in regret.lines if line.get_drawstyle() == "steps-post").get_ydata()
    assert step[0] > regret.get_ylim()[1] > step[1] == pytest.approx(30) and step[-1] == 0


def test_numbers_are_those_of_the_data_and_survive_its_file(known) -> None:
    found = data(known)
    named = numbers(known, pd.read_csv(io.BytesIO(csv_bytes(found))))
    assert named == numbers(known, found)
    assert named["study_configurations"].value == 40
    for stem in ("study_spearman_400_10800", "study_spearman_survivors_400_1200", "study_spearman_difference"):
        assert named[f"{stem}_low"].value <= named[stem].value <= named[f"{stem}_high"].value
    near, far = named["study_spearman_neighbouring"].value, named["study_spearman_furthest"].value
    assert named["study_spearman_difference"].value == pytest.approx(near - far)
    assert len(named["study_spearman_400_10800"].sources) == 80


def test_made_again_it_has_the_same_bytes(known) -> None:
    assert csv_bytes(data(known)) == csv_bytes(data(known))


def test_a_regret_of_losses_that_are_no_errors_is_drawn_as_it_is(known) -> None:
    found = data(known)
    of_errors, of_losses = (draw(rows).axes[2] for rows in (found, marked(found, LOSS)))
    for error, loss in zip(of_errors.lines, of_losses.lines, strict=True):
        assert 100 * np.asarray(loss.get_ydata()) == pytest.approx(np.asarray(error.get_ydata()), nan_ok=True)
    assert of_losses.get_ylabel() == "regret"
