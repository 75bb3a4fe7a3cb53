"""Figure: what is known of long trainings after short ones, without the bias of a search that sees survivors only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from jointsearch.analysis.amounts import brief_budgets
from jointsearch.analysis.correlation import FEWEST, MEANINGS
from jointsearch.analysis.early_stopping import (
    compare,
    contrast,
    count_begun,
    curves,
    first_observations,
    firsts,
    generator,
    one_in,
    selection,
)
from jointsearch.analysis.minimised import marked, measure_of
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.retest import retest
from jointsearch.core import layout
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

_MARKER: dict[str, Any] = {"markersize": 3.5, "markeredgewidth": 0.8}
_SAMPLES: dict[str, dict[str, Any]] = {
    "study": {"color": style.BLUE, "linestyle": "", "marker": "o"} | _MARKER,
    "corrected": {"color": style.SKY, "linestyle": "", "marker": "^"} | _MARKER,
    "survivors": {"color": style.ORANGE, "linestyle": "", "marker": "D"} | _MARKER,
    "search": {"color": style.BLACK, "marker": "s", "linestyle": "", "markerfacecolor": "white"} | _MARKER,
}
_OFFSET = 0.2
"""Between the samples of a pair, of the place that a pair takes."""
_ROW = 8.5
"""Points between the rows of the small table below the axes."""
_BUDGETS: list[dict[str, Any]] = [
    {"color": style.SKY, "linestyle": "-", "marker": "v"},
    {"color": style.GREEN, "linestyle": (0, (4, 1.5)), "marker": "s"},
    {"color": style.VERMILLION, "linestyle": (0, (1, 1)), "marker": "^"},
    {"color": style.PURPLE, "linestyle": (0, (5, 1, 1, 1)), "marker": "D"},
]
_RANDOM: dict[str, Any] = {"color": style.GREY, "linewidth": 0.6}
_FAILED: dict[str, Any] = {"color": style.LIGHT_GREY, "alpha": 0.5, "linewidth": 0}
_WHOSE = {
    "study": ("spearman", "all"),
    "survivors": ("spearman_survivors", "the best one in {eta:g} of those that succeeded at the lower budget"),
    "corrected": ("corrected", "all, corrected for the noise between trainings that differ by their seed"),
    "retest": ("retest", "each trained again with another seed"),
}
"""By sample of a correlation: how its numbers begin, and of which configurations they are."""
_OF_FIRSTS = ("study", "survivors")
"""Samples of single trainings of each configuration."""
_CONTRAST = {
    "neighbouring": ("study_spearman_neighbouring", "mean rank correlation of neighbouring budgets"),
    "furthest": ("study_spearman_furthest", "rank correlation of the lowest and the full budget"),
    "difference": ("study_spearman_difference", "by how much neighbouring budgets correlate more than the furthest"),
    "interval_low": ("study_spearman_difference_low", "lower end of the 95 % bootstrap interval of that difference"),
    "interval_high": ("study_spearman_difference_high", "upper end of the 95 % bootstrap interval of that difference"),
}
"""Name and meaning of the number that a column of the contrast holds."""
_SELECTION = {
    "difference": ("study_selection", "what the survivors of one cut correlate more than all, at the furthest budgets"),
    "interval_low": ("study_selection_low", "lower end of the 95 % bootstrap interval of what selection changes"),
    "interval_high": ("study_selection_high", "upper end of the 95 % bootstrap interval of what selection changes"),
}
"""Name and meaning of the number that a column of the selection holds."""


def data(results: Results) -> pd.DataFrame:
    """Gather all that the figure shows.

    Returns
    -------
    pandas.DataFrame
        Rows of four kinds, by `part`, each with `budget_unit` and `eta`; other columns are empty. `correlation`: the
        columns of `early_stopping.compare`, and with several seeds the same of the study `corrected` for noise, see
        `retest.correct`. `retest`, with several seeds: test and retest at a budget, see `retest.retest`. `contrast`,
        one row: the columns of `early_stopping.contrast`. `selection`, one row: those of `early_stopping.selection`, of
        the lowest and the full budget. `early_stopping`: those of `early_stopping.curves`.
    """
    settings = results.experiment.budget
    ladder = budgets(settings)
    found = contrast(first_observations(results), ladder, generator(results, "contrast"))
    cut = selection(first_observations(results), ladder[0], ladder[-1], settings.eta, generator(results, "selection"))
    compared, within, between = compare(results), *_retest(results)
    parts = {
        "correlation": compared,
        "contrast": pd.DataFrame([found]),
        "selection": pd.DataFrame([cut]),
        "early_stopping": curves(results),
    }
    if len(within):
        parts |= {"correlation": pd.concat([compared, between], ignore_index=True), "retest": within}
    together = pd.concat([rows.assign(part=part) for part, rows in parts.items()], ignore_index=True)
    order = ["part", *(column for column in together if column != "part")]
    return marked(together[order].assign(budget_unit=settings.unit, eta=settings.eta), results.experiment.measure)


def _retest(results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test and retest within budgets; correlations between budgets, corrected, in the columns of `compare`."""
    found = retest(results)
    same = found["lower_budget"] == found["higher_budget"]
    names = {"corrected": "spearman", "corrected_low": "interval_low", "corrected_high": "interval_high"}
    within, between = found[same].drop(columns=[*names]), found[~same].drop(columns=[*names.values()])
    return within, between.rename(columns=names).assign(of="corrected", budget_unit=results.experiment.budget.unit)


