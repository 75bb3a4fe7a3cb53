"""Figure: where the time of the workers went, by study and budget."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as MplFigure
from matplotlib.patches import Patch

from jointsearch.analysis.arm_design import ArmDesign, title
from jointsearch.analysis.lanes import attempts
from jointsearch.analysis.number import Number, sources
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import HOUR, amount, duration
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.search.plan import StudyPlan

_KINDS: dict[str, dict[str, Any]] = {
    "training": {"label": "training", "facecolor": style.BLUE, "hatch": ""},
    "evaluation": {"label": "evaluation", "facecolor": style.ORANGE, "hatch": "/////"},
    "startup": {"label": "start-up", "facecolor": style.GREEN, "hatch": "xxxxx"},
    "other": {"label": "other", "facecolor": style.GREY, "hatch": ""},
    "waiting": {"label": "waiting", "facecolor": "#FFFFFF", "hatch": "....."},
}
"""What the time of a lane can go into."""
_EDGE: dict[str, Any] = {"edgecolor": style.BLACK, "linewidth": 0.3, "hatch_linewidth": 0.3}
_LEGIBLE = 8.0
"""Percent of a bar that a number finds room in."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows: seconds of the lanes, by study and budget.

    The records tell how long a training trained, evaluated and started up; what else its process spent is `other`:
    saving states, steps that were lost when it was interrupted, and, where the budget counts the processor's time,
    what other programs took. Where the parts are more than the whole, by another clock, they are shortened alike.
    `waiting` is what a lane was idle before a training, and after the last one on it (see `attempts`): a process
    starting, or nothing to do.

    Returns
    -------
    pandas.DataFrame
        One row a `study`, where all searches of an arm are one (`is_arm`), and `budget` of it: `budget_unit`,
        `trainings`, `failed`; `training`, `evaluation`, `startup`, `other` and `waiting`, in seconds, which add up to
        `total`.
    """
    table = attempts(results)
    duration = table["finished"] - table["started"]
    table = table.assign(duration=duration, waited=table["lane_until"] - table["lane_since"] - duration)
    sums = table.groupby(["study", "evaluation"])[["duration", "waited"]].sum()
    spent = dict(zip(sums.index, sums.to_numpy().tolist(), strict=True))
    rows = [
        _row(results.plan.find(name), one, *spent[name, one.id])
        for name, study in results.studies.items()
        for one in study.evaluations
    ]
    groups = ["study", "is_arm", "budget", "budget_unit"]
    columns = [*groups, "trainings", "failed", *_KINDS]
    found = pd.DataFrame(rows, columns=columns).groupby(groups, as_index=False, sort=False).sum()
    found["total"] = found[list(_KINDS)].sum(axis=1)
    studies = [study.name for study in results.plan.studies if study.arm is None]
    order = {name: index for index, name in enumerate((*studies, *ArmDesign.of(results).arms))}
    return found.sort_values(["study", "budget"], key=lambda column: column.replace(order), ignore_index=True)


def _row(study: StudyPlan, one: Evaluation, duration: float, waited: float) -> tuple[Any, ...]:
    seen = one.observed
    parts = seen.training_seconds, seen.evaluation_seconds, seen.startup_seconds
    shortened = min(1.0, duration / sum(parts)) if sum(parts) > 0 else 0.0
    known = [shortened * part for part in parts]
    failed = int(one.status != "success")
    group = (study.group, study.arm is not None, one.budget, one.budget_unit)
    return (*group, 1, failed, *known, max(0.0, duration - sum(known)), waited)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give the time of the lanes and the shares of it, in all and of the search."""
    found = {}
    for prefix, where, rows in (
        ("time", "all studies", data),
        ("search_time", "the search", data[data["study"] == layout.SEARCH]),
    ):
        names = [name for name in results.studies if results.plan.find(name).group in set(rows["study"])]
        of = sources(one for name in names for one in results.evaluations(name))
        total = float(rows["total"].sum())
        if total == 0:
            continue
        found[f"{prefix}_hours"] = Number(
            meaning=f"time of the lanes that {where} took, waiting included",
            value=total / HOUR,
            unit="h",
            digits=2,
            sources=of,
        )
        for kind, look in _KINDS.items():
            found[f"{prefix}_{kind}_share"] = Number(
                meaning=f"share of the lanes' time that {where} took: {look['label']}",
                value=100 * float(rows[kind].sum()) / total,
                unit="%",
                digits=1,
                sources=of,
            )
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a bar for each budget of each study, and for all; left the studies, right the arms.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    if data.empty:
        return style.only_saying("No training is finished.")
    columns = [_bars(rows) for rows in (data[~data["is_arm"]], data[data["is_arm"]]) if len(rows)]
    if data["study"].nunique() > 1:
        columns[0].append((1.5, "", "all studies", data[list(_KINDS)].sum(), _total(data)))
    length = max(sum(bar[0] for bar in bars) for bars in columns)
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.75 + 0.155 * (length + 0.5))
    # Between the amounts of the studies and the budgets of the arms.
    grid = figure.subplots(1, len(columns), squeeze=False, gridspec_kw={"wspace": 0.1})[0]
    for axes, bars in zip(grid, columns, strict=True):
        _draw_bars(axes, bars)
        axes.set_ylim(length + 0.6, -0.4)
    spent = [look for kind, look in _KINDS.items() if data[kind].sum() > 0]
    style.legend(figure, [Patch(**look, **_EDGE) for look in spent], "outside upper center")
    return figure


