"""The report: a markdown file with tables, and a figure beside it."""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes
from jointsearch.core.seeds import derive_seed
from jointsearch.core.units import amount
from jointsearch.plotting import style
from jointsearch.search.hyperband import budgets
from search import figure, optimisers, statistics, surrogate, table, tasks
from search.runs import Job, SearchRun
from search.summary import SHARES, Summary, summarise

STEM = "search_quality"
WIDTH = 120
"""Characters of the longest line."""


def write(
    found: Mapping[Job, SearchRun], folder: Path, ours: str | None, unable: Mapping[str, str], flags: Sequence[str]
) -> None:
    """Write `search_quality.md`, `.pdf`, `.svg` and `.png` into a folder.

    Parameters
    ----------
    found
        The runs to compare.
    folder
        Where to.
    ours
        The optimiser that others are tested against; the first of `optimisers.OURS` by default.
    unable
        Optimisers that could not run, and why.
    flags
        Of the command that asks for it.

    Raises
    ------
    UserError
        If there is nothing to compare.
    """
    summary = summarise(found)
    if not summary.ranked:
        raise UserError("no task has a run of every optimiser: nothing to compare; see the lines above")
    left_out = {
        label: unable.get(label, "runs are missing")
        for label in dict.fromkeys([*unable, *(job.optimiser.label for job in found)])
        if label not in summary.optimisers
    }
    chosen = ours or next((name for name in optimisers.OURS if name in summary.optimisers), summary.optimisers[0])
    if chosen not in summary.optimisers:
        raise UserError(f"--ours: {chosen} has no runs; one of {', '.join(summary.optimisers)}")
    parts = [
        "<!-- Written by `make bench-search` (bench/bench_search.py); do not edit. -->",
        "# Search quality\n",
        HOW,
        f"![Regret over the budget]({STEM}.png)\n",
        "## Tasks\n", task_table(summary), surrogate_table(summary),
        *(f"## Normalised regret {name}\n\n{regret_table(summary, at)}" for name, at in PARTS),
        "## Mean ranks\n", rank_table(summary),
        f"## {chosen} against each other optimiser\n", test_table(summary, chosen), TASK_BY_TASK,
        *(test_by_task(summary, chosen, name, at) for name, at in PARTS),
        faithful(summary),
        "## Cost of proposing\n", cost_table(summary),
        "## Made with\n", made_with(found, summary, left_out, flags),
    ]  # fmt: skip
    write_bytes(folder / f"{STEM}.md", (wrapped("\n".join(parts)).rstrip() + "\n").encode())
    style.save(figure.draw(summary), folder / STEM)
    print(f"wrote {folder / STEM}.md and its figure", file=sys.stderr)


PARTS = tuple(zip(("at a quarter of the budget", "at the end"), SHARES, strict=True))

HOW = """\
Searches are simulated. Brackets, lags, histories, pending proposals and seeds are the workflow's; the losses are those
of a task whose true losses are known. The incumbent is what the workflow would return: the lowest loss *seen* at the
largest budget reached so far. Its regret is its *true* loss at the full budget minus the optimum, divided by the
difference between the median random configuration and the optimum. So 0 is perfect, and 1 is as good as a random
configuration; before any evaluation has succeeded, the regret is 1. One worker spends the budget, one evaluation after
another. Intervals are bootstrapped over seeds (95 %, percentiles). The noise of an evaluation depends only on seed,
configuration and budget, so optimisers are compared in pairs.

All optimisers propose only first rungs, a whole bracket at once, and Hyperband promotes; those with `-full` propose one
configuration after another, and every training is at the full budget. Tasks with `-noiseless` have the same loss for
all trainings of a configuration at a budget. What SMAC3, DEHB and Optuna do
beyond that in their own searches is not measured here. A configuration that is proposed twice gets the same noise.

Settings of our own samplers are tuned only on `development` tasks. Ranks and tests below are about the `report` tasks
on which every optimiser here has run. Development tasks are other instances of the same families, not of other
families.
"""


TASK_BY_TASK = """\
Task by task: the median of the other's regret minus ours, positive if the other is worse, and p, Holm-corrected over
all tests on a task. The tests above take all pairs together, so tasks with large differences have more weight there.
"""


def wrapped(text: str) -> str:
    """Markdown with lines of at most 120 characters; tables are as `markdown` writes them."""
    lines = []
    for line in text.split("\n"):
        indent = "  " if line.startswith("- ") else ""
        whole = len(line) <= WIDTH or line.startswith("|")
        lines += [line] if whole else textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(lines)