def numbers(results: Results, data: pd.DataFrame) -> dict[str, Number]:
    """Give the correlations, of all of the study and of what a cut would keep of it, and how much distance matters.

    With several seeds also those corrected for noise, and those of test and retest.

    Those within the search are numbers of the figure `budget_correlation`.
    """
    unit, found = results.experiment.budget.unit, {}
    evaluations, once = results.evaluations(layout.CORRELATION), firsts(results)
    for row in data[data["of"].isin([*_WHOSE]) | (data["part"] == "retest")].to_dict("records"):
        low, high = row["lower_budget"], row["higher_budget"]
        of_what = "retest" if low == high else row["of"]
        whose, where = _WHOSE[of_what]
        at = amount(low, unit) if low == high else f"{amount(low, unit)} and {amount(high, unit)}"
        where = where.format(eta=row["eta"])
        meaning = f"of the {results.experiment.measure.plural} at {at} of random configurations, {where}"
        of = [one for one in (once if of_what in _OF_FIRSTS else evaluations) if one.budget in {low, high}]
        place = f"{low:g}" if low == high else f"{low:g}_{high:g}"
        for column, (suffix, what) in MEANINGS.items():
            if np.isfinite(row[column]):
                found[f"study_{whose}_{place}{suffix}"] = Number(
                    meaning=f"{what} {meaning}", value=float(row[column]), unit="", digits=2, sources=sources(of)
                )
    differences = {"contrast": _CONTRAST, "selection": _SELECTION}
    for row in data[data["part"].isin(differences)].to_dict("records"):
        for column, (name, meaning) in differences[row["part"]].items():
            if np.isfinite(row[column]):
                found[name] = Number(
                    meaning=meaning, value=float(row[column]), unit="", digits=2, sources=sources(once)
                )
    found["study_configurations"] = Number(
        meaning="random configurations of the correlation study",
        value=count_begun(results),
        unit="",
        digits=0,
        sources=sources(once),
    )
    return found


@style.look()
def draw(data: pd.DataFrame) -> MplFigure:
    """Draw the figure: a) correlations, b) what early stopping keeps of the best, c) its regret.

    Parameters
    ----------
    data
        Of the function `data`.
    """
    pairs, cuts, claim = (data[data["part"] == part] for part in ("correlation", "early_stopping", "contrast"))
    if pairs.empty or not cuts["begun"].any():
        reason = "There are no two budgets to compare." if pairs.empty else "Nothing of the study is finished."
        return style.only_saying(reason)
    figure = style.new_figure(style.DOUBLE_COLUMN, 1.4 + 0.4 * len(_samples(pairs)))
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=[0.48, 0.52])
    correlation, early = left.subplots(), right.subplots(1, 2)
    _draw_pairs(correlation, pairs)
    if claim["difference"].notna().any():
        correlation.set_xlabel(_claim(claim.iloc[0]), size=7, labelpad=_ROW * (2.5 + len(_samples(pairs))))
    if cuts["kept"].notna().any():
        if cuts["share"].notna().any():
            _draw_share(early[0], cuts)
        else:
            style.say(early[0], f"Fewer than {FEWEST} are\nin the top tenth.")
        _draw_regret(early[1], cuts)
    else:
        few = (cuts["configurations"] < FEWEST).all()
        reason = (
            f"Fewer than {FEWEST} are\nfinished at the full\nand a lower budget."
            if few
            else "All fail at\nthe full budget."
        )
        for axes in early:
            style.say(axes, reason)
    style.letter([correlation, *early])
    left.legend(handles=_sample_handles(pairs, cuts), loc="outside upper left")
    columns = 3 if (cuts["configurations"] == cuts["begun"]).all() else 2
    look: dict[str, Any] = {"ncols": columns, "columnspacing": 0.8, "handlelength": 1.8}
    right.legend(handles=_cut_handles(cuts), loc="outside upper right", **look)
    return figure


