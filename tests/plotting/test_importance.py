import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.figure import Figure
from own_searches import own_results
from synthetic import results

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.importance.groups import Effects
from jointsearch.core.config import BudgetSettings
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.plotting import style
from jointsearch.plotting.importance import STRONGEST, data, draw, numbers

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=9)
NAMES = (*ARCHITECTURE_PARAMETERS, *TRAINING_PARAMETERS)


PART_OF = dict.fromkeys(ARCHITECTURE_PARAMETERS, "architecture") | dict.fromkeys(TRAINING_PARAMETERS, "other_things")


def made_up(
    r2: dict[str, float],
    names: tuple[str, ...] = NAMES,
    n: int = 100,
    part_of: Mapping[str, str] = PART_OF,
    drawn: int = 19,
) -> pd.DataFrame:
    """As `data` gives it, of made-up shares at the full budget and half of them below."""
    part_of = {name: part for name, part in part_of.items() if name in names}
    labels, rng, rows = Effects.of(names, part_of).labels, np.random.default_rng(0), []
    for budget in (1.0, 3.0, 9.0):
        for surrogate, value in r2.items():
            shares = rng.dirichlet(np.full(len(labels), 0.3))
            known = not np.isnan(value)
            rows += [
                (
                    surrogate,
                    budget,
                    "epochs",
                    *label,
                    part_of.get(label[1], ""),
                    share if known else np.nan,
                    share / 2,
                    n,
                    7,
                    drawn,
                    value,
                )
                for label, share in zip(labels, shares, strict=True)
            ]
    columns = ["surrogate", "budget", "budget_unit", "kind", "first", "second", "part"]
    columns += ["importance", "spread", "n", "failed", "drawn", "r2"]
    return pd.read_csv(io.BytesIO(csv_bytes(pd.DataFrame(rows, columns=columns))))


def texts(figure: Figure) -> str:
    legends = [text.get_text() for legend in figure.legends for text in (*legend.get_texts(), legend.get_title())]
    return "\n".join([*legends, *(text.get_text() for axes in figure.axes for text in axes.texts)])


def test_panels_hold_all_mains_the_strongest_pairs_and_the_sums() -> None:
    rows = made_up({"forest": 0.4, "gp": 0.6})
    mains, by_budget, pairs, groups = draw(rows).axes
    part_of = {style.words(name): part for name, part in PART_OF.items()}
    names = [label.get_text() for label in mains.get_yticklabels()]
    assert sorted(names) == sorted(part_of)
    assert [part_of[name] for name in names] == ["architecture"] * 10 + ["other_things"] * 7
    assert [text.get_text() for text in mains.texts] == ["architecture", "other things"]
    assert len(pairs.get_yticklabels()) == STRONGEST
    bold = {label.get_text() for label in groups.get_yticklabels() if label.get_fontweight() == "bold"}
    assert (len(groups.get_yticklabels()), bold) == (6, {"architecture ×\nother things"})
    drawn = np.concatenate([container.lines[0].get_xdata() for container in groups.containers])
    sums = rows[~rows["kind"].isin(["main", "pair"]) & (rows["budget"] == 9)]["importance"]
    assert np.sort(drawn) == pytest.approx(np.sort(100 * sums))
    assert len(by_budget.get_xticklabels()) == 6
    of_pairs = rows[(rows["kind"] == "pair") & (rows["budget"] == 9)].groupby(["first", "second"])["importance"].mean()
    assert pairs.get_yticklabels()[0].get_text() == style.words(" ×\n".join(of_pairs.idxmax()))
    drawn = np.concatenate([container.lines[0].get_xdata() for container in mains.containers])
    known = rows[(rows["kind"] == "main") & (rows["budget"] == 9)]["importance"]
    assert np.sort(drawn) == pytest.approx(np.sort(100 * known))


def test_without_parts_the_sums_are_not_drawn_and_the_rest_is() -> None:
    figure = draw(made_up({"forest": 0.4, "gp": 0.6}, part_of={}))
    mains, _, pairs, groups = figure.axes
    assert "The space names no parts" in texts(figure) and not groups.containers
    assert len(mains.get_yticklabels()) == 17 and len(pairs.get_yticklabels()) == STRONGEST and not mains.texts


def test_three_parts_are_three_blocks_with_their_sums() -> None:
    part_of = {"a": "one", "b": "two", "c": "three", "d": "one"}
    mains, _, _, groups = draw(made_up({"forest": 0.4, "gp": 0.6}, ("a", "b", "c", "d"), part_of=part_of)).axes
    assert [text.get_text() for text in mains.texts] == ["one", "three", "two"]
    assert len(groups.get_yticklabels()) == 3 + 6 + 1