def markdown(table: pd.DataFrame) -> str:
    """A table as markdown; one that is wider than a line in parts, each with the first column."""
    first, *others = table.columns
    parts = [_whole(table)]
    for number in range(2, len(others) + 1):
        if max(len(line) for part in parts for line in part.splitlines()) <= WIDTH:
            break
        parts = [_whole(table[[first, *some]]) for some in np.array_split(others, number)]
    return "\n".join(parts)


def _whole(table: pd.DataFrame) -> str:
    header = f"| {' | '.join(map(str, table.columns))} |"
    rule = f"|{'|'.join('---' if place == 0 else '---:' for place in range(len(table.columns)))}|"
    rows = [f"| {' | '.join(map(str, row))} |" for row in table.itertuples(index=False)]
    return "\n".join([header, rule, *rows]) + "\n"


def task_table(summary: Summary) -> str:
    known = tasks.catalogue()
    rows = []
    for name in summary.tasks:
        task = tasks.make(name)
        rows.append(
            {
                "task": name,
                "role": task.role,
                "what": tasks.described(name).about + ("" if name in known else "; without noise"),
                "dimension": task.space.dimension,
                "budgets": ", ".join(f"{budget:g}" for budget in budgets(task.budget)),
                "optimum": f"{task.optimum:.4g}{' (best known)' if task.best_known else ''}",
                "median random": f"{task.median_random:.4g}",
                "full trainings": f"{summary.total(name) / task.budget.maximum:.0f}",
                "seeds": len(summary.seeds[name]),
            }
        )
    others = [f"- `{name}` ({entry.role}): {entry.about}" for name, entry in known.items() if name not in summary.tasks]
    hidden = "\nNot shown here:\n\n" + "\n".join(others) + "\n" if others else ""
    return markdown(pd.DataFrame(rows)) + hidden


def surrogate_table(summary: Summary) -> str:
    """How well surrogates predict trainings that they were not fitted on; empty without tasks of the table."""
    roles = {tasks.make(name).role for name in summary.tasks if name.startswith("table-")}
    parts = []
    for role in sorted(roles):
        fitted = table.fit(role)
        chosen = {one.name for family, one in fitted.surrogates.items() if family != "nearest"}
        rows = [
            {"model": f"**{name}**" if name in chosen else name}
            | {amount(row["budget"], "epochs"): f"{row['spearman']:.2f} / {row['r2']:.2f}" for row in part}
            for name in fitted.quality["model"].unique().tolist()
            for part in [fitted.quality[fitted.quality["model"] == name].to_dict("records")]
        ]
        parts.append(
            f"Surrogates of the table's configurations for {role}: Spearman's correlation / R² of validation errors of "
            f"held-out configurations ({surrogate.FOLDS}-fold cross-validation). Bold: the best of the trees, and the "
            f"Gaussian process.\n\n{markdown(pd.DataFrame(rows))}"
        )
    return "\n".join(parts)


MISSING = "–"
"""Stands in tables where an optimiser has not run."""


def regret_table(summary: Summary, share: float) -> str:
    columns: dict[str, list[str]] = {"optimiser": list(summary.optimisers)}
    for task in summary.tasks:
        spent = np.array([share * summary.total(task)])
        intervals = {label: summary.interval(task, label, spent) for label in summary.on(task)}
        lowest = min(mean[0] for mean, _, _ in intervals.values())
        cells = {
            label: f"{f'**{mean[0]:.3g}**' if mean[0] == lowest else f'{mean[0]:.3g}'} [{low[0]:.2g}, {high[0]:.2g}]"
            for label, (mean, low, high) in intervals.items()
        }
        columns[task] = [cells.get(label, MISSING) for label in summary.optimisers]
    return markdown(pd.DataFrame(columns))


def rank_table(summary: Summary) -> str:
    columns: dict[str, list[str]] = {"optimiser": list(summary.optimisers)}
    notes = []
    for name, share in PARTS:
        blocks = summary.blocks(share)
        columns[name] = [f"{rank:.2f}" for rank in statistics.ranks(blocks).mean(axis=0)]
        statistic, p = statistics.friedman(blocks)
        notes.append(f"{name} χ² = {statistic:.1f}, p = {p:.2g}")
    about = f"Over {len(summary.blocks(1.0))} pairs of task and seed ({', '.join(summary.ranked)})."
    return f"{about} Friedman's test: {'; '.join(notes)}.\n\n{markdown(pd.DataFrame(columns))}"


