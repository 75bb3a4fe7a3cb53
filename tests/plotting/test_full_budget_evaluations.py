import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.figure import Figure
from synthetic import NAMES, search

from jointsearch.analysis.observations import table
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting.full_budget_evaluations import draw, from_observations

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)


def gathered(observations: pd.DataFrame) -> pd.DataFrame:
    """With made-up places: configuration i lies at (i, -i)."""
    numbers = np.arange(observations["proposal"].nunique(), dtype=float)
    return from_observations(observations, np.column_stack([numbers, -numbers]))


@pytest.fixture(scope="module")
def observations() -> pd.DataFrame:
    return table(search(12, DEMO, failing=0.15), NAMES)


@pytest.fixture(scope="module")
def figure(observations) -> Figure:
    return draw(gathered(observations))


def legend_texts(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]


def test_data_hold_each_configuration_once_at_the_largest_budget_it_reached(observations) -> None:
    rows = gathered(observations)
    reached = observations.groupby("proposal")["budget"].max()
    assert rows["proposal"].is_unique and len(rows) == len(reached)
    assert rows.set_index("proposal")["budget"].to_dict() == reached.to_dict()
    first_seen = {proposal: place for place, proposal in enumerate(observations["proposal"].unique())}
    assert rows["x"].tolist() == [first_seen[proposal] for proposal in rows["proposal"]]


def test_full_budget_evaluations_are_numbered_by_bracket_and_slot(observations) -> None:
    rows = gathered(observations)
    full = observations[observations["budget"] == 27].sort_values(["bracket", "slot"])
    ordered = rows[rows["order"].notna()].sort_values("order")
    assert ordered["proposal"].tolist() == full["proposal"].tolist()
    assert ordered["order"].tolist() == list(range(1, len(full) + 1))


def test_incumbent_is_the_running_minimum_that_failures_do_not_change() -> None:
    losses = [None, 0.5, None, 0.3, 0.4, 0.2]
    records = [evaluation(f"{bracket}-0-0", loss) for bracket, loss in enumerate(losses)]
    incumbent = gathered(table(records, []))["incumbent"]
    assert np.isnan(incumbent[0])
    assert incumbent[1:].tolist() == [0.5, 0.5, 0.3, 0.3, 0.2]


def test_panel_a_marks_random_model_based_and_failed_evaluations(observations, figure) -> None:
    full = observations[observations["budget"] == 27]
    random, model, failed = (np.asarray(collection.get_offsets()) for collection in figure.axes[0].collections)
    for points, origin in ((random, "random"), (model, "model")):
        losses = full.loc[(full["origin"] == origin) & (full["status"] == "success"), "loss"]
        assert points[:, 1] == pytest.approx(100 * losses.to_numpy())
    assert len(failed) == (full["status"] != "success").sum() > 0
    assert (failed[:, 1] == 1).all()
    assert sorted([*random[:, 0], *model[:, 0], *failed[:, 0]]) == list(range(1, len(full) + 1))


def test_panel_a_draws_the_incumbent(observations, figure) -> None:
    (line,) = figure.axes[0].lines
    full = observations[observations["budget"] == 27]
    assert line.get_ydata()[-1] == pytest.approx(100 * full["loss"].min())


def test_panel_b_draws_distributions_that_end_at_the_share_of_successes(observations, figure) -> None:
    full = observations[observations["budget"] == 27]
    for line, origin in zip(figure.axes[1].lines, ("random", "model"), strict=True):
        rows = full[full["origin"] == origin]
        share, percent = line.get_data()
        assert share[-1] == pytest.approx((rows["status"] == "success").mean())
        assert percent[1:] == pytest.approx(100 * np.sort(rows["loss"].dropna()))
        assert (np.diff(share) > 0).all()


def test_panel_c_shows_every_configuration_once_coloured_by_its_error(observations, figure) -> None:
    rows = gathered(observations)
    failed, *by_budget = figure.axes[2].collections
    assert len(failed.get_offsets()) == (rows["status"] != "success").sum()
    assert len(by_budget) == 4
    for collection, budget in zip(by_budget, (1, 3, 9, 27), strict=True):
        here = rows[(rows["budget"] == budget) & (rows["status"] == "success")]
        assert np.array_equal(collection.get_offsets(), here[["x", "y"]].to_numpy())
        assert np.asarray(collection.get_array()) == pytest.approx(100 * here["loss"].to_numpy())


def test_legends_name_origins_and_budgets(figure) -> None:
    origins, budgets = legend_texts(figure)
    assert origins == ["random", "model-based", "incumbent", "failed"]
    assert budgets == ["1 epoch", "3 epochs", "9 epochs", "27 epochs"]
    assert figure.axes[0].get_xlabel() == "evaluation at 27 epochs, in order"


@pytest.mark.parametrize(
    "records",
    [
        search(4, DEMO, failing=1),
        [evaluation("0-0-0", None)],
        [evaluation("0-0-0", 0.2), evaluation("0-0-0", None, rung=1, budget=3), evaluation("0-0-1", None, slot=1)],
    ],
)
def test_where_all_failed_at_the_full_budget_the_panel_says_so(records) -> None:
    figure = draw(gathered(table(records, NAMES)))
    assert [text.get_text() for text in figure.axes[0].texts] == ["all failed"]
    figure.draw_without_rendering()


@pytest.mark.parametrize("losses", [[0.0], [0.3], [0.0, 0.0, 0.0], [0.0, 0.007, 0.9], [0.1, None]])
def test_few_equal_or_zero_errors_are_drawn(losses) -> None:
    records = [evaluation(f"{bracket}-0-0", loss) for bracket, loss in enumerate(losses)]
    figure = draw(gathered(table(records, [])))
    random, _, failed = (np.asarray(collection.get_offsets()) for collection in figure.axes[0].collections)
    assert random[:, 1].tolist() == [100 * loss for loss in losses if loss is not None]
    assert len(failed) == losses.count(None)
    low, high = figure.axes[0].get_ylim()
    assert (random[:, 1] > low).all() and (random[:, 1] < high).all()
    figure.draw_without_rendering()


def test_without_evaluations_the_figure_says_so() -> None:
    figure = draw(gathered(table([], NAMES)))
    assert [text.get_text() for text in figure.axes[0].texts] == ["No evaluation is finished."]
    figure.draw_without_rendering()
