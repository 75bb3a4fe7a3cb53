"""Figure: every evaluation at the full budget, and where in the space the search has been."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.observations import configurations, of_study
from jointsearch.core import layout
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.space.space import Space

ORIGINS: dict[str, dict[str, Any]] = {
    "random": {"label": "random", "color": style.ORANGE, "marker": "o", "linestyle": "--"},
    "model": {"label": "model-based", "color": style.BLUE, "marker": "D", "linestyle": "-"},
}
_FAILED: dict[str, Any] = {"color": style.GREY, "marker": "x", "s": 12, "linewidth": 0.8}
_BUDGET_MARKERS = ["v", "s", "^", "D", "o"]
"""By budget, upwards; the last one is the full budget's."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows of the search, see `from_observations`."""
    observations, space = of_study(results, layout.SEARCH), Space(results.experiment.space)
    encoded = space.encode_all(list(configurations(observations, results.experiment.space.hyperparameters).values()))
    return marked(from_observations(observations, footprint(encoded, space.vartypes)), results.experiment.measure)


def from_observations(observations: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    """Gather all that the figure shows.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study.
    positions
        Footprint, shape (n, 2): one row for each of `observations.configurations`, in its order.

    Returns
    -------
    pandas.DataFrame
        One row a configuration, as evaluated at the largest budget that it reached: `proposal`, `origin`,
        `budget`, `budget_unit`, `status`, `loss`, place `x`, `y` in the footprint; and for those at the
        full budget, the largest in the table, `order` from 1 by (bracket, slot) and `incumbent`, the
        lowest loss so far.
    """
    largest = observations.groupby("proposal", sort=False)["budget"].transform("max")
    columns = ["proposal", "origin", "budget", "budget_unit", "status", "loss"]
    places = pd.DataFrame({"proposal": observations["proposal"].unique(), "x": positions[:, 0], "y": positions[:, 1]})
    rows = observations.loc[observations["budget"] == largest, columns].merge(places, validate="one_to_one")
    full = rows["budget"] == rows["budget"].max()
    rows["order"] = full.cumsum().where(full).astype("Int64")
    rows["incumbent"] = rows["loss"].where(full).cummin().ffill().where(full)
    return rows


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a) full-budget evaluations in order, b) their distribution, c) the footprint.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No evaluation is finished.")
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.8)
    order, distribution, footprint = figure.subplots(1, 3, width_ratios=[2.3, 1.1, 2.6])
    distribution.sharey(order)
    full = data[data["order"].notna()]
    _draw_order(order, full)
    _draw_distribution(distribution, full)
    points = _draw_footprint(footprint, data)
    if points:
        measure = measure_of(data)
        bar = figure.colorbar(points, ax=footprint, label=measure.label(measure.name), aspect=30, pad=0.02)
        style.plain_ticks(bar.ax.yaxis, *style.error_scale(_shown(data)))
        bar.outline.set_visible(False)
    style.letter([order, distribution, footprint])
    style.legend(figure, _origin_handles(data), "outside upper left")
    style.legend(figure, _budget_handles(data), "outside upper right", columnspacing=1.0)
    return figure


def _draw_order(axes: Axes, full: pd.DataFrame) -> None:
    measure = measure_of(full)
    for origin, look in ORIGINS.items():
        rows = full[(full["origin"] == origin) & full["loss"].notna()]
        axes.scatter(
            rows["order"], measure.factor * rows["loss"], s=9, color=look["color"], marker=look["marker"], linewidth=0
        )
    axes.step(full["order"], measure.factor * full["incumbent"], where="post", color=style.BLACK)
    failed = full.loc[full["loss"].isna(), "order"]
    axes.scatter(failed, np.ones(len(failed)), transform=axes.get_xaxis_transform(), clip_on=False, **_FAILED)
    budget = amount(full["budget"].iloc[0], full["budget_unit"].iloc[0])
    axes.set(xlabel=f"evaluation at {budget}, in order", ylabel=measure.label(measure.name))
    margin = max(0.5, 0.02 * len(full))
    axes.set_xlim(1 - margin, len(full) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    if len(failed) < len(full):
        style.scale_errors(axes.yaxis, _shown(full))
    else:
        axes.text(0.5, 0.5, "all failed", transform=axes.transAxes, ha="center", va="center", color=style.GREY)
        axes.set_yticks([])


def _draw_distribution(axes: Axes, full: pd.DataFrame) -> None:
    for origin, look in ORIGINS.items():
        rows = full[full["origin"] == origin]
        losses = np.sort(_shown(rows))
        if len(losses):
            # Failures count in the share: a curve ends short of 1 by their part.
            share = np.arange(len(losses) + 1) / len(rows)
            axes.step(share, [losses[0], *losses], color=look["color"], linestyle=look["linestyle"])
    axes.set(xlim=(0, 1.02), xticks=[0, 0.5, 1], xlabel="share of evaluations")
    axes.tick_params(labelleft=False)


def _draw_footprint(axes: Axes, data: pd.DataFrame) -> PathCollection | None:
    failed = data[data["loss"].isna()]
    axes.scatter(failed["x"], failed["y"], **_FAILED)
    points = None
    for budget, marker, size in _budget_looks(data):
        rows = data[(data["budget"] == budget) & data["loss"].notna()]
        if len(rows):
            points = axes.scatter(
                rows["x"],
                rows["y"],
                c=_shown(rows),
                s=size,
                marker=marker,
                cmap="cividis",
                norm=style.error_norm(_shown(data)),
                edgecolor=style.BLACK,
                linewidth=0.2,
            )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xticks=[], yticks=[], xlabel="similar configurations lie close")
    axes.spines[["left", "bottom"]].set_visible(False)
    return points


def _budget_looks(data: pd.DataFrame) -> list[tuple[float, str, float]]:
    """Budget, marker and size in square points, lowest budget first; smaller where there are many points."""
    budgets = sorted(data["budget"].unique())
    markers = [_BUDGET_MARKERS[(level - len(budgets)) % len(_BUDGET_MARKERS)] for level in range(len(budgets))]
    sizes = np.linspace(20, 5, len(budgets))[::-1] * min(1.0, np.sqrt(300 / len(data)))
    return list(zip(budgets, markers, sizes, strict=True))


def _origin_handles(data: pd.DataFrame) -> list[Line2D]:
    handles = [Line2D([], [], markersize=3, **look) for look in ORIGINS.values()]
    handles.append(Line2D([], [], color=style.BLACK, label="incumbent"))
    if data["loss"].isna().any():
        handles.append(Line2D([], [], color=style.GREY, marker="x", markersize=3.5, linestyle="", label="failed"))
    return handles


def _budget_handles(data: pd.DataFrame) -> list[Line2D]:
    look: dict[str, Any] = {"color": style.GREY, "linestyle": ""}
    names = {budget: amount(budget, data["budget_unit"].iloc[0]) for budget in data["budget"].unique()}
    return [
        Line2D([], [], marker=marker, markersize=size**0.5, label=names[budget], **look)
        for budget, marker, size in _budget_looks(data)
    ]


def _shown(rows: pd.DataFrame) -> np.ndarray:
    return measure_of(rows).factor * rows["loss"].dropna().to_numpy()


FIGURE = Figure(studies=("search",), category="Search", data=data, draw=draw)
