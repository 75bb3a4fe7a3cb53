"""Figure: joint or separate search? How each arm improved, and its errors at the time at which all are compared."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.arm_tests import arm_tests
from jointsearch.analysis.comparison import MEASURES, ArmComparison, compare_arms
from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number
from jointsearch.core.units import amount, scale
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results

_OF_REFERENCE: dict[str, Any] = {"color": style.BLACK, "marker": "o"}
_COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE, style.SKY, style.BROWN)
_MARKERS = ("v", "s", "^", "D", "P", "X", "*", "<", "p")
"""Of the other arms, one after another; from the eighth on colours repeat, with other markers."""
_IN_A_ROW = 5
"""Panels; more stand in rows of four."""
_POINTS, _MEANS = {"validation": -0.3, "test": 0.3}, {"validation": -0.13, "test": 0.13}
"""Where in the row of an arm the repeats, and their mean, are drawn."""
_REFERENCE: dict[str, Any] = {"color": style.BLACK, "linestyle": (0, (2, 1)), "linewidth": 0.9}
_COMPARED_AT: dict[str, Any] = {"color": style.GREY, "linestyle": ":", "linewidth": 0.8}
_COLUMNS = {
    "part": "str",
    "arm": "str",
    "reference": "str",
    "measure": "str",
    "repeat": "Int64",
    "complete": "boolean",
    "n": "int64",
    "begun": "int64",
    "compared_at": "float64",
    "spent": "float64",
    "budget_unit": "str",
    "error": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "verdict": "str",
}


def looks(arms: Sequence[str], reference: str) -> dict[str, dict[str, Any]]:
    """Colour and marker of each arm."""
    others = (arm for arm in arms if arm != reference)
    of_others = zip(others, cycle(_COLORS), cycle(_MARKERS), strict=False)
    return {reference: _OF_REFERENCE} | {arm: {"color": color, "marker": marker} for arm, color, marker in of_others}


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows.

    Returns
    -------
    pandas.DataFrame
        Of each arm in turn, by `part`: `path`, the mean validation error of the incumbents against what was `spent`
        (`comparison.mean_path`); `course`, that error of each repeat, one row where it changes and one where the repeat
        is by now; `repeat`, what each had spent, and the errors of its incumbent, when `compared_at` was spent (empty
        where it is not compared, or nothing had succeeded at the full budget by then), and whether it is `complete` by
        now; `mean`, those of the compared repeats; `difference`, its difference to the `reference`, with its
        simultaneous interval and the `verdict` (`arm_tests`). `measure` is `validation` or `test`, `n` the number of
        repeats behind a mean or a difference, `begun` of those that have begun; `spent` and `compared_at` are in
        `budget_unit`.
    """
    comparison = compare_arms(results)
    at, unit, rows = comparison.at, results.experiment.budget.unit, list[Any]()
    for arm in comparison.arms:
        own, begun = comparison.successful(arm), comparison.begun(arm)
        common: dict[str, Any] = {
            "arm": arm,
            "reference": comparison.design.reference,
            "n": len(own),
            "begun": len(begun),
            "compared_at": at,
            "budget_unit": unit,
        }
        validation: dict[str, Any] = {**common, "measure": "validation"}
        rows += comparison.mean_path(arm).assign(part="path", **validation).to_dict("records")
        for one in begun:
            of_repeat = {**validation, "part": "course", "repeat": one.number, "complete": one.complete, "n": 1}
            changes = one.changes()[["spent", "full_budget_loss"]].to_numpy().tolist()
            ends = [*changes, (one.spent, one.error("validation"))]
            rows += [{**of_repeat, "spent": spent, "error": error} for spent, error in ends]
        for measure in MEASURES:
            of = {**common, "measure": measure}
            compared = {one.number for one in comparison.compared(arm)}
            for one in begun:
                known = {"spent": min(one.spent, at), "error": one.error(measure, at)} if one.number in compared else {}
                rows.append({**of, "part": "repeat", "repeat": one.number, "complete": one.complete, "n": 1, **known})
            mean, low, high = comparison.mean(arm, measure)
            of_mean = {"part": "mean", "error": mean, "interval_low": low, "interval_high": high}
            rows.append({**of, **of_mean, "spent": np.mean([min(one.spent, at) for one in own]) if own else np.nan})
    rows += _differences(comparison, unit, results.experiment.seed)
    return marked(pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS), results.experiment.measure)


