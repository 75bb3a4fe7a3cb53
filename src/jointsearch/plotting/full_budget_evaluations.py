"""Figure: every evaluation at the full budget, and where in the space the search has been."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from jointsearch.analysis.correlation_ratio import correlation_ratio
from jointsearch.analysis.footprint import footprint, stress
from jointsearch.analysis.levels import MOST_VALUES, levels, value_count
from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.observations import configurations, of_study
from jointsearch.core import layout
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.space.hyperparameters import Categorical, Float, Integer, Ordinal
from jointsearch.space.space import Space

ORIGINS: dict[str, dict[str, Any]] = {
    "random": {"label": "random", "color": style.ORANGE, "marker": "o", "linestyle": "--"},
    "model": {"label": "model-based", "color": style.BLUE, "marker": "D", "linestyle": "-"},
}
_FAILED: dict[str, Any] = {"color": style.GREY, "marker": "x", "s": 12, "linewidth": 0.8}
_STOPPED: dict[str, Any] = {"color": "#B0B0B0", "marker": ".", "s": 7, "linewidth": 0}
"""Configurations that were never trained at the full budget."""
AXES = ("across", "up")
"""The hyperparameters of panel c."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows of the search.

    Returns
    -------
    pandas.DataFrame
        As `from_observations`; then, the same in all rows, the `stress` of the footprint, and for `across` and `up` the
        names of the two hyperparameters with the largest correlation ratios at the full budget, of those that have more
        than five values if there are two (empty if the space has fewer that vary), their values in `across_value` and
        `up_value`, and whether an axis is `log`, `linear` or a `list` in `across_scale` and `up_scale`; the values of a
        list are in the order of `across_place` and `up_place`, which are empty on other axes.
    """
    observations, space = of_study(results, layout.SEARCH), Space(results.experiment.space)
    found = configurations(observations, results.experiment.space.hyperparameters)
    encoded = space.encode_all(list(found.values()))
    positions = footprint(encoded, space.vartypes)
    rows = from_observations(observations, positions).assign(stress=stress(encoded, space.vartypes, positions))
    reached = rows["proposal"].map({proposal: row for row, proposal in enumerate(found)}).to_numpy(dtype=int)
    full = rows["order"].notna().to_numpy()
    losses = rows["loss"].to_numpy(dtype=float)[full]
    reached_levels = levels(space, list(found.values())).T
    ratios = [correlation_ratio(column[reached[full]], losses) if full.any() else 0.0 for column in reached_levels]
    counts = [value_count(space.file.hyperparameters[name]) for name in space.names]
    few = [count is not None and count <= MOST_VALUES for count in counts]
    # Those of few values last, as their points would hide each other; equal ratios in the order of the space.
    names = [space.names[column] for column in sorted(range(len(ratios)), key=lambda at: (few[at], -ratios[at]))]
    for axis, name in zip(AXES, [*names, "", ""], strict=False):
        one = results.experiment.space.hyperparameters.get(name)
        scale = ("log" if one.log else "linear") if isinstance(one, Float | Integer) else "list"
        rows[axis], rows[f"{axis}_scale"] = name, scale
        rows[f"{axis}_value"] = [found[proposal].get(name) for proposal in rows["proposal"]]
        is_listed = isinstance(one, Categorical | Ordinal)
        rows[f"{axis}_place"] = encoded[reached, space.names.index(name)] if is_listed else np.nan
    return marked(rows, results.experiment.measure)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give the stress of the footprint."""
    if data.empty:
        return {}
    meaning = "stress of the footprint: how far its distances are from those in the space, 0 if they are the same"
    of = sources(results.evaluations(layout.SEARCH))
    return {
        "footprint_stress": Number(meaning=meaning, value=float(data["stress"].iloc[0]), unit="", digits=2, sources=of)
    }


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
    """Draw the figure: a) full-budget evaluations in order, b) their distribution, c) two axes of the space, d) all.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No evaluation is finished.")
    figure = style.new_figure(style.DOUBLE_COLUMN, 5.0)
    ((upper,), (lower,)) = figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.15])
    order, distribution = upper.subplots(1, 2, width_ratios=[2.3, 1])
    pair, footprint = lower.subplots(1, 2, width_ratios=[1.25, 1])
    distribution.sharey(order)
    full = data[data["order"].notna()]
    _draw_order(order, full)
    _draw_distribution(distribution, full)
    for panel in (order, distribution):
        panel.margins(y=0.08)
    _draw_pair(pair, data)
    points = _draw_footprint(footprint, data)
    if points:
        measure = measure_of(data)
        label = f"{measure.label(measure.name)} at {_full_budget(full)}"
        bar = lower.colorbar(points, ax=[pair, footprint], label=label, aspect=30, pad=0.02)
        style.plain_ticks(bar.ax.yaxis, *style.error_scale(_shown(full)))
        bar.outline.set_visible(False)
    style.letter([order, distribution, pair, footprint])
    style.legend(figure, [*_origin_handles(data), *_place_handles(data)], "outside upper left", columnspacing=1.2)
    return figure


def _draw_order(axes: Axes, full: pd.DataFrame) -> None:
    measure = measure_of(full)
    for origin, look in ORIGINS.items():
        rows = full[(full["origin"] == origin) & full["loss"].notna()]
        mark = {name: look[name] for name in ("color", "marker")}
        # Above the incumbent, as those that tie with it lie on its line.
        axes.scatter(rows["order"], measure.factor * rows["loss"], s=9, linewidth=0, zorder=3, **mark)
    axes.step(full["order"], measure.factor * full["incumbent"], where="post", color=style.BLACK)
    failed = full.loc[full["loss"].isna(), "order"]
    axes.scatter(failed, np.ones(len(failed)), transform=axes.get_xaxis_transform(), clip_on=False, **_FAILED)
    axes.set(xlabel=f"evaluation at {_full_budget(full)}, in order", ylabel=measure.label(measure.name))
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


def _draw_pair(axes: Axes, data: pd.DataFrame) -> None:
    """Two hyperparameters against each other, each with the scale of the space."""
    names = [str(data[axis].iloc[0]) for axis in AXES]
    if not all(names):
        style.say(axes, "fewer than two\nhyperparameters vary")
        return
    known = data[data["across_value"].notna() & data["up_value"].notna()]
    places = {}
    for axis, of in zip(AXES, (axes.xaxis, axes.yaxis), strict=True):
        values, scale = known[f"{axis}_value"], str(data[f"{axis}_scale"].iloc[0])
        if scale == "list":
            choices = list(values.loc[known[f"{axis}_place"].sort_values().index].astype(str).unique())
            places[axis] = values.astype(str).map(choices.index).astype(float)
            of.set_ticks(range(len(choices)), choices)
            continue
        places[axis] = values.astype(float)
        if (values == values.round()).all():
            of.set_major_locator(MaxNLocator(nbins=6, integer=True))
        if scale == "log":
            (axes.set_xscale if of is axes.xaxis else axes.set_yscale)("log")
            of.set_major_locator(LogLocator(subs=(1,) if values.max() > 50 * values.min() else (1, 2, 5)))
            of.set_minor_locator(NullLocator())
            of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _draw_places(axes, known, places["across"], places["up"])
    axes.set(xlabel=style.words(names[0]), ylabel=style.words(names[1]))


def _draw_footprint(axes: Axes, data: pd.DataFrame) -> PathCollection | None:
    points = _draw_places(axes, data, data["x"], data["y"])
    axes.set_aspect("equal", adjustable="datalim")
    stress = float(data["stress"].iloc[0]) if "stress" in data else np.nan
    axes.set(xticks=[], yticks=[], xlabel=f"footprint of all, stress {stress:.2f}")
    axes.spines[["left", "bottom"]].set_visible(False)
    return points


def _draw_places(axes: Axes, data: pd.DataFrame, across: pd.Series, up: pd.Series) -> PathCollection | None:
    """Points of configurations: stopped ones grey, failed ones as crosses, others by their loss, the best on top."""
    failed, full = data["loss"].isna(), data["order"].notna()
    stopped = ~full & ~failed
    axes.scatter(across[stopped], up[stopped], **_STOPPED)
    axes.scatter(across[failed], up[failed], **_FAILED)
    judged = data[full & ~failed].sort_values("loss", ascending=False, kind="stable")
    if judged.empty:
        return None
    return axes.scatter(
        across[judged.index],
        up[judged.index],
        c=_shown(judged),
        s=22 * min(1.0, max(0.45, np.sqrt(80 / len(judged)))),
        cmap="cividis",
        norm=style.error_norm(_shown(judged)),
        edgecolor=style.BLACK,
        linewidth=0.3,
    )


def _full_budget(full: pd.DataFrame) -> str:
    return amount(full["budget"].iloc[0], full["budget_unit"].iloc[0])


def _origin_handles(data: pd.DataFrame) -> list[Line2D]:
    full = data[data["order"].notna() & data["loss"].notna()]
    shown = [look for origin, look in ORIGINS.items() if (full["origin"] == origin).any()]
    handles = [Line2D([], [], markersize=3, **look) for look in shown]
    if len(full):
        handles.append(Line2D([], [], color=style.BLACK, label="incumbent"))
    if data["loss"].isna().any():
        handles.append(Line2D([], [], color=style.GREY, marker="x", markersize=3.5, linestyle="", label="failed"))
    return handles


def _place_handles(data: pd.DataFrame) -> list[Line2D]:
    """What grey points and coloured ones are in the two panels below."""
    full = data[data["order"].notna()]
    look: dict[str, Any] = {"linestyle": "", "color": style.GREY}
    handles = []
    if full["loss"].notna().any():
        label = f"trained at {_full_budget(full)}"
        handles.append(Line2D([], [], marker="o", ms=4, mec=style.BLACK, mew=0.3, label=label, **look))
    if (data["order"].isna() & data["loss"].notna()).any():
        handles.append(Line2D([], [], marker=".", ms=3, label="stopped earlier", **look | {"color": _STOPPED["color"]}))
    return handles


def _shown(rows: pd.DataFrame) -> np.ndarray:
    return measure_of(rows).factor * rows["loss"].dropna().to_numpy()


FIGURE = Figure(studies=("search",), category="Search", data=data, draw=draw, numbers=numbers)
