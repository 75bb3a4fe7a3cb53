"""Figure: learning curves at each budget, with the restarts of the learning rate."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number, sources
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.units import amount, unit_name
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket, budgets
from jointsearch.training import schedule

MEASURED = 0.9
"""Share of the successful trainings that must have been measured at a moment for a median there: those that were
measured early are the fast ones, whose median says little of the others."""

_RANKS = LinearSegmentedColormap.from_list("ranks", [style.BLUE, style.SKY, style.LIGHT_GREY])
_BEST: dict[str, Any] = {"color": style.VERMILLION, "linewidth": 1.3, "marker": "o", "markersize": 2.5}
_MEDIAN: dict[str, Any] = {"color": style.BLACK, "linewidth": 1.2, "linestyle": (0, (3, 1.2))}
_RESTART: dict[str, Any] = {"color": style.GREY, "linewidth": 0.6, "linestyle": ":"}
_ROWS = (("validation_error", "validation error (%)"), ("train_loss", "training loss"))
_OWN_ROWS = (("loss", "loss"),)
"""Of objectives of one's own, of which nothing else is known."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows: the learning curves of the search.

    Returns
    -------
    pandas.DataFrame
        One row a training and row of its curve: `evaluation`, `budget`, `budget_unit`, `status`; `rank` among the
        successful ones at this budget, from 1; `spent` of the budget, in its unit; `moment`, the quarter of a cycle
        nearest to it, and `cycle_start` and `cycle_end` of the cycle that this is in, in the same unit;
        `learning_rate`, `train_loss` (mean cross-entropy since the row before, mixup included) and `validation_error`
        (a fraction), empty where it was not measured. A training without a curve has one row without these. An
        objective of one's own has neither cycles nor rates, and `loss` in place of the rest; its moments are where it
        reported.
    """
    if not results.experiment.measure.is_error:
        return marked(_reported(results), results.experiment.measure)
    made = results.evaluations(layout.SEARCH)
    columns = ["evaluation", "budget", "budget_unit", "status", "rank", "spent", "moment", "cycle_start", "cycle_end"]
    columns += ["learning_rate", "train_loss", "validation_error"]
    rows = []
    for budget in sorted({one.budget for one in made}):
        for position, one in enumerate(rank([one for one in made if one.budget == budget]), start=1):
            what = one.id, budget, one.budget_unit, one.status, position if one.status == "success" else None
            curve = list(_curve(results.experiment, one)) or [(None,) * 7]
            rows += [(*what, *row) for row in curve]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"rank": "Int64"} | dict.fromkeys(columns[5:], "float64"))


def _reported(results: Results) -> pd.DataFrame:
    made, rows = results.evaluations(layout.SEARCH), list[tuple[Any, ...]]()
    columns = ["evaluation", "budget", "budget_unit", "status", "rank", "spent", "moment", "loss"]
    for budget in sorted({one.budget for one in made}):
        for position, one in enumerate(rank([one for one in made if one.budget == budget]), start=1):
            what = one.id, budget, one.budget_unit, one.status, position if one.status == "success" else None
            # What it returned is what counts, and the end.
            known = {report.step: report.loss for report in one.reports if one.loss is None or report.step < budget}
            known |= {} if one.loss is None else {budget: one.loss}
            rows += [(*what, step, step, loss) for step, loss in sorted(known.items())] or [(*what, None, None, None)]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"rank": "Int64"} | dict.fromkeys(columns[5:], "float64"))


def _curve(experiment: Experiment, one: Evaluation) -> Iterator[tuple[float | None, ...]]:
    ends = _ends(experiment, one)
    moments = np.array(schedule.moments(ends))
    for row, seconds in zip(one.curve, one.observed.curve_seconds, strict=True):
        fraction = _fraction(experiment, one, row.step, seconds)
        nearest = int(np.abs(moments - fraction).argmin())
        start, end = (0.0, *ends)[nearest // 4], ends[nearest // 4]
        times = (one.budget * part for part in (fraction, float(moments[nearest]), start, end))
        yield (*times, row.learning_rate, row.train_loss, row.validation_error)


def _ends(experiment: Experiment, one: Evaluation) -> schedule.Ends:
    levels, all_budgets = bracket(one.bracket, experiment.budget).levels, budgets(experiment.budget)
    if experiment.training.continuation:
        return schedule.continued([all_budgets[level] for level in levels[: one.rung + 1]])
    return schedule.doubling(levels[one.rung])


def _fraction(experiment: Experiment, one: Evaluation, step: int, seconds: float) -> float:
    """Part of the budget that is spent at a row of the curve."""
    if one.budget_unit == "seconds":
        # The seconds do not include those at the lower budget that the training went on from.
        before = one.budget / experiment.budget.eta if one.continues is not None else 0.0
        return (before + seconds) / one.budget
    assert one.steps is not None and one.epochs is not None
    if one.status == "success":
        return step / one.steps
    reached = one.epochs if one.budget_unit == "epochs" else one.steps * (one.step_cost or 1)
    return step / one.steps * reached / one.budget


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give, for each budget, how many trainings have succeeded, and the best and the median of their losses."""
    found, measure = {}, results.experiment.measure
    what, short = measure.name, "error" if measure.is_error else "loss"
    successful = [one for one in results.evaluations(layout.SEARCH) if one.loss is not None]
    for budget in sorted({one.budget for one in successful}):
        of = [one for one in successful if one.budget == budget]
        losses = measure.factor * pd.Series([one.loss for one in of])
        where = f"trainings of the search at {amount(budget, results.experiment.budget.unit)}"
        for name, meaning, value, unit in (
            ("curves", f"successful {where}", len(of), ""),
            (f"best_{short}", f"lowest {what} of the {where}", float(losses.min()), measure.unit),
            (f"median_{short}", f"median {what} of the successful {where}", float(losses.median()), measure.unit),
        ):
            digits = 0 if name == "curves" else measure.digits
            found[f"{name}_{budget:g}"] = Number(
                meaning=meaning, value=value, unit=unit, digits=digits, sources=sources(of)
            )
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a column for each budget with validation error, training loss and learning rate.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No training of the search is finished.")
    levels = sorted(data["budget"].unique())
    measure, rows = measure_of(data), _rows_of(data)
    heights = [3, 2, 0.6] if measure.is_error else [3]
    figure = style.new_figure(style.DOUBLE_COLUMN, 3.6 if measure.is_error else 2.4)
    look: dict[str, Any] = {"sharex": "col", "sharey": "row", "squeeze": False}
    grid = figure.subplots(len(heights), len(levels), height_ratios=heights, **look)
    for budget, column in zip(levels, grid.T, strict=True):
        _draw_budget(column, data[data["budget"] == budget])
    for (name, label), axes in zip(rows, grid[:, 0], strict=False):
        axes.set_ylabel(label)
        values = data.loc[data["status"] == "success", name].dropna().to_numpy()
        if name == "train_loss":
            _cut_off(axes, values)
        elif len(values):
            style.scale_errors(axes.yaxis, measure.factor * values)
    if measure.is_error:
        grid[2, 0].set(ylabel="rate", yticks=[0, 1], yticklabels=["0", "peak"], ylim=(-0.08, 1.12))
    figure.supxlabel(f"training ({unit_name(data['budget_unit'].iloc[0])})", size=8)
    handles = [
        Line2D([], [], color=_RANKS(0.0), linewidth=1.0, label="ranked high at the end"),
        Line2D([], [], color=_RANKS(1.0), linewidth=1.0, label="ranked low"),
        Line2D([], [], label="best", **_BEST),
        Line2D([], [], label="median", **_MEDIAN),
    ]
    handles = handles if data["status"].eq("success").any() else []
    if measure.is_error and any(_restarts(data[data["budget"] == budget], budget) for budget in levels):
        handles.append(Line2D([], [], label="restart", **_RESTART))
    style.legend(figure, handles, "outside upper center")
    return figure


