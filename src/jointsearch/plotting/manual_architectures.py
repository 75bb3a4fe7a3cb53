"""Figure: manual architectures against what the search found, at the full budget."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.seed_statistics import INCUMBENT, best_of_search, by_name, interval, moments, title
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results

_LOOKS: dict[str, dict[str, Any]] = {
    layout.SEARCH: {"label": "found by the search", "color": style.VERMILLION, "marker": "*", "markersize": 7},
    layout.MANUAL: {"label": "manual", "color": style.BLUE, "marker": "o", "markersize": 4.5},
    layout.RETRAINING: {
        "label": "retrained",
        "color": style.BLACK,
        "marker": "D",
        "markersize": 4,
        "markerfacecolor": "white",
    },
}
"""By study."""
_PANELS = (("validation", "validation error (%)"), ("test", "test error (%)"))


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows.

    Returns
    -------
    pandas.DataFrame
        One row a training, from top to bottom: `study`, `name`, `title`, `evaluation`, `budget`, `budget_unit`,
        `status`, `parameters`, `validation_error` and `test_error` (fractions). The same for all trainings of one
        configuration in one study: their number, `trainings`, and how many of them `failed`; of the others the means,
        `validation_mean` and `test_mean`, with their 95 % intervals, `..._low` to `..._high`. Retrained ones have seen
        the validation images: of them these errors are left out.
    """
    rows = [row for group in _groups(results) for row in _rows(*group)]
    means = [f"{panel}_{name}" for panel, _ in _PANELS for name in ("mean", "low", "high")]
    columns = ["study", "name", "title", "trainings", "failed", "evaluation", "budget", "budget_unit", "status"]
    table = pd.DataFrame(rows, columns=[*columns, "parameters", "validation_error", "test_error", *means])
    errors = ["validation_error", "test_error", *means]
    return table.astype({"parameters": "Int64"} | dict.fromkeys(errors, "float64"))


def _groups(results: Results) -> Iterator[tuple[str, str, list[Evaluation]]]:
    """Study, name, trainings: the incumbent first, manual ones by their mean validation error; retrained ones below."""
    retrained = by_name(results.evaluations(layout.RETRAINING))
    by_hand = by_name(results.evaluations(layout.MANUAL))
    best = best_of_search(results)
    groups = [] if best is None else [(layout.SEARCH, INCUMBENT, [best])]
    ordered = sorted(by_hand, key=lambda name: np.nan_to_num(moments(_losses(by_hand[name]))[0], nan=np.inf))
    groups += [(layout.MANUAL, name, by_hand[name]) for name in ordered]
    names = dict.fromkeys([INCUMBENT, *ordered, *retrained])
    for wanted in names:
        yield from (group for group in groups if group[1] == wanted)
        if wanted in retrained:
            yield layout.RETRAINING, wanted, retrained[wanted]


def _losses(evaluations: list[Evaluation]) -> list[float]:
    return [one.loss for one in evaluations if one.loss is not None]


