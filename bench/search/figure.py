"""Figure: regret over the budget on each task, and mean ranks."""

import math
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from jointsearch.plotting import style
from search import statistics, tasks
from search.summary import Summary

COLOURS = (style.BLUE, style.VERMILLION, style.BLACK, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.GREY)
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = "osD^vP*X<>hd"
LOWEST = 1e-5
"""Regret below this is drawn here."""

COLUMNS = 4

Looks = dict[str, tuple[str, Any, str]]
"""Colour, dashes and marker of each optimiser."""


@style.look()
def draw(summary: Summary) -> Figure:
    """Draw a panel for each task, one for the mean rank, and the legend in a place of its own."""
    panels = len(summary.tasks) + 2
    columns = min(COLUMNS, panels)
    rows = math.ceil(panels / columns)
    figure = style.new_figure(style.DOUBLE_COLUMN, 1.75 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    looks = dict(
        zip(summary.optimisers, zip(cycle(COLOURS), cycle(DASHES), cycle(MARKERS), strict=False), strict=False)
    )
    for axes, task in zip(grid, summary.tasks, strict=False):
        _draw_task(axes, summary, task, looks)
    for axes in grid[: len(summary.tasks) : columns]:
        axes.set_ylabel("normalised regret")
    _draw_ranks(grid[len(summary.tasks)], summary, looks)
    for axes in grid[len(summary.tasks) + 1 :]:
        axes.axis("off")
    handles = [
        Line2D([], [], color=colour, linestyle=dash, marker=marker, markersize=3.5, label=_short(label, summary))
        for label, (colour, dash, marker) in looks.items()
    ]
    legend = grid[len(summary.tasks) + 1].legend(handles=handles, loc="center left", fontsize=6.5, handlelength=3.2)
    # A long name must not move the panels apart.
    legend.set_in_layout(False)
    return figure


def _short(label: str, summary: Summary) -> str:
    """An optimiser's name without its settings, where no other has it."""
    names = [other.partition(",")[0] for other in summary.optimisers]
    name = label.partition(",")[0]
    return name if names.count(name) == 1 else label


def _draw_task(axes: Axes, summary: Summary, task: str, looks: Looks) -> None:
    spent = summary.grid(task)
    shown = spent / tasks.make(task).budget.maximum
    means: list[np.ndarray] = []
    for place, (label, (colour, dash, marker)) in enumerate(looks.items()):
        if label not in summary.on(task):
            continue
        mean, low, high = summary.interval(task, label, spent)
        axes.fill_between(
            shown, np.maximum(low, LOWEST), np.maximum(high, LOWEST), color=colour, alpha=0.13, linewidth=0
        )
        _line(axes, shown, np.maximum(mean, LOWEST), place, colour, dash, marker)
        means.append(np.maximum(mean, LOWEST))
    axes.set(xscale="log", yscale="log", title=task, xlabel="full trainings spent")
    _powers(axes, means)


def _powers(axes: Axes, means: list[np.ndarray]) -> None:
    """Limit the regrets to what the means cover, and label both axes in plain numbers."""
    # An interval that reaches down to 0 would leave no room for the rest.
    low, high = min(mean.min() for mean in means), max(mean.max() for mean in means)
    axes.set_ylim(low / 1.5, 1.3 * high)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if high > 20 * low:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        style.plain_ticks(axes.yaxis, "log", {})


def _draw_ranks(axes: Axes, summary: Summary, looks: Looks) -> None:
    shares = np.geomspace(0.01, 1, 60)
    means = np.array([statistics.ranks(summary.blocks(share)).mean(axis=0) for share in shares])
    for place, (label, (colour, dash, marker)) in enumerate(looks.items()):
        _line(axes, 100 * shares, means[:, summary.optimisers.index(label)], place, colour, dash, marker)
    count = len(summary.ranked)
    axes.set(xscale="log", title=f"mean rank ({count} task{'s' if count > 1 else ''})", xlabel="% of the budget spent")
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("mean rank (1 is best)")


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, place: int, colour: str, dash: Any, marker: str) -> None:
    # Markers at places of their own, so that none hides another.
    every = (place * 2 % 20, 20)
    axes.plot(
        x,
        y,
        color=colour,
        linestyle=dash,
        marker=marker,
        markersize=3,
        markevery=every,
        markeredgewidth=0,
        linewidth=0.9,
    )
