"""The tables of the paper: what is shown of each. The raw values are in `tables/<name>.csv`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.importance.groups import PART, PARTS
from jointsearch.analysis.number import Number
from jointsearch.core import layout
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.units import ERROR, Measure
from jointsearch.paper import behind
from jointsearch.paper.columns import (
    Column,
    at_most,
    budget,
    cited,
    count,
    estimate,
    interval,
    millions,
    named,
    plain,
    probability,
    share,
    spent,
    spread,
    with_interval,
    word,
)
from jointsearch.paper.table import Display, Shown, lay_out
from jointsearch.results.results import Results


def show(
    name: str,
    data: pd.DataFrame,
    where: str | Path,
    measure: Measure = ERROR,
    results: Results | None = None,
    numbers: Mapping[str, Number] = MappingProxyType({}),
) -> Shown:
    """Lay a table out as it is set.

    Parameters
    ----------
    name
        Of the table, see `catalogue.TABLES`.
    data
        Its raw values.
    where
        Their file, for messages.
    measure
        What the losses in it are.
    results, numbers
        All of the experiment, for the trainings behind each row; without them there are none.

    Raises
    ------
    UserError
        If there is no display of this name, or the data lack a column of it.
    """
    if name not in DISPLAYS:
        raise UserError(f"{where}: there is no display for a table {name!r}; {suggest(name, DISPLAYS)}")
    return lay_out(DISPLAYS[name], data, where, measure, results, numbers)


_SUM = ["kind", "first", "second"]


def _by_sum(data: pd.DataFrame) -> pd.DataFrame:
    """One row per budget and surrogate, the shares of the sums in columns, each by what is in `_SUM`."""
    keys = ["budget", "budget_unit", "surrogate", "n", "failed", "drawn", "r2"]
    # Without a surrogate there is no R^2, which must not drop the row.
    sums = [" ".join(one) for one in data[_SUM].fillna("").to_numpy().tolist()]
    known = data.assign(r2=data["r2"].fillna(float("-inf")), sum=sums, share=data["share"].where(data["r2"] > 0))
    wide = known.pivot(index=keys, columns="sum", values="share").reset_index()
    return wide.assign(r2=wide["r2"].where(wide["r2"] > float("-inf")))


def _sum_columns(data: pd.DataFrame, _: Measure) -> tuple[Column, ...]:
    """A column for each sum: of a part by its name, of two by their first letters."""
    sums = data[_SUM].fillna("").drop_duplicates().to_numpy().tolist()
    parts = [first for kind, first, _ in sums if kind == PART]
    titles = [
        "×".join(_brief(part, parts) for part in of) if kind == PARTS else of[0].replace("_", " ") or "higher"
        for kind, *of in sums
    ]
    return (
        budget("budget"),
        named("surrogate", "surrogate", {"forest": "Random forest", "gp": "Gaussian process"}),
        *(plain(title, " ".join(one), 1, 100) for title, one in zip(titles, sums, strict=True)),
        plain("R²", "r2", 2),
        count("n", "n"),
        count("random", "drawn"),
    )


def _brief(part: str, parts: Iterable[str]) -> str:
    """The first letters of a part, as many as distinguish it from the others."""
    others = [other.lower() for other in parts if other != part]
    least = (size for size in range(1, len(part)) if not any(one.startswith(part[:size].lower()) for one in others))
    return part[: next(least, len(part))].capitalize()


def _early_stopping_columns(data: pd.DataFrame, measure: Measure) -> tuple[Column, ...]:
    """What is kept of the best, what that costs in points where losses are errors; with several seeds noise."""
    regret = ("regret_succeeded", "regret_low_succeeded", "regret_high_succeeded")
    noise: tuple[Column, ...] = ()
    if "retest" in data:
        noise = (
            with_interval("test and retest", "retest", "retest_low", "retest_high", factor=1),
            with_interval("corrected for noise", "corrected", "corrected_low", "corrected_high", factor=1),
        )
    return (
        budget("stopped at"),
        count("configurations", "configurations"),
        count("failed", "failed"),
        count("kept", "kept_succeeded"),
        count("of the top tenth", "survivors_succeeded", "top"),
        with_interval("share kept (%)", "share_succeeded", "interval_low_succeeded", "interval_high_succeeded", 0),
        with_interval(_difference("regret", measure), *regret, measure.digits, measure.factor),
        with_interval("rank correlation, all", "spearman", "spearman_low", "spearman_high", factor=1),
        *noise,
        with_interval("of the search", "spearman_search", "spearman_search_low", "spearman_search_high", factor=1),
    )


def _arms_columns(data: pd.DataFrame, measure: Measure) -> tuple[Column, ...]:
    """What each arm reached, and the difference of its loss to that of the reference."""
    how = measure.digits, measure.factor
    tested = measure.is_error or data["test_mean"].notna().any()
    columns = [word("arm", "title"), count("repeats", "n", "compared")]
    for of, name in (("validation", measure.name), ("test", measure.test))[: 1 + tested]:
        columns.append(spread(measure.label(name), f"{of}_mean", f"{of}_sd", *how))
    ends = "validation_difference", "validation_difference_low", "validation_difference_high"
    return (
        *columns,
        with_interval(_difference("difference", measure), *ends, *how),
        probability("p", "validation_p_holm"),
        probability("p, exact", "validation_p_exact_holm"),
        word("verdict", "validation_verdict"),
        at_most("repeats to decide", "validation_needed", "validation_needed_more"),
    )


def _arms_note(data: pd.DataFrame) -> str:
    """Reference and test, as the rows name them."""
    if data.empty:
        return ""
    reference, test = data[["reference", "test"]].iloc[0]
    return f"The reference is {title(reference)}; test: {test.replace('t-test', '*t*-test')}."


def _early_stopping_note(data: pd.DataFrame) -> str:
    """What columns mean that only noise, measured with several seeds, brings."""
    return "*Test and retest*: of two trainings that differ by their seeds." if "retest" in data else ""


def _once(data: pd.DataFrame) -> pd.DataFrame:
    """Each claim, and its word, beside the first evidence on it."""
    again = data["claim"].duplicated()
    return data.assign(**{name: data[name].mask(again, "") for name in ("title", "word")})


def _difference(name: str, measure: Measure) -> str:
    """The title of a column of differences of losses."""
    return f"{name} (points)" if measure.is_error else name


_OF_IMAGES = "*Images*: the standard error of the mean by the number of test images alone, at its largest."
"""What `test_sampling` is."""

DISPLAYS: dict[str, Display] = {
    "claims": Display(
        "The claims of the study, and what this experiment says of them. *Supported*: the 95 % interval lies wholly on "
        "the side of the claim (of all evidence on it, where there is more than one test). *Contradicted*: one lies "
        "wholly on the other side. *Open*: neither, the study is not complete, or a retraining failed. *Not tested*: "
        "this experiment cannot say. *Not studied*: it has trained nothing for it. What was published (a dash: no "
        "number is quoted) is no part of the evidence.",
        (
            word("claim", "title"),
            word("evidence", "effect"),
            estimate("found", "value", "low", "high"),
            word("test", "test"),
            word("n", "n"),
            cited("published", "published", "source"),
            word("verdict", "word"),
        ),
        behind.of_claim,
        _once,
        "claim",
    ),
    "studies": Display(
        "The studies of this experiment: trainings and training time done and planned, configurations that a model "
        "proposed, and failed trainings with the reason. A training that fails at once spends nothing, so the time "
        "spent may be below the plan.",
        (
            word("study", "title"),
            count("searches", "searches"),
            count("trainings", "done", "planned"),
            spent("training", "budget_spent", "budget_planned"),
            share("by a model", "model_based", "proposed"),
            share("failed", "failed", "done"),
            word("why", "why"),
        ),
        behind.of_study,
    ),
    "early_stopping": Display(
        "What early stopping would cost, over random configurations trained at every budget. *Kept* are the best 1/eta "
        "of those that succeeded at the budget on the left; the *top tenth* is that of those that succeeded at the "
        "full budget. *Regret*: the lowest full-budget loss among the kept minus the lowest of all. The rank "
        "correlations are those with the full budget, over all that succeeded and within the search. Brackets: 95 % "
        "intervals.",
        _early_stopping_columns,
        behind.of_early_stopping,
        note=_early_stopping_note,
    ),
    "arms_table": Display(
        "The arms at equal training time: mean and standard deviation over repeats of what the incumbent reaches, and "
        "the mean difference to the reference, above zero if the reference is better, with a simultaneous 95 % "
        "interval. Both *p* are Holm-corrected; the *verdict* is that of the *t*-test. *Repeats to decide*, for the "
        "plan of another experiment: so many of each arm would find the difference seen, if it is the true one, with "
        "80 % power.",
        _arms_columns,
        behind.of_arm,
        note=_arms_note,
    ),
    "importance_groups": Display(
        "Shares of the variance of the loss in percent: main effects of each part of the space, interactions within "
        "parts and between two (by their first letters), and all of higher order. *n* evaluations succeeded, of which "
        "*random* are of random configurations. *R²*: on those, held out; a surrogate predicts nothing if it is not "
        "above zero, and then has no shares here.",
        _sum_columns,
        behind.of_importance,
        _by_sum,
        "budget",
    ),
    "manual": Display(
        "Manual architectures at the full budget, and the configuration found: mean and standard deviation over seeds, "
        "and the 95 % interval of the mean test error. A divisor after a name divides blocks and filters of the "
        "literature. The configuration found is a single training, chosen by its validation error, which is therefore "
        f"optimistic. {_OF_IMAGES}",
        (
            word("network", "title"),
            word("family", "family"),
            count("depth", "depth"),
            millions("weights (M)", "parameters"),
            count("seeds", "seeds"),
            count("failed", "failed"),
            plain("epochs", "epochs", 1),
            spread("validation error (%)", "validation_mean", "validation_sd"),
            spread("test error (%)", "test_mean", "test_sd"),
            interval("95 % interval", "test_low", "test_high"),
            plain("images ±, at most", "test_sampling", 2, 100),
        ),
        behind.of_name(layout.MANUAL),
    ),
    "retraining": Display(
        "Final trainings on training and validation images at the full budget: mean and standard deviation of the "
        "test error over seeds, with the 95 % interval of the mean. *Snapshot ensemble*: the networks at the ends of "
        f"the cycles of one training. {_OF_IMAGES}",
        (
            word("network", "title"),
            word("what", "kind"),
            millions("weights (M)", "parameters"),
            count("seeds", "seeds"),
            count("failed", "failed"),
            plain("epochs", "epochs_mean", 1),
            plain("training (s)", "training_seconds_mean", 0),
            spread("test error (%)", "test_mean", "test_sd"),
            interval("95 % interval", "test_low", "test_high"),
            plain("images ±, at most", "test_sampling", 2, 100),
        ),
        behind.of_name(layout.RETRAINING),
        group="name",
    ),
}
"""What is shown of each table of `catalogue.TABLES`."""
