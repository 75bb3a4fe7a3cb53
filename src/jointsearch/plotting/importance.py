"""Figure: which hyperparameters matter, which matter together, and whether the parts of the space interact."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from jointsearch.analysis.correlation import FEWEST
from jointsearch.analysis.importance import importances
from jointsearch.analysis.importance.groups import GROUPS, MAIN, PAIR, PART
from jointsearch.analysis.number import Number, sources
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

LOOKS: dict[str, dict[str, Any]] = {
    "forest": {"color": style.ORANGE, "marker": "o", "offset": -0.16},
    "gp": {"color": style.BLUE, "marker": "D", "offset": 0.16},
}
STRONGEST = 8
"""So many pairs are drawn."""
_SHADES = LinearSegmentedColormap.from_list("importance", ["#FFFFFF", style.BLUE, "#00263F"])
_UNKNOWN = "#E4E4E4"
_EDGE: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.5}


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows: the table of `analysis.importance.importances`, every budget."""
    return importances.of(results)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give R^2, counts and the largest main effect at the full budget, with the evaluations that they come from."""
    full = budgets(results.experiment.budget)[-1]
    tried = [one for one in importances.evaluations(results) if one.budget == full]
    succeeded = [one for one in tried if one.loss is not None]
    failed = [one for one in tried if one.loss is None]
    found, what = {}, "error" if results.experiment.measure.is_error else "loss"
    if importances.is_logarithmic([one.loss for one in succeeded if one.loss is not None]):
        what = f"log {what}"

    def say(name: str, meaning: str, value: float, unit: str, digits: int, of: Sequence[Evaluation]) -> None:
        found[f"importance_{name}"] = Number(
            meaning=f"{meaning}, at the full budget", value=value, unit=unit, digits=digits, sources=sources(of)
        )

    say("n", "evaluations that importance is computed from", len(succeeded), "", 0, succeeded)
    say("failed", "failed evaluations, which importance leaves out", len(failed), "", 0, failed)
    draws = [one for one in tried if importances.is_draw(one)]
    drawn = [one for one in draws if one.loss is not None]
    meaning = "random configurations, chosen by no result, of which held-out R^2 is"
    say("draws", meaning, len(drawn), "", 0, drawn)
    if draws:
        share = 100 * sum(one.loss is None for one in draws) / len(draws)
        say(
            "draws_failed", "share of random configurations that no result has chosen that failed", share, "%", 0, draws
        )
    for surrogate, name in importances.NAMES.items():
        rows = data[(data["surrogate"] == surrogate) & (data["budget"] == full) & (data["kind"] == MAIN)]
        r2 = float(rows["r2"].iloc[0])
        if not np.isnan(r2):
            say(
                f"{surrogate}_r2",
                f"held-out R^2 of the {name} for the {what} of random configurations",
                r2,
                "",
                2,
                succeeded,
            )
        if r2 > 0:
            largest = rows.nlargest(1, "importance").iloc[0]
            meaning = f"largest share of one hyperparameter by itself in the variance of the {name}"
            for suffix, before, column in (("", "", "importance"), ("_spread", "spread of the ", "spread")):
                value = 100 * float(largest[column])
                say(f"{surrogate}_largest_main{suffix}", f"{before}{meaning}", value, "%", 1, succeeded)
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a) main effects, b) the same by budget, c) the strongest pairs, d) sums.

    a, c and d are at the full budget. Where there is too little for them, the figure says so in their place.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    data = data.assign(**{name: data[name].astype(object).fillna("") for name in ("first", "second", "part")})
    full = data[data["budget"] == data["budget"].max()]
    part_of = _part_of(full)
    order = _order(full if full["importance"].notna().any() else data, part_of)
    if data["importance"].isna().all():
        return style.only_saying(_too_few(full, len(order)))
    sums = full[full["kind"].isin(GROUPS)]
    of_sums = list(dict.fromkeys(zip(sums["kind"], sums["first"], sums["second"], strict=True)))
    below = max(len(of_sums), 6)
    figure = style.new_figure(style.DOUBLE_COLUMN, 1.3 + 0.19 * max(len(order), 14 + 1.6 * (below - 6)))
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=[0.58, 0.42], wspace=0.02)
    if full["importance"].isna().all():
        by_budget = left.subplots()
        style.say(right.subplots(), _too_few(full, len(order)))
        by_budget.set_yticks(range(len(order)), [style.words(name) for name in order])
        by_budget.set_title("main effects by budget (%)", loc="left", pad=14)
        _draw_budgets(by_budget, data[data["kind"] == MAIN], order)
        return figure
    mains, by_budget = left.subplots(1, 2, sharey=True, width_ratios=[1.0, 0.85])
    pairs, groups = right.subplots(2, 1, height_ratios=[1.6 * STRONGEST, 1.4 * below])
    _draw_dots(mains, full[full["kind"] == MAIN], [(name, "") for name in order], [style.words(name) for name in order])
    _draw_parts(mains, [part_of[name] for name in order])
    _draw_budgets(by_budget, data[data["kind"] == MAIN], order)
    _draw_pairs(pairs, full[full["kind"] == PAIR], part_of)
    if of_sums:
        _draw_dots(groups, sums, of_sums, [_sum_name(*one) for one in of_sums], by=("kind", "first", "second"))
        _embolden(groups, [second not in ("", first) for _, first, second in of_sums])
    else:
        style.say(groups, "The space names no parts\nto sum the effects over.")
    for panel, title in (
        (mains, "a  main effects (%)"),
        (by_budget, "b  by budget (%)"),
        (pairs, "c  strongest pairs (%)"),
        (groups, "d  sums (%)"),
    ):
        _name(panel, title, pad=14 if panel in (mains, by_budget) else 5)
    _head(figure, full)
    return figure


def _name(axes: Axes, title: str, pad: float) -> None:
    """Letter and title of a panel, at its left edge."""
    letter, rest = title.split("  ")
    axes.set_title(rf"$\mathbf{{{letter}}}$  {rest}", loc="left", pad=pad)


def _trusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of surrogates that predict something; all rows, if none does."""
    good = rows[rows["r2"] > 0]
    return rows if good.empty else good