def _draw_pairs(axes: Axes, pairs: pd.DataFrame) -> None:
    """Draw the correlations, neighbouring budgets first, and below them what they are of."""
    all_budgets, position, positions = sorted({*pairs["lower_budget"], *pairs["higher_budget"]}), 0.0, []
    samples = _samples(pairs)
    names, unit = brief_budgets(all_budgets, pairs["budget_unit"].iloc[0])
    named = dict(zip(all_budgets, names, strict=True))
    axes.axhline(0, color=style.LIGHT_GREY, linewidth=0.8, zorder=0)
    for distance in range(1, len(all_budgets)):
        if distance > 1:
            axes.axvline(position - 0.65, color=style.LIGHT_GREY, linewidth=0.8, zorder=0)
        for lower, higher in zip(all_budgets[:-distance], all_budgets[distance:], strict=True):
            of_pair = pairs[(pairs["lower_budget"] == lower) & (pairs["higher_budget"] == higher)].set_index("of")
            for row, (sample, look) in enumerate(samples.items()):
                one = of_pair.loc[sample]
                at = position + (row - (len(samples) - 1) / 2) * _OFFSET
                _mark(axes, at, one["spearman"], (one["interval_low"], one["interval_high"]), look)
            cells = [named[budget] for budget in (lower, higher)]
            _write_below(axes, position, [*cells, *(f"{of_pair.loc[sample, 'n']:.0f}" for sample in samples)])
            positions.append(position)
            position += 1
        middle = float(np.mean(positions[distance - len(all_budgets) :]))
        times = f"×{all_budgets[distance] / all_budgets[0]:g}"
        axes.text(middle, 1.01, times, transform=axes.get_xaxis_transform(), ha="center", va="bottom", size=7)
        position += 0.3
    if unit:
        axes.annotate(unit, (1, 0), (3, -3), xycoords="axes fraction", textcoords="offset points", va="top", size=6)
    _write_below(axes, None, ["lower", "higher", *(f"n, {sample}" for sample in samples)])
    lowest = np.nanmin([0, *pairs["interval_low"]])
    limits = {"xlim": (-0.55, positions[-1] + 0.55), "ylim": (lowest - 0.06, 1.06)}
    axes.set(**limits, xticks=[], ylabel="rank correlation")


