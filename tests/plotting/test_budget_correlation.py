import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from synthetic import NAMES, search

from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.observations import table
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting.budget_correlation import draw, from_observations


def drawn(observations: pd.DataFrame) -> Figure:
    return draw(from_observations(observations, np.random.default_rng(0)))


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def points(axes: Axes) -> np.ndarray:
    return np.concatenate([np.asarray(collection.get_offsets()) for collection in axes.collections])


@pytest.fixture(scope="module")
def observations() -> pd.DataFrame:
    return table(search(48, BudgetSettings(unit="seconds", minimum=400, maximum=10800)), NAMES)


def test_every_pair_has_its_cell_with_correlation_interval_and_n(observations) -> None:
    matrix, *_ = drawn(observations).axes
    known = correlations(observations, np.random.default_rng(0))
    assert len(texts(matrix)) == len(matrix.patches) == len(known) == 6
    for text, row in zip(texts(matrix), known.to_dict("records"), strict=True):
        correlation, interval, n = text.replace("−", "-").split("\n")
        assert float(correlation) == pytest.approx(row["spearman"], abs=0.005)
        low, high = interval.strip("[]").split(", ")
        assert (float(low), float(high)) == pytest.approx((row["interval_low"], row["interval_high"]), abs=0.006)
        assert n == f"n = {row['n']}"


def test_scatter_panels_hold_every_pair_of_errors_in_percent(observations) -> None:
    _, *panels = drawn(observations).axes
    successful = observations[observations["status"] == "success"].pivot(
        index="proposal", columns="budget", values="loss"
    )
    expected = [(400, 1200), (400, 3600), (1200, 3600), (400, 10800), (1200, 10800), (3600, 10800)]
    assert len(panels) == len(expected)
    for axes, (lower, higher) in zip(panels, expected, strict=True):
        both = 100 * successful[[lower, higher]].dropna().to_numpy()
        assert np.sort(points(axes), axis=0) == pytest.approx(np.sort(both, axis=0))
        assert (points(axes) > np.array([axes.get_xlim()[0], axes.get_ylim()[0]])).all()


def test_budgets_are_named_on_both_sides(observations) -> None:
    matrix, *panels = drawn(observations).axes
    assert [label.get_text() for label in matrix.get_xticklabels()] == ["400 s", "20 min", "1 h"]
    assert [label.get_text() for label in matrix.get_yticklabels()] == ["20 min", "1 h", "3 h"]
    assert [axes.get_xlabel() for axes in panels if axes.get_xlabel()] == ["400 s", "20 min", "1 h"]
    assert [axes.get_ylabel() for axes in panels if axes.get_ylabel()] == ["20 min", "1 h", "3 h"]


@pytest.mark.parametrize(("maximum", "pairs"), [(3, 1), (9, 3), (81, 10)])
def test_any_number_of_budgets_is_drawn(maximum, pairs) -> None:
    figure = drawn(table(search(5, BudgetSettings(unit="epochs", minimum=1, maximum=maximum)), NAMES))
    assert len(figure.axes) == 1 + pairs
    figure.draw_without_rendering()
    assert figure.get_figwidth() == 7


@pytest.mark.parametrize("observations", [table([], []), table([evaluation("0-0-0"), evaluation("0-0-1", None)], [])])
def test_without_two_budgets_the_figure_says_so(observations) -> None:
    figure = drawn(observations)
    assert texts(figure.axes[0]) == ["There are no two budgets to compare."]
    figure.draw_without_rendering()


def test_failures_only_leave_cells_that_say_so() -> None:
    figure = drawn(table(search(4, BudgetSettings(unit="epochs", minimum=1, maximum=9), failing=1), NAMES))
    matrix, message = figure.axes
    assert set(texts(matrix)) == {"too few\nn = 0"}
    assert texts(message) == ["No configuration succeeded at two budgets."]
    figure.draw_without_rendering()


def test_pair_without_points_among_others_says_none() -> None:
    records = [evaluation(f"0-0-{slot}", loss, budget=1, slot=slot) for slot, loss in enumerate([0.1, 0.5] * 5)]
    records += [evaluation(f"0-0-{slot}", 0.1, rung=1, budget=3, slot=slot) for slot in range(10)]
    records += [evaluation("0-0-0", None, rung=2, budget=9)]
    figure = drawn(table(records, []))
    matrix, *panels = figure.axes
    assert texts(matrix) == ["all equal\nn = 10", "too few\nn = 0", "too few\nn = 0"]
    assert [texts(axes) for axes in panels] == [[], ["none"], ["none"]]
    figure.draw_without_rendering()


def test_every_panel_shows_its_points(observations) -> None:
    _, *panels = drawn(observations).axes
    for axes in panels:
        (low, high), offsets = axes.get_xlim(), np.asarray(axes.collections[0].get_offsets())
        assert low < offsets[:, 0].min() and offsets[:, 0].max() < high
        assert low > 0.5 * offsets[:, 0].min()
