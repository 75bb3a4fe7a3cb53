"""Table: joint or separate search? The arms, repeated, and what each had found at one training time spent."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.arm_tests import ArmTest, arm_tests
from jointsearch.analysis.comparison import MEASURES, ArmComparison, compare_arms
from jointsearch.analysis.number import Number
from jointsearch.analysis.table import Table
from jointsearch.core.units import Measure, scale
from jointsearch.results.results import Results

_NUMBERS = {
    "mean": ("error", "mean", False),
    "low": ("error_low", "lower end of the 95 % interval of the mean", False),
    "high": ("error_high", "upper end of the 95 % interval of the mean", False),
    "sd": ("error_sd", "standard deviation", False),
    "difference": ("difference", "mean difference to {}", True),
    "difference_low": ("difference_low", "lower end of its simultaneous 95 % interval", True),
    "difference_high": ("difference_high", "upper end of its simultaneous 95 % interval", True),
    "p": ("p", "p-value of the t-test", True),
    "p_holm": ("p_holm", "p-value after Holm's correction", True),
    "p_exact": ("p_exact", "p-value of the randomisation test", True),
    "p_exact_holm": ("p_exact_holm", "p-value of the randomisation test after Holm's correction", True),
    "detectable": ("detectable", "smallest difference that the repeats would show with 80 % power", True),
}
"""By column of a measure: name and meaning of the number; whether the reference is behind it."""


def _scale(column: str, of: Measure) -> tuple[float, str, int]:
    """Scale, unit and digits of a number: of a p-value, a difference, or a loss."""
    if column.startswith("p"):
        return 1.0, "", 3
    of_difference = column.startswith(("difference", "detectable"))
    return 1 / of.factor, of.difference if of_difference else of.unit, of.digits


def data(results: Results) -> pd.DataFrame:
    """Compare the arms, all at one training time spent (`comparison.ArmComparison`).

    The difference of each arm to the reference is tested by a t-test, paired or Welch's (`ArmDesign`), and corrected
    for the number of planned comparisons by Holm's method, for each error on its own. The exact randomisation test
    stands beside it. docs/studies.md says why this order. Test errors are of the configurations that the validation
    error chose, so a difference in them is not one of how many configurations an arm could choose from.

    Returns
    -------
    pandas.DataFrame
        One row an arm of which something has begun: `arm`, `title`; repeats `begun`, `complete` of those, and
        `compared`; of the compared ones, those that had `ended` by then, and `n` with a success at the full budget.
        `compared_at`, the same in all rows, in `spent_unit`, that of the budgets. Over the compared repeats, up to
        then: `spent_mean` (less than that time where some had ended before), `trained_mean` and `failed_mean`,
        trainings of a repeat. Over the `n`, for `validation` and `test` (errors, fractions): `_mean`, `_sd`, `_low`,
        `_high` (95 %, Student's t).

        Against the `reference`, by the `test`: `tested`, the repeats of the arm that are compared (pairs, if it is
        paired); for both errors `_difference` (positive: the reference is better) with its simultaneous interval,
        `_difference_low` and `_difference_high`; `_p` of the t-test, `_p_holm`, `_p_exact`, `_p_exact_holm`;
        `_verdict`, on the arm: better, worse, open, or why there is no test; `_detectable`, the smallest difference
        that would be found with 80 % power; of an open comparison `_needed`, the repeats of each arm to find a
        difference as large as seen with this power, or `_needed_more`, that it would take more than these; and
        `smallest_p` and `smallest_p_holm`, the least that the randomisation test can give.
    """
    comparison = compare_arms(results)
    unit = results.experiment.budget.unit
    rows = {arm: _counts(comparison, arm, unit) | _errors(comparison, arm) for arm in comparison.arms}
    for measure in MEASURES:
        for test in arm_tests(comparison, measure, results.experiment.seed):
            if test.arm in rows:
                rows[test.arm] |= _against(measure, test)
    return pd.DataFrame(list(rows.values()), columns=list(_columns())).astype(_columns())


def _columns() -> dict[str, str]:
    counts = dict.fromkeys(["begun", "complete", "compared", "ended", "n"], "int64")
    when = {"compared_at": "float64", "spent_unit": "str"}
    means = dict.fromkeys(["spent_mean", "trained_mean", "failed_mean"], "float64")
    of_test = dict.fromkeys(["difference", "difference_low", "difference_high"], "float64")
    of_test |= dict.fromkeys(["p", "p_holm", "p_exact", "p_exact_holm"], "float64")
    of_test |= {"verdict": "str", "detectable": "float64", "needed": "Int64", "needed_more": "boolean"}
    of_measure = dict.fromkeys(["mean", "sd", "low", "high"], "float64") | of_test
    smallest = {"smallest_p": "float64", "smallest_p_holm": "float64"}
    known = {"arm": "str", "title": "str", **counts, **when, **means, "reference": "str", "test": "str"}
    errors = {f"{measure}_{name}": kind for measure in MEASURES for name, kind in of_measure.items()}
    return {**known, "tested": "Int64", **smallest, **errors}


def _counts(comparison: ArmComparison, arm: str, unit: str) -> dict[str, object]:
    begun, compared, at = comparison.begun(arm), comparison.compared(arm), comparison.at
    return {
        "reference": comparison.design.reference,
        "test": comparison.design.test,
        "arm": arm,
        "title": title(arm),
        "begun": len(begun),
        "complete": sum(one.complete for one in begun),
        "compared": len(compared),
        "ended": sum(one.complete and one.spent <= at for one in compared),
        "n": len(comparison.successful(arm)),
        "compared_at": at,
        "spent_unit": unit,
        "spent_mean": _mean([min(one.spent, at) for one in compared]),
        "trained_mean": _mean([len(one.until(at)) for one in compared]),
        "failed_mean": _mean([int((one.until(at)["status"] != "success").sum()) for one in compared]),
    }


def _errors(comparison: ArmComparison, arm: str) -> dict[str, object]:
    row: dict[str, object] = {}
    for measure in MEASURES:
        values = np.array(list(comparison.errors(arm, measure).values()))
        mean, low, high = comparison.mean(arm, measure)
        sd = float(values.std(ddof=1)) if len(values) > 1 else np.nan
        row |= {f"{measure}_mean": mean, f"{measure}_sd": sd, f"{measure}_low": low, f"{measure}_high": high}
    return row


def _against(measure: str, test: ArmTest) -> dict[str, object]:
    found = {
        "difference": test.of.difference,
        "difference_low": test.low,
        "difference_high": test.high,
        "p": test.of.p,
        "p_holm": test.p_holm,
        "p_exact": test.of.p_exact,
        "p_exact_holm": test.p_exact_holm,
        "verdict": test.verdict,
        "detectable": test.detectable,
        "needed": test.needed,
        "needed_more": test.more,
    }
    row: dict[str, object] = {f"{measure}_{name}": value for name, value in found.items()}
    if measure == "validation":
        row |= {"tested": test.of.n, "smallest_p": test.of.smallest_p, "smallest_p_holm": test.smallest_p_holm}
    return row


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else np.nan


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """The numbers in the table, each with the incumbents that it comes from."""
    if table.empty:
        return {}
    comparison = compare_arms(results)
    design = comparison.design
    what = "error" if results.experiment.measure.is_error else "loss"
    found = {f"arms_{name}": number for name, number in _of_all(comparison, table)}
    for row in table.to_dict("records"):
        own = comparison.incumbents(row["arm"])
        both = (*own, *comparison.incumbents(design.reference))
        spent = scale(row["spent_mean"], row["spent_unit"])
        of_row = [("repeats", "repeats compared, with a success at the full budget", row["n"], 1.0, "", 0, own)]
        of_row.append(("spent", "mean training of a repeat until then", row["spent_mean"], *spent, 1, own))
        of_row.append(("tested", f"repeats compared with {title(design.reference)}", row["tested"], 1.0, "", 0, both))
        least = "least p-value that the randomisation test can give"
        of_row.append(("smallest_p", least, row["smallest_p"], 1.0, "", 3, both))
        corrected = f"{least}, after Holm's correction"
        of_row.append(("smallest_p_holm", corrected, row["smallest_p_holm"], 1.0, "", 3, both))
        for measure in MEASURES:
            for column, (name, meaning, paired) in _NUMBERS.items():
                described = f"{meaning.format(title(design.reference))} of the incumbent's {measure} {what}"
                value = row[f"{measure}_{column}"]
                scaled = _scale(column, results.experiment.measure)
                of_row.append((f"{measure}_{name}", described, value, *scaled, both if paired else own))
            if not pd.isna(row[f"{measure}_needed"]):
                name = "more_than" if row[f"{measure}_needed_more"] else "needed"
                meaning = f"repeats of each arm to show, with 80 % power, a difference in {measure} {what} as seen"
                meaning += ": more than these" if name == "more_than" else ""
                of_row.append((f"{measure}_{name}", meaning, row[f"{measure}_needed"], 1.0, "", 0, both))
        for name, meaning, value, size, unit, digits, of in of_row:
            if not pd.isna(value):
                number = int(value) if digits == 0 else float(value) / size
                if digits == 3 and 0 < number < 0.001:
                    digits = -math.floor(math.log10(number))
                found[f"{row['arm']}_{name}"] = Number(
                    meaning=f"{row['title']}: {meaning}", value=number, unit=unit, digits=digits, sources=of
                )
    return found


def _of_all(comparison: ArmComparison, table: pd.DataFrame) -> Iterator[tuple[str, Number]]:
    of = tuple(name for arm in comparison.arms for name in comparison.incumbents(arm))
    for name, meaning, value in (
        ("repeats", "repeats that are compared", len(comparison.numbers)),
        ("complete", "searches of all arms that are complete", int(table["complete"].sum())),
        ("begun", "searches of all arms that have begun", int(table["begun"].sum())),
    ):
        yield name, Number(meaning=meaning, value=value, unit="", digits=0, sources=of)
    if not np.isnan(comparison.at):
        size, unit = scale(comparison.at, table["spent_unit"].iloc[0])
        meaning = "training of a repeat at which the arms are compared"
        yield "compared_at", Number(meaning=meaning, value=comparison.at / size, unit=unit, digits=1, sources=of)


TABLE = Table(studies=("arm",), category="Joint or separate search", data=data, numbers=numbers)
