"""Figure: the incumbent of the search against the training time spent."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.trajectory import trajectory
from jointsearch.core import layout
from jointsearch.core.units import amount, scale
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

_MARKERS = ["v", "s", "^", "D", "o"]
"""By budget, upwards; the last one is the full budget's."""
_TEST: dict[str, Any] = {"color": style.VERMILLION, "linestyle": (0, (4, 1.5)), "linewidth": 1.0}
_NEAR = 1.1
"""An incumbent is near the last one if its error is at most so many times as large."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows.

    Returns
    -------
    pandas.DataFrame
        `analysis.trajectory.trajectory` of the search; then, the same in all rows, `full_budget`, the number of
        `brackets` that are planned, and of those that are `complete`.
    """
    evaluations, full = results.evaluations(layout.SEARCH), budgets(results.experiment.budget)[-1]
    trained, brackets = Counter(one.bracket for one in evaluations), results.plan.search.brackets
    complete = sum(trained[one.index] >= sum(one.sizes) for one in brackets)
    rows = trajectory(evaluations, full_budget=full)
    rows = rows.assign(full_budget=full, brackets=len(brackets), complete=complete)
    return marked(rows, results.experiment.measure)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give what was spent, and when the incumbent came up, each with the evaluations that it comes from."""
    found: dict[str, Number] = {}
    if data.empty:
        return found
    by_slot = {(one.bracket, one.rung, one.slot): one for one in results.evaluations(layout.SEARCH)}
    ordered = [by_slot[slot] for slot in sorted(by_slot)]
    size, unit = scale(data["spent"].iloc[-1], data["budget_unit"].iloc[0])

    def say(name: str, meaning: str, row: int, of: tuple[float, str] = (size, unit), column: str = "spent") -> None:
        value, until = float(data[column].iloc[row]) / of[0], ordered[: row + 1]
        found[name] = Number(meaning=meaning, value=value, unit=of[1], digits=1, sources=sources(until))

    last = len(data) - 1
    say("search_spent", "training of the search, in all", last)
    total = scale(data["total_seconds"].iloc[-1], "seconds")
    say("search_total_time", "training, evaluation and start-up of the search", last, total, "total_seconds")
    if (model := _first_model(data)) is not None:
        say("spent_before_model", "training before the first proposal of a model was trained", max(model - 1, 0))
    error = data["full_budget_loss"].to_numpy()
    if not np.isnan(error[-1]):
        first, final = int(np.argmax(~np.isnan(error))), int(np.argmax(error == error[-1]))
        say("spent_before_full_budget", "training until the first success at the full budget", first)
        say("spent_before_incumbent", "training until the incumbent was found", final)
        if results.experiment.measure.is_error:
            # Of a loss nobody knows what a tenth of it means.
            near, share = int(np.argmax(error <= _NEAR * error[-1])), round(100 * (_NEAR - 1))
            meaning = f"training until the incumbent's validation error was within {share} % of the last one's"
            say("spent_before_near_incumbent", meaning, near)
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: validation and test error of the incumbent, in steps, over what was spent.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty or data["loss"].isna().all():
        some = f"All of {len(data)} evaluations failed: there is no incumbent."
        return style.only_saying("No evaluation is finished." if data.empty else some)
    measure = measure_of(data)
    factor = measure.factor
    size, unit = scale(data["spent"].iloc[-1], data["budget_unit"].iloc[0])
    rows = data[data["spent"] > 0].assign(spent=lambda rows: rows["spent"] / size)
    if rows.empty:
        return style.only_saying("No evaluation took any of its budget.")
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.7)
    axes = figure.subplots()
    full = rows[(rows["budget"] == rows["full_budget"]) & rows["loss"].notna()]
    axes.scatter(full["spent"], factor * full["loss"], s=8, marker="o", facecolor="none", edgecolor=style.GREY, lw=0.5)
    axes.step(rows["spent"], factor * rows["incumbent_test_error"], where="post", **_TEST)
    axes.step(rows["spent"], factor * rows["incumbent_loss"], where="post", color=style.BLUE, linewidth=1.4)
    looks = _budget_looks(rows)
    new = rows[rows["incumbent"].notna() & (rows["incumbent"] != rows["incumbent"].shift())]
    for budget, marker in looks.items():
        here = new[new["incumbent_budget"] == budget]
        axes.plot(here["spent"], factor * here["incumbent_loss"], color=style.BLUE, marker=marker, ms=4.5, ls="")
    shown = factor * np.concatenate([full["loss"], rows["incumbent_loss"], rows["incumbent_test_error"]])
    style.scale_errors(axes.yaxis, shown[~np.isnan(shown)])
    _scale_spent(axes, rows)
    _mark_model(axes, rows)
    what = "training time" if rows["budget_unit"].iloc[0] == "seconds" else "training"
    axes.set(
        xlabel=f"{what} spent ({unit}), one training after another",
        ylabel=measure.label("validation or test error" if measure.is_error else "loss"),
    )
    style.legend(figure, _handles(looks, rows, len(full) > 0), "outside upper left", columnspacing=0.9)
    planned, complete = int(data["brackets"].iloc[0]), int(data["complete"].iloc[0])
    if complete < planned:
        axes.set_title(f"{complete} of {planned} brackets", loc="right", color=style.GREY)
    return figure


def _scale_spent(axes: Axes, rows: pd.DataFrame) -> None:
    """Logarithmic, as budgets grow that way, where the incumbent came up early in a long search."""
    first, last = rows.loc[rows["incumbent"].notna(), "spent"].iloc[0], rows["spent"].iloc[-1]
    if last > 5 * first:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.set_xlim(0.9 * first, 1.1 * last)
    else:
        axes.set_xlim(0, 1.05 * last)


def _mark_model(axes: Axes, rows: pd.DataFrame) -> None:
    model = _first_model(rows)
    if model is None:
        return
    axes.axvline(before := rows["spent"].iloc[max(model - 1, 0)], color=style.GREY, linestyle=":", linewidth=0.8)
    axes.annotate(
        "first proposals of a model",
        (before, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-3, -1),
        textcoords="offset points",
        ha="right",
        va="top",
        color=style.GREY,
        size=7,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )


def _first_model(rows: pd.DataFrame) -> int | None:
    """Place of the first row whose proposal is a model's."""
    model = (rows["origin"] == "model").to_numpy()
    return int(model.argmax()) if model.any() else None


