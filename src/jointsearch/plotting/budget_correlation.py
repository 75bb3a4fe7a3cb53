"""Figure: how well the validation error at one budget, or another loss, predicts that at another."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as MplFigure
from matplotlib.figure import SubFigure
from matplotlib.patches import Rectangle

from jointsearch.analysis.correlation import FEWEST, MEANINGS, correlations, pairs
from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.observations import of_study
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.seeds import derive_seed
from jointsearch.core.units import ERROR, Measure, amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results

_COLOURS = LinearSegmentedColormap.from_list("correlation", [style.VERMILLION, "#FFFFFF", style.BLUE])
_UNKNOWN = "#EEEEEE"
_EDGE: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.3}


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows of the search, see `from_observations`."""
    seed = derive_seed(results.experiment.seed, layout.SEARCH, "bootstrap")
    rng = np.random.default_rng(seed)
    return from_observations(of_study(results, layout.SEARCH), rng, results.experiment.measure)


def from_observations(observations: pd.DataFrame, rng: np.random.Generator, measure: Measure = ERROR) -> pd.DataFrame:
    """Gather all that the figure shows.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study, or of `imported.table`.
    rng
        Draws the bootstrap resamples.
    measure
        What the losses are.

    Returns
    -------
    pandas.DataFrame
        One row a pair of budgets and configuration evaluated successfully at both: the columns of
        `correlations`, the same for all rows of a pair, then `proposal`, `lower_loss`, `higher_loss`.
        A pair without configurations keeps one row, in which these are empty. Losses that are no validation errors are
        marked as such (`analysis.minimised`).
    """
    every = correlations(observations, rng).merge(pairs(observations), how="left", on=["lower_budget", "higher_budget"])
    return marked(every, measure)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give the correlations and their intervals, each with the evaluations that it comes from."""
    evaluations: dict[tuple[str, Any], Evaluation] = {
        (one.proposal.id, one.budget): one for one in results.evaluations(layout.SEARCH)
    }
    found, unit = {}, results.experiment.budget.unit
    for _, rows in data.dropna(subset=["proposal"]).groupby(["lower_budget", "higher_budget"]):
        low, high = map(float, rows[["lower_budget", "higher_budget"]].iloc[0])
        of = [evaluations[str(proposal), budget] for proposal in rows["proposal"] for budget in (low, high)]
        where = (
            f"{results.experiment.measure.plural} at {amount(low, unit)} and {amount(high, unit)}, of what was promoted"
        )
        for column, (suffix, meaning) in MEANINGS.items():
            value = float(rows[column].iloc[0])
            if not np.isnan(value):
                name = f"spearman_{low:g}_{high:g}{suffix}"
                found[name] = Number(
                    meaning=f"{meaning} of the {where}", value=value, unit="", digits=2, sources=sources(of)
                )
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: left the correlations, right the errors, or other losses, behind them, laid out alike.

    Row and column of a panel are its higher and its lower budget.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    budgets = sorted({*data["lower_budget"], *data["higher_budget"]})
    if not budgets:
        return style.only_saying("There are no two budgets to compare.")
    levels = len(budgets) - 1
    figure = style.new_figure(style.DOUBLE_COLUMN, 1.5 if levels == 1 else 0.7 + 0.8 * levels)
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=[0.46, 0.54], wspace=0.03)
    names = [amount(budget, data["budget_unit"].iloc[0]) for budget in budgets]
    _draw_matrix(left.subplots(), data.drop_duplicates(["lower_budget", "higher_budget"]), budgets, names)
    left.suptitle("Spearman rank correlation", size=8)
    measure = measure_of(data)
    right.suptitle(f"{measure.label(measure.name)} at both budgets", size=8)
    if data["proposal"].isna().all():
        style.say(right.subplots(), "No configuration succeeded at two budgets.")
    else:
        _draw_scatters(right, data, budgets, names)
    return figure


def _draw_matrix(axes: Axes, pairs: pd.DataFrame, budgets: list[float], names: list[str]) -> None:
    levels = len(budgets) - 1
    for pair in pairs.to_dict("records"):
        column, row = budgets.index(pair["lower_budget"]), budgets.index(pair["higher_budget"]) - 1
        correlation = pair["spearman"]
        unknown = np.isnan(correlation)
        face = _UNKNOWN if unknown else _COLOURS((correlation + 1) / 2)
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=face, edgecolor="white"))
        ink = style.GREY if unknown else "white" if abs(correlation) > 0.75 else style.BLACK
        axes.text(column, row, _cell(pair), color=ink, ha="center", va="center", size=7 if levels < 4 else 6)
    axes.set(xlim=(-0.5, levels - 0.5), ylim=(levels - 0.5, -0.5), xlabel="lower budget", ylabel="higher budget")
    axes.set_xticks(range(levels), names[:-1])
    axes.set_yticks(range(levels), names[1:], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _cell(pair: Mapping[Hashable, Any]) -> str:
    n, correlation = pair["n"], pair["spearman"]
    if np.isnan(correlation):
        return f"{'too few' if n < FEWEST else 'all equal'}\nn = {n}"
    interval = f"[{pair['interval_low']:.2f}, {pair['interval_high']:.2f}]"
    return f"{correlation:.2f}\n{interval}\nn = {n}".replace("-", "−")


def _draw_scatters(figure: SubFigure, data: pd.DataFrame, budgets: list[float], names: list[str]) -> None:
    levels = len(budgets) - 1
    grid = figure.subplots(levels, levels, sharex="col", sharey="row", squeeze=False)
    factor = measure_of(data).factor
    shown = factor * data[["lower_loss", "higher_loss"]].stack().dropna().to_numpy()
    for row, column in zip(*np.triu_indices(levels, k=1), strict=True):
        grid[row, column].remove()
    panels = [(row, column, grid[row, column]) for row, column in zip(*np.tril_indices(levels), strict=True)]
    for row, column, axes in panels:
        lower, higher = data["lower_budget"] == budgets[column], data["higher_budget"] == budgets[row + 1]
        pair = data[lower & higher]
        axes.scatter(factor * pair["lower_loss"], factor * pair["higher_loss"], s=9, facecolor=style.BLUE, **_EDGE)
        for axis, side in ((axes.xaxis, lower), (axes.yaxis, higher)):
            style.scale_errors(axis, shown)
            axis.set_tick_params(labelsize=7 if levels < 3 else 6)
            if data.loc[side, "proposal"].isna().all():
                axis.set_ticks([])
        if pair["proposal"].isna().all():
            axes.text(0.5, 0.5, "none", transform=axes.transAxes, color=style.GREY, ha="center", va="center")
        axes.label_outer()
        if row == levels - 1:
            axes.set_xlabel(names[column])
        if column == 0:
            axes.set_ylabel(names[row + 1])
    # The line of equal errors is drawn last, so that the points alone set the limits.
    for _, _, axes in panels:
        axes.autoscale_view()
        axes.autoscale(False)
    for _, _, axes in panels:
        axes.axline((1, 1), (2, 2), color=style.LIGHT_GREY, linewidth=0.8, zorder=0)


FIGURE = Figure(studies=("search",), category="Budgets", data=data, draw=draw, numbers=numbers)
