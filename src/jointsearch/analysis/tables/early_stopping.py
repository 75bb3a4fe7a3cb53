"""Table: what early stopping keeps of the best, and how well it predicts, for each lower budget."""

import numpy as np
import pandas as pd

from jointsearch.analysis.early_stopping import MEASURES, compare, counts, curves, firsts, one_in
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.retest import retest
from jointsearch.analysis.table import Table
from jointsearch.core.units import amount
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

_NUMBERS = {
    "configurations": ("random configurations trained at this and the full budget", 1, "", 0),
    "failed": ("of these, those that failed at this budget", 1, "", 0),
    "top": ("configurations in the top tenth of those that succeeded at the full budget", 1, "", 0),
    "kept": ("configurations kept when the best 1/eta are kept", 1, "", 0),
    "survivors": ("configurations of the top tenth among those kept", 1, "", 0),
    "share": ("share of the top tenth that is kept", 100, "%", 0),
    "interval_low": ("lower end of the 95 % interval of the share of the top tenth that is kept", 100, "%", 0),
    "interval_high": ("upper end of the 95 % interval of the share of the top tenth that is kept", 100, "%", 0),
    "regret": ("lowest full-budget error among the kept, less the lowest of all", 100, "percentage points", 2),
    "regret_low": ("lower end of the 95 % bootstrap interval of the regret", 100, "percentage points", 2),
    "regret_high": ("upper end of the 95 % bootstrap interval of the regret", 100, "percentage points", 2),
}
"""Meaning, factor, unit and digits of the number that a column of the table holds."""


def data(results: Results) -> pd.DataFrame:
    """Compute what early stopping keeps of the best, and how well it predicts, for each lower budget.

    Returns
    -------
    pandas.DataFrame
        The columns of `counts`; `top`, and `kept` with what follows it in `curve`, if the best 1/eta are kept of all
        configurations; the same, ending on `_succeeded`, if the best 1/eta are kept of those that succeeded at this
        budget; Spearman's correlation with the full budget, `spearman`, its interval `spearman_low` to `spearman_high`,
        and the `spearman_n` configurations behind it; the same of the survivors of one cut (`spearman_survivors`, ...)
        and of the search (`spearman_search`, ...). With several seeds also that of test and retest at this budget,
        `retest`, and that with the full budget `corrected` for noise, each with its interval, see `retest.retest`.
        Errors and shares are fractions; what is not known is empty.
    """
    settings, found, every, compared = results.experiment.budget, counts(results), curves(results), compare(results)
    found["top"] = every.drop_duplicates("budget")["top"].to_numpy()
    for suffix, numbers in {
        "": found["configurations"],
        "_succeeded": found["configurations"] - found["failed"],
    }.items():
        names = {name: f"{name}{suffix}" for name in ("kept", *MEASURES)}
        found[names["kept"]] = [one_in(settings.eta, number) for number in numbers]
        found = found.merge(every[["budget", *names]].rename(columns=names), how="left", on=["budget", names["kept"]])
    with_full = compared[compared["higher_budget"] == budgets(settings)[-1]].rename(columns={"lower_budget": "budget"})
    for of, suffix in {"study": "", "survivors": "_survivors", "search": "_search"}.items():
        ends = {"spearman": "", "interval_low": "_low", "interval_high": "_high", "n": "_n"}
        names = {name: f"spearman{suffix}{end}" for name, end in ends.items()}
        found = found.merge(with_full.loc[with_full["of"] == of, ["budget", *names]].rename(columns=names), on="budget")
    again, full = retest(results), budgets(settings)[-1]
    if len(again):
        names = {"spearman": "retest", "interval_low": "retest_low", "interval_high": "retest_high"}
        within = again[again["lower_budget"] == again["higher_budget"]].rename(columns=names)
        corrected = ["lower_budget", "corrected", "corrected_low", "corrected_high"]
        for rows in (within[["lower_budget", *names.values()]], again.loc[again["higher_budget"] == full, corrected]):
            found = found.merge(rows.rename(columns={"lower_budget": "budget"}), how="left", on="budget")
    return found


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give what early stopping keeps at each lower budget, with the evaluations at this and the full budget."""
    all_budgets, unit, found = budgets(results.experiment.budget), results.experiment.budget.unit, {}
    measure = results.experiment.measure
    for row in table.to_dict("records"):
        pair = {row["budget"], all_budgets[-1]}
        budgets_of_row = f"lower budget {amount(row['budget'], unit)}, full budget {amount(all_budgets[-1], unit)}"
        of = [one for one in firsts(results) if one.budget in pair]
        columns = {name: (name, "") for name in _NUMBERS}
        succeeded = "; the best 1/eta of those that succeeded at the lower budget are kept"
        columns |= {f"{name}_succeeded": (name, succeeded) for name in ("kept", *MEASURES)}
        for column, (name, note) in columns.items():
            meaning, factor, its_unit, digits = _NUMBERS[name]
            if name.startswith("regret") and not measure.is_error:
                meaning, factor, its_unit, digits = (
                    meaning.replace("error", "loss"),
                    1,
                    measure.difference,
                    measure.digits,
                )
            if not np.isfinite(value := row[column]):
                continue
            found[f"early_stopping_{column.replace('interval', 'share')}_{row['budget']:g}"] = Number(
                meaning=f"{meaning}; {budgets_of_row}{note}",
                value=factor * float(value) if digits else round(factor * value),
                unit=its_unit,
                digits=digits,
                sources=sources(of),
            )
    return found


TABLE = Table(studies=("correlation", "search"), category="Budgets", data=data, numbers=numbers)