def _differences(comparison: ArmComparison, unit: str, seed: int) -> Iterator[dict[str, Any]]:
    for measure in MEASURES:
        for test in arm_tests(comparison, measure, seed):
            if test.arm in comparison.arms:
                yield {
                    "part": "difference",
                    "arm": test.arm,
                    "reference": comparison.design.reference,
                    "measure": measure,
                    "n": test.of.n,
                    "begun": len(comparison.begun(test.arm)),
                    "compared_at": comparison.at,
                    "budget_unit": unit,
                    "error": test.of.difference,
                    "interval_low": test.low,
                    "interval_high": test.high,
                    "verdict": test.verdict,
                }


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """The training at which the reference was as good as each other arm when all are compared, as a share of that."""
    found: dict[str, Number] = {}
    comparison, paths, measure = compare_arms(results), data[data["part"] == "path"], results.experiment.measure
    means = data[(data["part"] == "mean") & (data["measure"] == "validation")].set_index("arm")["error"]
    first = comparison.design.reference
    reference = paths[paths["arm"] == first]
    for arm in means.index.drop(first, errors="ignore"):
        reached = reference.loc[reference["error"] <= means[arm], "spent"]
        if len(reached):
            found[f"{first}_reaches_{arm}"] = Number(
                meaning=f"training until the mean {measure.name} of {title(first)} was that of {title(arm)} where all "
                "arms are compared, of the training until there",
                value=100 * float(reached.iloc[0]) / comparison.at,
                unit="%",
                digits=0,
                sources=(*comparison.incumbents(first), *comparison.incumbents(arm)),
            )
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: above, a panel an arm, its incumbents over what was spent; below, all at one spent time.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    courses = data[data["part"] == "course"]
    repeats = data[(data["part"] == "repeat") & (data["measure"] == "validation")]
    if courses["error"].isna().all():
        none = f"Of {len(repeats)} searches that have begun, none has a success at the full budget."
        return style.only_saying(none if len(repeats) else "No arm has begun.")
    arms = list(dict.fromkeys(repeats["arm"]))
    columns = len(arms) if len(arms) <= _IN_A_ROW else 4
    rows = -(-len(arms) // columns)
    above, below = 2.1 + 1.6 * (rows - 1), 0.8 + 0.26 * max(3, len(arms))
    figure = style.new_figure(style.DOUBLE_COLUMN, above + below)
    upper, lower = figure.subfigures(2, 1, height_ratios=[above, below], squeeze=False)[:, 0]
    grid = upper.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels: list[Axes] = grid.flat[: len(arms)].tolist()
    for empty in grid.flat[len(arms) :]:
        empty.remove()
    ends, differences = lower.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    _draw_paths(panels, columns, data[data["part"].isin(["path", "course"])], arms)
    for arm, panel in zip(arms, panels, strict=True):
        own = repeats.loc[repeats["arm"] == arm, "complete"].eq(True)
        panel.set_title(f"{fill(title(arm), 22)}\n{own.sum()} of {len(own)} complete", size=7.5)
    _draw_ends(ends, data, arms)
    _draw_differences(differences, data, arms)
    style.letter([panels[0], ends, differences])
    complete = repeats["complete"].eq(True).sum()
    ends.set_title(f"{complete} of {len(repeats)} complete", loc="right", color=style.GREY)
    upper.legend(handles=_handles(data), loc="outside upper left", ncols=6, handlelength=2, columnspacing=1.2)
    return figure


def _draw_paths(panels: list[Axes], columns: int, rows: pd.DataFrame, arms: list[str]) -> None:
    unit, at, first = rows[["budget_unit", "compared_at", "reference"]].iloc[0]
    size, name = scale(rows["spent"].max() if np.isnan(at) else at, unit)
    paths, courses = rows[rows["part"] == "path"], rows[(rows["part"] == "course") & rows["error"].notna()]
    measure = measure_of(rows)
    factor = measure.factor
    for arm, axes in zip(arms, panels, strict=True):
        color = looks(arms, first)[arm]["color"]
        for _, course in courses[courses["arm"] == arm].groupby("repeat"):
            spent, errors = course["spent"] / size, factor * course["error"]
            axes.step(spent, errors, where="post", color=color, linewidth=0.6)
            face = color if course["complete"].eq(True).all() else "white"
            axes.plot(spent.iloc[-1:], errors.iloc[-1:], "o", color=color, ms=3, mfc=face, mew=0.7, zorder=3)
        path, reference = paths[paths["arm"] == arm], paths[paths["arm"] == first]
        low, high = (factor * path[["interval_low", "interval_high"]]).to_numpy().T
        axes.fill_between(path["spent"] / size, low, high, step="post", color=color, alpha=0.15, linewidth=0)
        axes.step(path["spent"] / size, factor * path["error"], where="post", color=color, linewidth=1.8)
        if arm != first:
            axes.step(reference["spent"] / size, factor * reference["error"], where="post", **_REFERENCE)
        if not np.isnan(at):
            axes.axvline(at / size, **_COMPARED_AT)
    style.scale_errors(panels[0].yaxis, factor * courses["error"].to_numpy())
    # An interval of few repeats reaches far: it must not press the errors together.
    bottom, top = factor * courses["error"].min(), factor * courses["error"].max()
    beyond = 0.07 * (top - bottom or 1.0)
    panels[0].set_ylim(
        0.93 * bottom if bottom > 0 else bottom - beyond,
        min(max(1.07 * top, top + beyond), 102.0 if measure.is_error else np.inf),
    )
    panels[0].set_xlim(0, 1.05 * courses["spent"].max() / size)
    what = "training time" if unit == "seconds" else "training"
    panels[0].figure.supxlabel(f"{what} spent ({name})", size=8)
    for panel in panels[::columns]:
        panel.set_ylabel(measure.label(measure.name))
    # Below a row that is not full, the panels above its end are the last of their columns.
    for panel in panels[-columns:]:
        panel.tick_params(labelbottom=True)


def _draw_ends(axes: Axes, data: pd.DataFrame, arms: list[str]) -> None:
    """One row an arm: above the validation errors, below the test errors, those of a repeat joined."""
    repeats, means = data[(data["part"] == "repeat") & data["error"].notna()], data[data["part"] == "mean"]
    labels, of = [], measure_of(data)
    factor = of.factor
    for row, arm in enumerate(arms):
        look = looks(arms, data["reference"].iloc[0])[arm]
        color = look["color"]
        for _, pair in repeats[repeats["arm"] == arm].groupby("repeat"):
            places = row + pair["measure"].map(_POINTS).to_numpy(float)
            axes.plot(factor * pair["error"], places, color=style.LIGHT_GREY, linewidth=0.6, zorder=0)
            for error, place, measure in zip(factor * pair["error"], places, pair["measure"], strict=True):
                face = style.GREY if measure == "validation" else "white"
                axes.plot(error, place, marker="o", markersize=2.5, mfc=face, mec=style.GREY, mew=0.5)
        for mean in means[means["arm"] == arm].to_dict("records"):
            middle, face = row + _MEANS[mean["measure"]], color if mean["measure"] == "validation" else "white"
            interval = [factor * mean["interval_low"], factor * mean["interval_high"]]
            axes.plot(interval, [middle] * 2, color=color, linewidth=1.3)
            axes.plot(factor * mean["error"], middle, color=color, marker=look["marker"], markersize=4.5, mfc=face)
        n, begun = means.loc[means["arm"] == arm, ["n", "begun"]].iloc[0]
        labels.append(f"{fill(title(arm), 34)}, n = {n}" + (f" of {begun}" if n < begun else ""))
    axes.set_yticks(range(len(arms)), labels)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    at, unit = data["compared_at"].iloc[0], data["budget_unit"].iloc[0]
    if np.isnan(at):
        style.say(axes, "No repeat has reached the full budget in every arm.")
        return
    what = "error" if of.is_error else "loss"
    axes.set_xlabel(of.label(f"{what} of the incumbent when {amount(at, unit)} were spent"))
    dot: dict[str, Any] = {"color": style.GREY, "marker": "o", "markersize": 3.5, "linestyle": ""}
    handles = [Line2D([], [], label="validation", **dot), Line2D([], [], label="test", mfc="white", **dot)]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.32, 1), ncols=2)