_Bar = tuple[float, str, str, "pd.Series[float]", str]
"""Space before it, study (where the first of it) to stand above it, budget, seconds by kind, amount in words."""


def _bars(rows: pd.DataFrame) -> list[_Bar]:
    bars: list[_Bar] = []
    for study, of_study in rows.groupby("study", sort=False):
        name = title(str(study)) if of_study["is_arm"].all() else str(study)
        for place, (_, row) in enumerate(of_study.iterrows()):
            space = 1.0 if place or not bars else 2.2
            budget = amount(row["budget"], row["budget_unit"])
            bars.append((space, "" if place else name, budget, row[list(_KINDS)], _total(row.to_frame().T)))
        if len(of_study) > 1:
            bars.append((1.0, "", "all", of_study[list(_KINDS)].sum(), _total(of_study)))
    return bars


def _total(rows: pd.DataFrame) -> str:
    return f"{duration(float(rows['total'].sum()))}, n = {int(rows['trainings'].sum()):,}"


def _draw_bars(axes: Axes, bars: list[_Bar]) -> None:
    where = 0.0
    for space, study, budget, seconds, total_text in bars:
        where += space
        total, left = float(seconds.sum()), 0.0
        for kind, look in _KINDS.items():
            percent = 100 * float(seconds[kind]) / total if total else 0.0
            face = {name: look[name] for name in ("facecolor", "hatch")}
            axes.barh(where, percent, left=left, height=0.8, **face, **_EDGE)
            if percent >= _LEGIBLE:
                ink = "white" if sum(to_rgb(look["facecolor"])) < 1.2 else style.BLACK
                back = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 0.6}
                middle = left + percent / 2
                axes.text(middle, where, f"{percent:.0f}", color=ink, ha="center", va="center", size=6, bbox=back)
            left += percent
        axes.annotate(total_text, (100, where), (3, 0), textcoords="offset points", va="center", size=6)
        axes.annotate(budget, (0, where), (-3, 0), textcoords="offset points", ha="right", va="center", size=7)
        axes.annotate(study, (0, where - 1), (0, -1), textcoords="offset points", va="center", size=7, weight="bold")
    axes.set(xlim=(0, 100), xlabel="share of the lanes' time (%)", yticks=[])
    axes.spines["left"].set_visible(False)


FIGURE = Figure(
    studies="all",
    category="Cost",
    data=data,
    draw=draw,
    numbers=numbers,
)