def _cut_off(axes: Axes, losses: np.ndarray) -> None:
    """End the axis of training losses at twice their upper quartile, if some beyond it would flatten all others."""
    if len(losses) and losses.max() > 20 * (upper := np.quantile(losses, 0.75)):
        axes.set_ylim(0, 2 * upper)


def _draw_budget(column: np.ndarray, rows: pd.DataFrame) -> None:
    budget, unit = float(rows["budget"].iloc[0]), rows["budget_unit"].iloc[0]
    successful = rows[rows["status"] == "success"]
    number, total = successful["evaluation"].nunique(), rows["evaluation"].nunique()
    failed = f", {total - number} failed" if number < total else ""
    column[0].set_title(f"{amount(budget, unit)}\nn = {number}{failed}", size=7)
    for (name, _), axes in zip(_rows_of(rows), column, strict=False):
        measured = successful.dropna(subset=[name])
        if measured.empty:
            why = "all failed" if successful.empty else "not measured"
            axes.text(0.5, 0.5, why, transform=axes.transAxes, color=style.GREY, ha="center", va="center")
        else:
            _draw_curves(axes, measured, name, number, 100.0 if name == "validation_error" else 1.0)
    if measure_of(rows).is_error:
        _draw_rates(column, rows, budget)
    # A training ends up to one step late.
    column[-1].set_xlim(0, 1.04 * float(np.nanmax([budget, successful["spent"].max()])))
    column[-1].set_xticks([0, budget / 2, budget])
    column[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}"))