def _draw_differences(axes: Axes, data: pd.DataFrame, arms: list[str]) -> None:
    """One row an arm: its difference to the reference in the loss, which decides."""
    rows, first = data[data["part"] == "difference"], data["reference"].iloc[0]
    measure, rows = measure_of(data), rows[(rows["measure"] == "validation") & rows["error"].notna()].set_index("arm")
    axes.tick_params(axis="y", length=0, labelleft=False)
    if rows.empty:
        # Rows are shared with the panel beside, so that `style.say` would take its labels.
        none = fill(f"No arm has a repeat to compare with {title(first)}.", 26)
        axes.text(0.5, 0.5, none, transform=axes.transAxes, ha="center", va="center", color=style.GREY)
        axes.set_xticks([])
        return
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    for row, arm in enumerate(arms):
        look = looks(arms, first)[arm]
        if arm in rows.index:
            one = rows.loc[arm]
            axes.plot(measure.factor * one[["interval_low", "interval_high"]].astype(float), [row] * 2, lw=1.3, **look)
            axes.lines[-1].set_marker("")
            faces = {"decided": look["color"], "open": "white", "no test": style.LIGHT_GREY}
            face = faces[_decision(str(one["verdict"]))]
            axes.plot(measure.factor * one["error"], row, markersize=4.5, mfc=face, **look)
    unit = " (points)" if measure.is_error else ""
    axes.set_xlabel(f"{measure.name} minus that of\n{title(first)}{unit}")
    seen = {_decision(verdict) for verdict in rows["verdict"]}
    handles = [handle for handle in _decisions() if handle.get_label() in seen]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.1, 1), ncols=2)