def _samples(pairs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The study, and those of the others that have a point: without several seeds none is corrected."""
    shown = {"study", *pairs.loc[pairs["spearman"].notna(), "of"]}
    return {name: look for name, look in _SAMPLES.items() if name in shown}


def _write_below(axes: Axes, position: float | None, cells: list[str]) -> None:
    """Write a column of the small table below the axes; without a position, that of its heads."""
    across = axes.transAxes if position is None else axes.get_xaxis_transform()
    at, shift, align = (0.0, -4, "right") if position is None else (position, 0, "center")
    for row, text in enumerate(cells):
        look: dict[str, Any] = {"ha": align, "va": "top", "size": 6}
        below = -3 - _ROW * row
        axes.annotate(text, (at, 0), (shift, below), xycoords=across, textcoords="offset points", **look)


def _claim(row: pd.Series) -> str:
    interval = f"{row['difference']:.2f} [{row['interval_low']:.2f}, {row['interval_high']:.2f}]"
    return f"neighbouring minus furthest: {interval}, n = {row['n']:.0f}".replace("-", "\N{MINUS SIGN}")


def _draw_share(axes: Axes, cuts: pd.DataFrame) -> None:
    _draw_cuts(axes, cuts, ["share", "interval_low", "interval_high"], 100)
    random = np.geomspace(axes.get_xlim()[0], 1)
    axes.plot(random, 100 * random, **_RANDOM)
    tops = cuts.loc[cuts["share"].notna(), "top"]
    fewest, most = tops.min(), tops.max()
    top = f"{most:.0f}" if fewest == most else f"{fewest:.0f}–{most:.0f}"
    axes.set(ylim=(-3, 103), ylabel=f"top {top} kept (%)")


def _draw_regret(axes: Axes, cuts: pd.DataFrame) -> None:
    columns = ["regret", "regret_low", "regret_high"]
    measure = measure_of(cuts)
    values = measure.factor * cuts[columns].to_numpy()
    finite = values[np.isfinite(values)]
    # What is infinite leaves the panel at its top.
    beyond = 2 / measure.factor * finite.max() or 2 / measure.factor
    within = cuts.assign(**{name: cuts[name].replace(np.inf, beyond) for name in columns})
    _draw_cuts(axes, within, columns, measure.factor)
    seen = measure.factor * cuts["regret"].to_numpy()
    style.scale_errors(axes.yaxis, seen[np.isfinite(seen)])
    axes.set_ylim(top=min(1.1 * axes.dataLim.ymax, 1.1 * finite.max()) or 1)
    axes.set_ylabel("regret (points)" if measure.is_error else "regret")


def _draw_cuts(axes: Axes, cuts: pd.DataFrame, columns: list[str], factor: float) -> None:
    """Draw a measure, times a factor, with its interval if the best 1/eta are kept.

    Of all, and, hollow, of those that succeeded.
    """
    eta, most, looks = int(cuts["eta"].iloc[0]), cuts["configurations"].max(), _looks(cuts)
    for position, (budget, look) in enumerate(looks.items()):
        rows = cuts[(cuts["budget"] == budget) & cuts[columns[0]].notna()]
        if rows.empty:
            continue
        number, failed = (int(rows[name].iloc[0]) for name in ("configurations", "failed"))
        values = factor * rows.set_index("kept")[columns]
        line: dict[str, Any] = {name: look[name] for name in ("color", "linestyle")}
        axes.step(rows["kept"].to_numpy() / number, values[columns[0]], where="post", **line)
        # Beside one another, as they are all at about the same share.
        aside = 1.07 ** (position - (len(looks) - 1) / 2)
        for kept, face in {one_in(eta, number - failed): "white", one_in(eta, number): look["color"]}.items():
            if kept:
                value, *interval = np.asarray(values.loc[kept])
                marked = {"marker": look["marker"], "color": look["color"], "markerfacecolor": face} | _MARKER
                _mark(axes, aside * kept / number, value, interval, marked)
    powers = [power for power in range(20) if eta**power <= most]
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([eta**-power for power in powers], [f"1/{eta**power}" if power else "1" for power in powers])
    axes.set(xlim=(0.9 / most, 1.1), xlabel="share kept")
    axes.axvspan((1 - cuts["failed"] / cuts["configurations"]).max(), 1, zorder=0, **_FAILED)


def _mark(axes: Axes, at: float, value: float, interval: Sequence[float], look: dict[str, Any]) -> None:
    """Mark a value and its interval, in which it need not lie."""
    axes.plot([at, at], interval, color=look["color"], linewidth=0.8)
    axes.plot(at, value, **look)


def _looks(cuts: pd.DataFrame) -> dict[float, dict[str, Any]]:
    return {budget: _BUDGETS[level % len(_BUDGETS)] for level, budget in enumerate(cuts["budget"].unique())}


def _sample_handles(pairs: pd.DataFrame, cuts: pd.DataFrame) -> list[Artist]:
    full = amount(pairs["higher_budget"].max(), pairs["budget_unit"].iloc[0])
    # Counted of those finished at a lower budget too, so that a study half done does not know it yet.
    complete = cuts[cuts["configurations"] == cuts["begun"]]
    failed = f", {complete['failed_full'].max():.0f} failed at {full}" if len(complete) else ""
    labels = {
        "study": f"study: {cuts['begun'].max():.0f} random configurations{failed}",
        "corrected": "corrected: the study, corrected for noise by test and retest",
        "survivors": f"survivors: the best 1/{cuts['eta'].iloc[0]:.0f} of the successful at the lower budget",
        "search": "search: what was promoted",
    }
    return [Line2D([], [], label=labels[sample], **look) for sample, look in _samples(pairs).items()]


def _cut_handles(cuts: pd.DataFrame) -> list[Artist]:
    handles: list[Artist] = []
    for row in cuts.drop_duplicates("budget").to_dict("records"):
        number, begun, failed = (int(row[name]) for name in ("configurations", "begun", "failed"))
        done = "" if number == begun else f"{number} of {begun} done"
        said = ", ".join([done] * bool(done) + [f"{failed} failed"] * bool(number))
        label = f"{amount(row['budget'], row['budget_unit'])}: {said}"
        handles.append(Line2D([], [], label=label, **_looks(cuts)[row["budget"]], **_MARKER))
    if cuts["kept"].isna().all():
        return handles
    one_of = f"1/{cuts['eta'].iloc[0]:.0f} of"
    marked: dict[str, Any] = {"color": style.GREY, "linestyle": "", "marker": "o", **_MARKER}
    if cuts["share"].notna().any():
        handles.append(Line2D([], [], label="random choice", **_RANDOM))
    handles.append(Line2D([], [], label=f"{one_of} all", **marked))
    if cuts["failed"].any():
        handles.append(Line2D([], [], label=f"{one_of} the successful", markerfacecolor="white", **marked))
        handles.append(Patch(label="only failures added", **_FAILED))
    return handles


FIGURE = Figure(studies=("correlation", "search"), category="Budgets", data=data, draw=draw, numbers=numbers)