def test_table(summary: Summary, ours: str) -> str:
    parts = ["Two-sided Wilcoxon signed-rank tests over the same pairs, Holm-corrected.\n"]
    for name, share in PARTS:
        blocks = summary.blocks(share)
        regrets = {label: blocks[:, place] for place, label in enumerate(summary.optimisers)}
        rows = [
            {
                f"against, {name}": one.other,
                "better": one.wins,
                "equal": one.ties,
                "worse": one.losses,
                "median difference": f"{one.difference:.3g}",
                "p": f"{one.p:.2g}",
                "p (Holm)": f"{one.p_holm:.2g}",
            }
            for one in statistics.compare(regrets.pop(ours), regrets)
        ]
        if rows:
            parts.append(markdown(pd.DataFrame(rows)))
    return "\n".join(parts)


def test_by_task(summary: Summary, ours: str, name: str, share: float) -> str:
    """The same tests on each task by itself."""
    others = [label for label in summary.optimisers if label != ours]
    columns: dict[str, list[str]] = {f"against, {name}": others}
    for task in (task for task in summary.tasks if ours in summary.on(task)):
        spent = np.array([share * summary.total(task)])
        regrets = {label: summary.regrets(task, label, spent)[:, 0] for label in summary.on(task)}
        cells = {
            one.other: f"{one.difference:+.2g} ({one.p_holm:.1g})"
            for one in statistics.compare(regrets.pop(ours), regrets)
        }
        columns[task] = [cells.get(label, MISSING) for label in others]
    return markdown(pd.DataFrame(columns))


def faithful(summary: Summary) -> str:
    """How far our BOHB is from HpBandSter's; empty if one of them is missing."""
    if not {"bohb", "hpbandster"} <= set(summary.optimisers):
        return ""
    places = [summary.optimisers.index(label) for label in ("bohb", "hpbandster")]
    parts = []
    for name, share in PARTS:
        ours, theirs = summary.blocks(share)[:, places].T
        low, high = statistics.interval(
            ours - theirs, np.random.default_rng(derive_seed(0, name, "bootstrap", "faithful"))
        )
        [one] = statistics.compare(ours, {"hpbandster": theirs})
        parts.append(f"{name} {(ours - theirs).mean():+.3f} [{low:+.3f}, {high:+.3f}] (p = {one.p:.2g})")
    return f"`bohb`, which should equal `hpbandster`: mean difference of regrets {'; '.join(parts)}.\n"


def cost_table(summary: Summary) -> str:
    columns: dict[str, list[str]] = {"CPU ms per proposal": list(summary.optimisers)}
    for task in summary.tasks:
        cells = {
            label: f"{1000 * np.mean([run.cpu_seconds / run.proposals for run in summary.runs[task, label]]):.2g}"
            for label in summary.on(task)
        }
        columns[task] = [cells.get(label, MISSING) for label in summary.optimisers]
    failed, repeated = [], []
    for label in summary.optimisers:
        runs = [run for task in summary.ranked for run in summary.runs[task, label]]
        failed.append(f"{label} {np.mean([run.failures / run.evaluations for run in runs]):.1%}")
        repeated.append(f"{label} {np.mean([run.repeated / run.proposals for run in runs]):.1%}")
    shares = f"Failed evaluations: {', '.join(failed)}.\n\nRepeated proposals: {', '.join(repeated)}.\n"
    return f"{markdown(pd.DataFrame(columns))}\n{shares}"


def made_with(
    found: Mapping[Job, SearchRun], summary: Summary, left_out: Mapping[str, str], flags: Sequence[str]
) -> str:
    job = next(iter(found))
    versions = sorted({f"{name} {number}" for run in found.values() for name, number in run.versions.items()})
    seeds = sorted({seed for numbers in summary.seeds.values() for seed in numbers})
    lags = (
        "1, 2, 3, ... by budget (the workflow's default)"
        if job.given_lags is None
        else ", ".join(map(str, job.given_lags))
    )
    codes = [
        f"{', '.join(sorted({job.optimiser.label for job, run in found.items() if run.code == code}))} {code[:12]}"
        for code in sorted({run.code for run in found.values()})
    ]
    lines = [
        f'- command: `make bench-search BENCH_FLAGS="{" ".join(flags)}"`',
        f"- length: {job.brackets} Hyperband brackets; lags: {lags}",
        f"- seeds: {', '.join(map(str, seeds))}",
        f"- code of the samplers (SHA-256 of the module of each and of all that it imports here): {'; '.join(codes)}",
        f"- machine: {', '.join(sorted({run.machine for run in found.values()}))}",
        f"- versions: {', '.join(versions)}",
        *(f"- left out: {label}: {reason}" for label, reason in left_out.items()),
    ]
    return "\n".join(lines) + "\n"