def _decision(verdict: str) -> str:
    return {"better": "decided", "worse": "decided", "open": "open"}.get(verdict, "no test")


def _decisions() -> list[Line2D]:
    dot: dict[str, Any] = {"color": style.GREY, "marker": "o", "markersize": 3.5, "linestyle": ""}
    faces = {"decided": style.GREY, "open": "white", "no test": style.LIGHT_GREY}
    return [Line2D([], [], label=label, mfc=face, **dot) for label, face in faces.items()]


def _handles(data: pd.DataFrame) -> list[Line2D]:
    """What the panels of the arms show, and nothing else."""
    mark: dict[str, Any] = {"color": style.GREY, "marker": "o", "markersize": 3, "linewidth": 0.6}
    first, paths = data["reference"].iloc[0], data[data["part"] == "path"]
    courses = data[(data["part"] == "course") & data["error"].notna()]
    mean = "mean, 95 % interval (shaded)" if paths["interval_low"].notna().any() else "mean"
    complete = courses["complete"].eq(True)
    handles = {
        Line2D([], [], color=style.GREY, linewidth=1.8, label=mean): len(paths) > 0,
        Line2D([], [], label="repeat, complete", **mark): complete.any(),
        Line2D([], [], label="repeat, not complete", mfc="white", **mark): not complete.all(),
        Line2D([], [], label=f"mean of {title(first)}", **_REFERENCE): {first} < {*paths["arm"], *courses["arm"]}
        and (paths["arm"] == first).any(),
        Line2D([], [], label="compared here", **_COMPARED_AT): data["compared_at"].notna().any(),
    }
    return [handle for handle, shown in handles.items() if shown]


FIGURE = Figure(studies=("arm",), category="Joint or separate search", data=data, draw=draw, numbers=numbers)