def _budget_looks(rows: pd.DataFrame) -> dict[float, str]:
    """Markers of the budgets that an incumbent has had, lowest first; the full budget's is a circle."""
    full, known = rows["full_budget"].iloc[0], sorted({*rows["incumbent_budget"].dropna()})
    below = len(known) - (full in known)
    markers = [_MARKERS[(level - below) % (len(_MARKERS) - 1)] for level in range(below)]
    return dict(zip(known, [*markers, *([_MARKERS[-1]] if full in known else [])], strict=True))


def _handles(looks: dict[float, str], rows: pd.DataFrame, full: bool) -> list[Line2D]:
    unit = rows["budget_unit"].iloc[0]
    handles = [
        Line2D([], [], color=style.BLUE, linewidth=1.4, label="incumbent, validation"),
        *([Line2D([], [], label="incumbent, test", **_TEST)] if rows["incumbent_test_error"].notna().any() else []),
    ]
    for budget, marker in looks.items():
        label = f"at {amount(budget, unit)}"
        handles.append(Line2D([], [], color=style.BLUE, linestyle="", marker=marker, markersize=4.5, label=label))
    if full:
        of = amount(rows["full_budget"].iloc[0], unit)
        look: dict[str, Any] = {"color": style.GREY, "linestyle": "", "marker": "o", "markersize": 3, "mfc": "none"}
        handles.append(Line2D([], [], label=f"others at {of}", **look))
    return handles


FIGURE = Figure(studies=("search",), category="Search", data=data, draw=draw, numbers=numbers)