def _rows(study: str, name: str, evaluations: list[Evaluation]) -> Iterator[tuple[Any, ...]]:
    validation = [] if study == layout.RETRAINING else _losses(evaluations)
    test = [one.test_error for one in evaluations if one.status == "success" and one.test_error is not None]
    means = [value for errors in (validation, test) for value in (moments(errors)[0], *interval(errors))]
    failed = sum(one.status != "success" for one in evaluations)
    for one in evaluations:
        error = None if study == layout.RETRAINING else one.loss
        what = study, name, title(name), len(evaluations), failed, one.id, one.budget, one.budget_unit, one.status
        test_error = one.test_error if one.status == "success" else None
        yield (*what, one.parameters, error, test_error, *means)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give how many of the manual architectures the found configuration beats, as it came out of the search."""
    groups = data.drop_duplicates(["study", "name"]).set_index("study")
    if layout.SEARCH not in groups.index or layout.MANUAL not in groups.index:
        return {}
    by_hand = groups.loc[[layout.MANUAL]].dropna(subset=["test_mean"])
    best = best_of_search(results)
    of = sources([*([] if best is None else [best]), *results.evaluations(layout.MANUAL)])
    beaten = int((by_hand["test_mean"] > groups.loc[layout.SEARCH, "test_mean"]).sum())
    return {
        name: Number(meaning=meaning, value=value, unit="", digits=0, sources=of)
        for name, meaning, value in (
            ("manual_compared", "manual architectures with a successful training", len(by_hand)),
            ("manual_beaten", "those whose mean test error is above that of the found configuration", beaten),
        )
    }


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a row for each configuration; left its validation errors, right its test errors.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No manual architecture is trained, and nothing is found yet.")
    groups = data.drop_duplicates(["study", "name"]).reset_index(drop=True)
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.85 + 0.27 * len(groups))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    percent = 100 * pd.concat([data["validation_error"], data["test_error"]]).dropna().to_numpy()
    for (panel, label), axes in zip(_PANELS, panels, strict=True):
        for position in range(len(groups)):
            group = groups.iloc[position]
            of_group = data[(data["study"] == group["study"]) & (data["name"] == group["name"])]
            _draw_group(axes, position, panel, group, of_group)
        reference = groups.loc[groups["study"] == layout.SEARCH, f"{panel}_mean"].dropna()
        for error in reference:
            axes.axvline(100 * error, color=style.VERMILLION, linewidth=0.7, linestyle=":", zorder=0)
        axes.set_xlabel(label)
        if len(percent):
            style.scale_errors(axes.xaxis, percent)
        if axes.get_xscale() == "log":
            axes.xaxis.set_major_locator(LogLocator(subs=[1, 2, 3, 5, 7]))
    panels[0].set_ylim(len(groups) - 0.4, -0.6)
    panels[0].set_yticks(range(len(groups)), [_label(group, data) for group in groups.to_dict("records")])
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    handles = list(_handles(groups))
    if (groups["trainings"] > 1).any():
        handles.append(Line2D([], [], linestyle="", marker="|", color=style.GREY, markersize=6, label="one training"))
    style.legend(figure, handles, "outside upper center")
    return figure


def _handles(groups: pd.DataFrame) -> Iterator[Line2D]:
    """A mark for each study that there is, with the line of an interval where one has it."""
    for study, look in _LOOKS.items():
        own = groups[groups["study"] == study]
        if own.empty:
            continue
        has_interval = own["test_low"].notna().any() or own["validation_low"].notna().any()
        what = ": mean, 95 % interval" if has_interval else ": mean" if (own["trainings"] > 1).any() else ""
        yield Line2D([], [], linestyle="-" if has_interval else "", **look | {"label": f"{look['label']}{what}"})


def _draw_group(axes: Axes, position: int, panel: str, group: "pd.Series[Any]", of_group: pd.DataFrame) -> None:
    look = {key: value for key, value in _LOOKS[group["study"]].items() if key != "label"}
    errors = 100 * of_group[f"{panel}_error"].dropna()
    mean, low, high = (100 * group[f"{panel}_{name}"] for name in ("mean", "low", "high"))
    if errors.empty:
        seen = group["study"] == layout.RETRAINING and panel == "validation"
        text = "trained on the validation images" if seen else "all failed"
        axes.text(0.5, position, text, transform=axes.get_yaxis_transform(), size=6, color=style.GREY, ha="center")
        return
    if len(of_group) > 1:
        axes.plot(errors, np.full(len(errors), position), "|", color=style.GREY, markersize=8, markeredgewidth=0.8)
    if not np.isnan(low):
        axes.plot([low, high], [position, position], color=look["color"], linewidth=1.2, solid_capstyle="butt")
    axes.plot([mean], [position], linestyle="", zorder=3, **look)


def _label(group: Mapping[Hashable, Any], data: pd.DataFrame) -> str:
    number, failed = int(group["trainings"]), int(group["failed"])
    notes = [] if group["study"] == layout.SEARCH else [f"n = {number}"]
    if pd.notna(group["parameters"]):
        notes.insert(0, _weights(float(group["parameters"])))
    if failed:
        notes.append(f"{failed} failed")
    if group["budget"] < data["budget"].max():
        notes.append(f"at {amount(group['budget'], str(group['budget_unit']))}")
    again = group["study"] == layout.RETRAINING
    return f"{group['title']}{', retrained' if again else ''}\n{', '.join(notes)}"


def _weights(number: float) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{unit} weights"
    return f"{number:.0f} weights"


FIGURE = Figure(
    studies=("manual", "search", "retraining"), category="Manual and found", data=data, draw=draw, numbers=numbers
)