def _draw_rates(column: np.ndarray, rows: pd.DataFrame, budget: float) -> None:
    """Draw the learning rate below, and its restarts in all panels."""
    cycles = rows[["cycle_start", "cycle_end"]].dropna().drop_duplicates().sort_values(["cycle_start", "cycle_end"])
    for start, end in cycles.itertuples(index=False):
        along = np.linspace(0, 1, 50)
        rate = [schedule.learning_rate(float(part), 1.0, (1.0,)) for part in along]
        column[2].plot(start + along * (end - start), rate, color=style.BLACK, linewidth=0.8)
    for axes in column:
        for end in _restarts(rows, budget):
            axes.axvline(end, zorder=0, **_RESTART)


def _restarts(rows: pd.DataFrame, budget: float) -> list[float]:
    """Where cycles of the learning rate end within a budget."""
    return sorted({end for end in rows["cycle_end"].dropna() if end < 0.999 * budget})


def _rows_of(data: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Column and label of each row of panels."""
    return _ROWS if measure_of(data).is_error else _OWN_ROWS


def _draw_curves(axes: Axes, measured: pd.DataFrame, name: str, number: int, scale: float) -> None:
    # From the last rank to the first: the best ones lie on top.
    ordered = measured.sort_values("rank", ascending=False, kind="stable")
    points = np.column_stack([ordered["spent"], scale * ordered[name]])
    backwards, starts = np.unique(-ordered["rank"].to_numpy(dtype=float), return_index=True)
    lines = np.split(points, starts[1:])
    colours = _RANKS((-backwards - 1) / max(1, number - 1))
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.6 if number < 100 else 0.4))
    # Where a training was measured but once, a line shows nothing.
    ends = np.array([line[-1] for line in lines])
    axes.scatter(ends[:, 0], ends[:, 1], c=colours, s=3, linewidth=0)
    best = measured[measured["rank"] == 1]
    axes.plot(best["spent"], scale * best[name], zorder=4, **_BEST)
    at = measured.groupby(["moment", "evaluation"])[name].last().groupby("moment")
    median = at.median()[at.size() >= max(2, MEASURED * number)]
    marker = "_" if len(median) == 1 else ""
    axes.plot(median.index, scale * median, zorder=5, marker=marker, markersize=9, markeredgewidth=1.2, **_MEDIAN)


FIGURE = Figure(studies=("search",), category="Search", data=data, draw=draw, numbers=numbers)
