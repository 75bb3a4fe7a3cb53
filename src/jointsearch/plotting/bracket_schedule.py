"""Figure: the search as it ran, a Gantt chart of lanes and of brackets, and how busy the lanes were."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from jointsearch.analysis.lanes import attempts, busy_share, number_runs, shortest_pause
from jointsearch.analysis.number import Number, sources
from jointsearch.core import layout
from jointsearch.core.units import HOUR, amount, duration, scale
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results

_LOOKS: list[dict[str, Any]] = [
    {"facecolor": style.GREEN, "hatch": "xxxxx"},
    {"facecolor": style.YELLOW, "hatch": ""},
    {"facecolor": style.SKY, "hatch": "/////"},
    {"facecolor": style.ORANGE, "hatch": ""},
    {"facecolor": style.BLUE, "hatch": ""},
]
"""By budget, upwards; the last one is the full budget's. They differ in grey too."""
_OTHER: dict[str, Any] = {"facecolor": style.LIGHT_GREY, "hatch": "....."}
"""Of other studies: hatched, as in grey its face is that of a budget."""
_HEIGHT = 0.8
"""Of a bar, of the height of its row."""
_BINS = 150
_LANE = {"lane_begin": "lane_since", "lane_end": "lane_until"}


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows: the attempts of the search, and what else ran meanwhile.

    Times in which the search paused, even if other studies ran, are cut out of the axis of time; pools of workers that
    never trained for the search are left out.

    Returns
    -------
    pandas.DataFrame
        The columns of `attempts`, lanes renumbered, and on the axis, in seconds, `begin` and `end` of the attempt
        and `lane_begin` and `lane_end` of the time for which its lane was idle before or busy with it. A row is what
        lies of them in one `window` between two cuts, from `window_begin` to `window_end` on the axis, with a `pause`
        of seconds before it (none before the first). `begin` and `end` are empty where only the idle time lies there.
    """
    table = attempts(results)
    of_search = table[table["study"] == layout.SEARCH]
    windows = _cut(of_search, shortest_pause(table))
    table = table[table["pool"].isin(of_search["pool"])]
    table = table.assign(lane=table["lane"].rank(method="dense").astype("int64"))
    rows = table.merge(windows, how="cross")
    rows = rows[(rows["lane_since"] <= rows["until"]) & (rows["lane_until"] >= rows["since"])].copy()
    for name, side in (("begin", "started"), ("end", "finished"), *_LANE.items()):
        rows[name] = rows["window_begin"] + rows[side].clip(rows["since"], rows["until"]) - rows["since"]
    outside = (rows["started"] > rows["until"]) | (rows["finished"] < rows["since"])
    rows.loc[outside, ["begin", "end"]] = np.nan
    columns = [*table.columns, "window", "window_begin", "window_end", "pause", "begin", "end", *_LANE]
    return rows[columns].sort_values(["window", "started"], kind="stable", ignore_index=True)


def _cut(of_search: pd.DataFrame, pause: float) -> pd.DataFrame:
    """Windows between the cuts: `since` and `until` when, and where on the axis."""
    found = of_search.groupby(number_runs(of_search, pause)).agg({"started": "min", "finished": "max"})
    windows = pd.DataFrame({"window": found.index, "since": found["started"], "until": found["finished"]})
    windows["pause"] = windows["since"] - windows["until"].shift()
    windows["window_end"] = (windows["until"] - windows["since"]).cumsum()
    windows["window_begin"] = windows["window_end"].shift(fill_value=0.0)
    return windows.reset_index(drop=True)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give how long the search ran, on how many lanes, and how busy they were."""
    if data.empty:
        return {}
    found = {}
    of = sources(one for name in results.studies for one in results.evaluations(name))
    windows = _windows(data)
    length = _length(windows)
    share = float(busy_share(data, np.array([0.0, length]))[0]) if length > 0 else np.nan
    for name, meaning, value, unit, digits in (
        ("schedule_hours", "time in which the search ran, without pauses", length / HOUR, "h", 2),
        ("schedule_windows", "pieces that the search ran in", len(windows), "", 0),
        ("schedule_lanes", "most concurrent trainings", data["lane"].nunique(), "", 0),
        (
            "schedule_utilisation",
            "share of their lanes that were busy, with any study, while the search ran",
            100 * share,
            "%",
            0,
        ),
    ):
        if not np.isnan(value):
            found[name] = Number(meaning=meaning, value=value, unit=unit, digits=digits, sources=of)
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a) the lanes, b) the brackets of the search, c) the share of the lanes that is busy.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No training of the search is finished.")
    size, unit = scale(_length(_windows(data)), "seconds")
    times = ["begin", "end", "window_begin", "window_end", *_LANE]
    data = data.assign(**(data[times] / size))
    windows, bars = _windows(data), data.dropna(subset=["begin"])
    of_search = bars[bars["study"] == layout.SEARCH]
    lanes, brackets = int(data["lane"].max()), int(of_search["bracket"].max()) + 1
    heights = [np.clip(0.17 * lanes, 0.5, 2.0), np.clip(0.11 * brackets, 0.6, 1.9), 0.6]
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.95 + sum(heights))
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    budgets = sorted(of_search["budget"].unique())
    others = bars[bars["study"] != layout.SEARCH]
    lane_edge, bracket_edge = _edge(len(bars), 500), _edge(brackets, 15)
    _draw_bars(upper, others, "lane", lane_edge, _OTHER)
    for row_of, axes, edge in (("lane", upper, lane_edge), ("bracket", middle, bracket_edge)):
        for budget, look in zip(budgets, _looks(budgets), strict=True):
            _draw_bars(axes, of_search[of_search["budget"] == budget], row_of, edge, look)
    _draw_failures(upper, of_search)
    _draw_brackets(middle, of_search)
    _draw_places(upper, "lane", np.arange(1, lanes + 1))
    _draw_places(middle, "bracket", np.arange(brackets))
    _draw_share(lower, data, windows)
    lower.set_xlim(0, _length(windows) or 1)
    lower.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    lower.set_xlabel(f"running time of the search ({unit})")
    _draw_cuts([upper, middle, lower], windows)
    for name, axes in zip("abc", (upper, middle, lower), strict=True):
        axes.annotate(name, (0, 1), (-36, 2), "axes fraction", "offset points", fontweight="bold")
    style.legend(figure, _handles(bars, budgets), "outside upper center", columnspacing=1.2)
    return figure