def test_names_of_the_surrogates_are_below_the_title_however_few_hyperparameters_there_are() -> None:
    drawn = draw(data(own_results(9)))
    drawn.draw_without_rendering()
    [axes] = [axes for axes in drawn.axes if axes.get_title("left").endswith("by budget (%)")]
    [name] = [text for text in axes.texts if text.get_text() == "forest"]
    [title] = [text for text in axes.get_children() if getattr(text, "get_text", str)().endswith("by budget (%)")]
    assert axes.bbox.y1 < name.get_window_extent().y0 < name.get_window_extent().y1 < title.get_window_extent().y0


def test_held_out_r2_and_counts_stand_above() -> None:
    said = texts(draw(made_up({"forest": 0.4, "gp": 0.6})))
    assert "held-out R² = 0.40" in said and "held-out R² = 0.60" in said
    assert "9 epochs: n = 100, 7 failed and left out" in said
    assert "R² of 19 random draws" in said
    assert "nothing" not in said


def test_bars_of_shares_end_at_0_and_100_percent() -> None:
    rows = made_up({"forest": 0.4, "gp": 0.6}).assign(spread=0.9)
    for axes in (panel for panel in draw(rows).axes if panel.containers):
        ends = np.concatenate([bar.get_segments() for one in axes.containers for bar in one.lines[2]])[..., 0]
        assert ends.min() == pytest.approx(0) and ends.max() <= 100 + 1e-9 and np.ptp(ends, axis=1).max() > 90


def test_a_surrogate_that_predicts_nothing_is_hollow_and_named() -> None:
    figure = draw(made_up({"forest": 0.4, "gp": -0.2}))
    assert "R² = −0.20: predicts nothing, its shares mean nothing" in texts(figure)
    assert "R² ≤ 0: means nothing" in texts(figure)
    faces = [container.lines[0].get_markerfacecolor() for container in figure.axes[0].containers]
    assert faces == [style.ORANGE, "white"]


def test_too_few_evaluations_are_said_and_nothing_drawn() -> None:
    nothing = made_up({"forest": np.nan, "gp": np.nan}, n=12)
    assert "12 trained, 7 failed.\n34 different configurations are needed." in texts(draw(nothing))
    lower = made_up({"forest": 0.3, "gp": 0.3})
    lower.loc[lower["budget"] == 9, ["importance", "spread", "r2", "n"]] = [np.nan, np.nan, np.nan, 12]
    figure = draw(lower)
    assert "34 different configurations are needed." in texts(figure)
    assert "n = 12: too few, all equal or too large" in texts(figure)


@pytest.mark.parametrize("names", [("learning_rate",), ("a", "b"), ("widen_factor_1", "residual_blocks_1")])
def test_any_space_is_drawn(names) -> None:
    draw(made_up({"forest": 0.4, "gp": 0.6}, names)).draw_without_rendering()


@pytest.mark.parametrize("records", [[], [evaluation("0-0-0", None, budget=9)], [evaluation("0-0-0", 0.3, budget=9)]])
def test_partial_searches_say_so(records) -> None:
    made = results(DEMO, search=records)
    rows = pd.read_csv(io.BytesIO(csv_bytes(data(made))))
    figure = draw(rows)
    assert "Nothing can be said of importance at 9 epochs" in texts(figure)
    assert numbers(made, rows)["importance_n"].value == sum(one.loss is not None for one in records)
    figure.draw_without_rendering()


def test_numbers_leave_out_shares_that_mean_nothing() -> None:
    made = results(DEMO, search=[evaluation("0-0-0", 0.3, budget=9)])
    found = numbers(made, made_up({"forest": 0.4, "gp": -0.2}))
    assert found["importance_gp_r2"].value == -0.2
    assert "importance_forest_largest_main" in found and "importance_gp_largest_main" not in found
    assert "importance_forest_largest_main_spread" in found and found["importance_draws"].value == 1


def test_too_few_random_draws_are_said_to_be_that() -> None:
    nothing = {"forest": np.nan, "gp": np.nan}
    assert "100 trained, 7 failed.\n10 random configurations that no result" in texts(draw(made_up(nothing, drawn=9)))
    assert "all losses are the same" in texts(draw(made_up(nothing)))
    lower = made_up({"forest": 0.3, "gp": 0.3})
    lower.loc[lower["budget"] == 1, ["importance", "spread", "r2", "drawn"]] = [np.nan, np.nan, np.nan, 9]
    assert "9 random draws: too few" in texts(draw(lower))