def _ranked(rows: pd.DataFrame) -> pd.Series:
    """Mean importance over surrogates (and budgets) that predict something, by name or names, largest first."""
    means = _trusted(rows).groupby(["first", "second"], sort=True)["importance"].mean()
    return means.sort_values(ascending=False, kind="stable")


def _part_of(rows: pd.DataFrame) -> dict[str, str]:
    """The part of each hyperparameter; all empty if the space names none."""
    mains = rows[rows["kind"] == MAIN]
    return dict(zip(mains["first"], mains["part"], strict=True))


def _order(rows: pd.DataFrame, part_of: Mapping[str, str]) -> list[str]:
    """Hyperparameters from top to bottom: part by part, each by its main effect."""
    names = [first for first, _ in _ranked(rows[rows["kind"] == MAIN]).index]
    return sorted(names, key=lambda name: part_of[name])


def _sum_name(kind: str, first: str, second: str) -> str:
    first, second = style.words(first), style.words(second)
    if not first:
        return "three and more"
    if kind == PART:
        return first
    return f"within {first}" if first == second else f"{first} ×\n{second}"


def _too_few(full: pd.DataFrame, dimension: int) -> str:
    one = full.iloc[0]
    budget = amount(one["budget"], one["budget_unit"])
    failed = f", {one['failed']} failed" if one["failed"] else ""
    least = importances.fewest(dimension)
    reason = "Too few of them differ, all losses are the same, or some are too large."
    if one["n"] < least:
        reason = f"{least} different configurations are needed."
    elif one["drawn"] < FEWEST:
        reason = f"{FEWEST} random configurations that no result has chosen are needed."
    return f"Nothing can be said of importance at {budget}:\n{one['n']} trained{failed}.\n{reason}"


def _why_unknown(row: pd.Series, dimension: int) -> str:
    if row["n"] >= importances.fewest(dimension) and row["drawn"] < FEWEST:
        return f"{row['drawn']} random draws: too few"
    return f"n = {row['n']}: too few, all equal or too large"


def _head(figure: MplFigure, full: pd.DataFrame) -> None:
    """Explain above the panels each marker, how well its surrogate predicts, and from how many evaluations."""
    handles = []
    for surrogate, rows in full.groupby("surrogate", sort=False):
        r2 = rows["r2"].iloc[0]
        text = f"{importances.NAMES[str(surrogate)]}, held-out R² = {f'{r2:.2f}'.replace('-', '−')}"
        if not r2 > 0:
            text += ": predicts nothing, its shares mean nothing"
        handles.append(Line2D([], [], label=text, **_marker(str(surrogate), r2), linestyle=""))
    figure.legend(handles=handles, loc="outside upper left", ncols=2 if (full["r2"] > 0).all() else 1)
    one = full.iloc[0]
    budget = amount(one["budget"], one["budget_unit"])
    failed = f", {one['failed']} failed and left out" if one["failed"] else ""
    figure.legend(
        handles=[],
        title=f"{budget}: n = {one['n']}{failed}\nR² of {one['drawn']} random draws",
        title_fontsize=7,
        loc="outside upper right",
    )


def _marker(surrogate: str, r2: float) -> dict[str, Any]:
    """Filled if the surrogate predicts anything, hollow and grey if not."""
    look = LOOKS[surrogate]
    good = r2 > 0
    return {
        "color": look["color"] if good else style.GREY,
        "marker": look["marker"],
        "markersize": 3.5,
        "markerfacecolor": look["color"] if good else "white",
    }