def _windows(data: pd.DataFrame) -> pd.DataFrame:
    columns = ["window", "window_begin", "window_end", "pause"]
    return data[columns].drop_duplicates().sort_values("window", ignore_index=True)


def _length(windows: pd.DataFrame) -> float:
    return float(windows["window_end"].max())


def _looks(budgets: list[float]) -> list[dict[str, Any]]:
    return [_LOOKS[(level - len(budgets)) % len(_LOOKS)] for level in range(len(budgets))]


def _edge(number: int, enough: int) -> float:
    """Width of the edges of bars, in points: thinner for more than `enough` bars; none that hide faces."""
    width = 0.25 * min(1.0, enough / number)
    return width if width > 0.1 else 0.0


def _draw_bars(axes: Axes, rows: pd.DataFrame, row_of: str, edge: float, look: dict[str, Any]) -> None:
    begin, end, where = (rows[name].to_numpy(dtype=float) for name in ("begin", "end", row_of))
    low, high = where - _HEIGHT / 2, where + _HEIGHT / 2
    corners = np.stack([begin, low, begin, high, end, high, end, low], axis=1).reshape(-1, 4, 2)
    look = look if edge else {"facecolor": look["facecolor"]}
    axes.add_collection(
        PolyCollection(list(corners), **look, edgecolor=style.BLACK, linewidth=edge, hatch_linewidth=0.3)
    )


def _draw_failures(axes: Axes, rows: pd.DataFrame) -> None:
    failed = rows[(rows["status"] != "success") & (rows["attempt"] == rows["attempts"])]
    axes.scatter(failed["end"], failed["lane"], marker="x", s=7, color=style.BLACK, linewidth=0.6, zorder=3)
    torn = rows[rows["attempt"] < rows["attempts"]]
    axes.scatter(torn["end"], torn["lane"], marker=">", s=9, color=style.BLACK, linewidth=0, zorder=3)


def _draw_brackets(axes: Axes, rows: pd.DataFrame) -> None:
    spans = rows.groupby("bracket").agg({"begin": "min", "end": "max"})
    axes.hlines(spans.index, spans["begin"], spans["end"], color=style.GREY, linewidth=0.6, zorder=0)


def _draw_places(axes: Axes, name: str, places: np.ndarray) -> None:
    axes.set_ylim(places[-1] + 0.6, places[0] - 0.6)
    axes.set_ylabel(name)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.tick_params(axis="x", length=0)


def _draw_share(axes: Axes, data: pd.DataFrame, windows: pd.DataFrame) -> None:
    length = _length(windows)
    if length > 0:
        edges = np.linspace(0, length, _BINS + 1)
        percent = 100 * busy_share(data, edges)
        axes.stairs(percent, edges, fill=True, color=style.LIGHT_GREY)
        axes.stairs(percent, edges, baseline=None, color=style.BLACK, linewidth=0.6)
    axes.set(ylim=(0, 105), yticks=[0, 50, 100], ylabel="busy (%)")


def _draw_cuts(panels: list[Axes], windows: pd.DataFrame) -> None:
    length = _length(windows)
    labelled = -np.inf
    for cut in windows[windows["pause"].notna()].to_dict("records"):
        where = cut["window_begin"]
        for axes in panels:
            axes.axvline(where, color=style.VERMILLION, linewidth=0.9, linestyle=(0, (4, 2)), zorder=4)
        # Where cuts are close, the first one says how long it is.
        if where - labelled > 0.1 * length:
            text = f"{duration(cut['pause'])} cut"
            panels[0].annotate(
                text,
                (where, 1),
                (0, 2),
                xycoords=panels[0].get_xaxis_transform(),
                textcoords="offset points",
                ha="center",
                color=style.VERMILLION,
                size=6,
            )
            labelled = where


def _handles(data: pd.DataFrame, budgets: list[float]) -> list[Any]:
    unit, of_search = data["budget_unit"].iloc[0], data["study"] == layout.SEARCH
    edge: dict[str, Any] = {"edgecolor": style.BLACK, "linewidth": 0.25, "hatch_linewidth": 0.3}
    handles: list[Any] = [
        Patch(label=amount(budget, unit), **look, **edge) for budget, look in zip(budgets, _looks(budgets), strict=True)
    ]
    if not of_search.all():
        handles.append(Patch(label="other studies", **_OTHER, **edge))
    mark: dict[str, Any] = {"color": style.BLACK, "linestyle": "", "markersize": 3}
    if (data.loc[of_search, "status"] != "success").any():
        handles.append(Line2D([], [], marker="x", label="failed", **mark))
    if (data.loc[of_search, "attempts"] > 1).any():
        handles.append(Line2D([], [], marker=">", label="interrupted", **mark))
    return handles


FIGURE = Figure(
    studies="all",
    category="Cost",
    data=data,
    draw=draw,
    numbers=numbers,
)
