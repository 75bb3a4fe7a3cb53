import numpy as np
import pandas as pd
import pytest
import yaml
from factories import VALUES, evaluation
from matplotlib.figure import Figure
from synthetic import NAMES, results, search

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.observations import table
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting.full_budget_evaluations import data, draw, from_observations, numbers

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)


def gathered(observations: pd.DataFrame) -> pd.DataFrame:
    """With made-up places: configuration i lies at (i, -i), and at 1 + i and 2 + i of two hyperparameters."""
    numbers = np.arange(observations["proposal"].nunique(), dtype=float)
    rows = from_observations(observations, np.column_stack([numbers, -numbers]))
    places = {"across_value": 1 + rows["x"], "up_value": 2 + rows["x"], "across_scale": "log", "up_scale": "linear"}
    return rows.assign(stress=0.25, across="learning_rate", up="momentum", **places)


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


def test_panels_c_and_d_show_every_configuration_once_and_colour_full_budgets_by_their_error(
    observations, figure
) -> None:
    rows = gathered(observations)
    full, failed = rows["budget"] == 27, rows["status"] != "success"
    judged = rows[full & ~failed].sort_values("loss", ascending=False)
    for axes, places in ((figure.axes[2], ["across_value", "up_value"]), (figure.axes[3], ["x", "y"])):
        stopped, crosses, coloured = axes.collections
        assert np.array_equal(stopped.get_offsets(), rows.loc[~full & ~failed, places].to_numpy())
        assert np.array_equal(crosses.get_offsets(), rows.loc[failed, places].to_numpy())
        assert np.array_equal(coloured.get_offsets(), judged[places].to_numpy())
        assert np.asarray(coloured.get_array()) == pytest.approx(100 * judged["loss"].to_numpy())


def test_panel_c_has_the_scales_of_the_space_and_panel_d_says_its_stress(figure) -> None:
    pair, footprint = figure.axes[2:4]
    assert (pair.get_xlabel(), pair.get_ylabel()) == ("learning rate", "momentum")
    assert (pair.get_xscale(), pair.get_yscale()) == ("log", "linear")
    assert footprint.get_xlabel() == "footprint of all, stress 0.25"


def test_panel_c_takes_the_two_that_separate_losses_most_at_the_full_budget() -> None:
    rng = np.random.default_rng(0)
    records = []
    for bracket in range(60):
        values = VALUES | {"learning_rate": 10 ** rng.uniform(-3, 0), "momentum": rng.uniform(0.01, 0.99)}
        values |= {"weight_decay": 10 ** rng.uniform(-5, -3)}
        loss = 0.1 - 0.2 * np.log10(values["learning_rate"]) + 0.2 * values["momentum"]
        records.append(evaluation(f"{bracket}-0-0", loss, bracket=bracket, budget=27, values=values))
    known = results(DEMO, search=records)
    rows = data(known)
    assert set(rows["across"]) == {"learning_rate"} and set(rows["up"]) == {"momentum"}
    assert rows["across_value"].tolist() == [one.proposal.values["learning_rate"] for one in records]
    (stress,) = set(rows["stress"])
    assert numbers(known, rows)["footprint_stress"].value == stress > 0


def test_values_of_a_wide_range_are_shown_first_though_few_of_them_were_trained() -> None:
    rng, records = np.random.default_rng(0), []
    for bracket in range(60):
        values = VALUES | {"learning_rate": (1e-3, 3e-2, 0.8)[bracket % 3], "momentum": rng.uniform(0.01, 0.99)}
        loss = 0.2 + 0.2 * (bracket % 3) + 0.01 * values["momentum"]
        records.append(evaluation(f"{bracket}-0-0", loss, bracket=bracket, budget=27, values=values))
    assert set(data(results(DEMO, search=records))["across"]) == {"learning_rate"}


def test_data_of_a_search_without_a_record_are_empty() -> None:
    assert data(results(DEMO)).empty


def test_where_fewer_than_two_hyperparameters_vary_panel_c_says_so(observations) -> None:
    figure = draw(gathered(observations).assign(up=""))
    assert "fewer than two" in figure.axes[2].texts[0].get_text()


def test_the_legend_names_origins_and_what_was_stopped(figure) -> None:
    (legend,) = legend_texts(figure)
    assert legend == ["random", "model-based", "incumbent", "failed", "trained at 27 epochs", "stopped earlier"]
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


def test_what_ties_with_the_incumbent_lies_above_its_line_and_within_the_panel(figure) -> None:
    order = figure.axes[0]
    (line,) = order.lines
    assert min(points.get_zorder() for points in order.collections[:2]) > line.get_zorder()
    low, high = np.log(order.get_ylim())
    assert (np.log(line.get_ydata()[-1]) - low) / (high - low) > 0.06


def test_legend_names_what_is_there() -> None:
    records = [evaluation(f"{slot}-0-0", loss, budget=27) for slot, loss in enumerate([0.2, 0.3])]
    (said,) = legend_texts(draw(gathered(table(records, []))))
    assert said == ["random", "incumbent", "trained at 27 epochs"]
    failed = [evaluation(f"{slot}-0-0", None, budget=27) for slot in range(2)]
    assert legend_texts(draw(gathered(table(failed, [])))) == [["failed"]]


def test_panel_c_has_the_values_of_a_list_in_the_order_of_the_space(tmp_path) -> None:
    sizes, momenta = [32, 64, 256, 512], [0.9, 0, 0.5]
    constants = {name: {"type": "constant", "value": value} for name, value in VALUES.items() if name != "batch_size"}
    lists = {
        "batch_size": {"type": "ordinal", "sequence": sizes},
        "momentum": {"type": "categorical", "choices": momenta},
    }
    file = tmp_path / "space.yaml"
    file.write_text(yaml.safe_dump({"hyperparameters": constants | lists}))
    records = [
        evaluation(f"0-0-{slot}", 0.1, slot=slot, values=VALUES | {"batch_size": size, "momentum": momenta[slot % 3]})
        for slot, size in enumerate([256, 512, 32, 64])
    ]
    pair = draw(parse(csv_bytes(data(results(DEMO, str(file), search=records))))).axes[2]
    assert (pair.get_xlabel(), pair.get_ylabel()) == ("batch size", "momentum")
    assert [text.get_text() for text in pair.get_xticklabels()] == ["32", "64", "256", "512"]
    assert [text.get_text() for text in pair.get_yticklabels()] == ["0.9", "0.0", "0.5"]