def _draw_dots(
    axes: Axes,
    rows: pd.DataFrame,
    order: Sequence[tuple[str, ...]],
    labels: Sequence[str],
    by: Sequence[str] = ("first", "second"),
) -> None:
    """Draw importance and spread of each surrogate, from top to bottom in an order of their columns `by`."""
    position = {names: number for number, names in enumerate(order)}
    for surrogate, of_it in rows.groupby("surrogate", sort=False):
        shown = [
            (position[names], row)
            for row in of_it.to_dict("records")
            if (names := tuple(row[column] for column in by)) in position
        ]
        y = np.array([number for number, _ in shown]) + LOOKS[str(surrogate)]["offset"]
        x, spread = (np.array([100 * row[column] for _, row in shown]) for column in ("importance", "spread"))
        # No share is below 0 or above 100 %, but for rounding.
        error = [np.minimum(spread, np.maximum(end, 0)) for end in (x, 100 - x)]
        axes.errorbar(
            x,
            y,
            xerr=error,
            **_marker(str(surrogate), of_it["r2"].iloc[0]),
            linestyle="",
            elinewidth=0.7,
            zorder=3,
            clip_on=False,
        )
    axes.set_yticks(range(len(order)), labels)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.grid(axis="x", color=style.LIGHT_GREY, linewidth=0.5)
    axes.set_axisbelow(True)


def _draw_pairs(axes: Axes, rows: pd.DataFrame, part_of: Mapping[str, str]) -> None:
    strongest = [(str(first), str(second)) for first, second in _ranked(rows).index[:STRONGEST]]
    if not strongest:
        style.say(axes, "There are no pairs.")
        return
    _draw_dots(axes, rows, strongest, [style.words(f"{first} ×\n{second}") for first, second in strongest])
    _embolden(axes, [part_of[first] != part_of[second] for first, second in strongest])
    axes.tick_params(axis="y", labelsize=6)


def _embolden(axes: Axes, those: Sequence[bool]) -> None:
    for label, bold in zip(axes.get_yticklabels(), those, strict=True):
        label.set_fontweight("bold" if bold else "normal")


def _draw_parts(axes: Axes, parts: Sequence[str]) -> None:
    """Draw lines between parts, and name each; `parts` are those of the hyperparameters from top to bottom."""
    ends = [place for place, part in enumerate(parts, start=1) if part not in parts[place:]]
    for end in ends if len(ends) > 1 else ():
        axes.annotate(
            style.words(parts[end - 1]), (1, end - 0.5), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", va="bottom", size=6.5, color=style.GREY, style="italic",
        )  # fmt: skip
        if end < len(parts):
            axes.axhline(end - 0.5, color=style.GREY, linewidth=0.6)


def _draw_budgets(axes: Axes, rows: pd.DataFrame, order: Sequence[str]) -> None:
    """Draw main effects as a table of shaded cells: a column for each surrogate and budget."""
    unit, all_budgets = rows["budget_unit"].iloc[0], sorted(rows["budget"].unique())
    columns = [(surrogate, budget) for surrogate in LOOKS for budget in all_budgets]
    for x, (surrogate, budget) in enumerate(columns):
        column = rows[(rows["surrogate"] == surrogate) & (rows["budget"] == budget)].set_index("first")
        r2, height = column["r2"].iloc[0], len(order)
        if r2 > 0:
            for y, share in enumerate(column.loc[order, "importance"].clip(0, 1)):
                axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=_SHADES(share), **_EDGE))
                if share > 0.005:
                    ink = "white" if share > 0.4 else style.BLACK
                    axes.text(x, y, f"{100 * share:.0f}", ha="center", va="center", size=5.5, color=ink)
        else:
            axes.add_patch(Rectangle((x - 0.5, -0.5), 1, height, facecolor=_UNKNOWN, **_EDGE))
            reason = _why_unknown(column.iloc[0], height) if np.isnan(r2) else "R² ≤ 0: means nothing"
            axes.text(x, (height - 1) / 2, reason, rotation=90, ha="center", va="center", size=5.5, color=style.GREY)
    axes.set_xticks(range(len(columns)), [amount(budget, unit) for _, budget in columns], rotation=90)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(order) - 0.5, -0.5))
    axes.tick_params(length=0, labelsize=6)
    axes.spines[:].set_visible(False)
    for number, name in enumerate(("forest", "process")):
        axes.annotate(
            name,
            ((number + 0.5) * len(all_budgets) - 0.5, 1),
            # As far above the cells whatever their height.
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            size=6.5,
        )


FIGURE = Figure(studies=("search", "correlation"), category="Importance", data=data, draw=draw, numbers=numbers)
