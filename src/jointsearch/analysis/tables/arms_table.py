"""Table: joint or separate search? The arms, repeated, and what each had found at one training time spent."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from jointsearch.analysis.comparison import MEASURES, REFERENCE, ArmComparison, compare_arms, title
from jointsearch.analysis.number import Number
from jointsearch.analysis.paired import compare, holm, mean_interval, smallest_p
from jointsearch.analysis.table import Table
from jointsearch.core.seeds import derive_seed
from jointsearch.core.units import Measure, scale
from jointsearch.results.results import Results

_NUMBERS = {
    "mean": ("error", "mean", False),
    "low": ("error_low", "lower end of the 95 % interval of the mean", False),
    "high": ("error_high", "upper end of the 95 % interval of the mean", False),
    "sd": ("error_sd", "standard deviation", False),
    "difference": ("difference", "mean difference to joint BOHB", True),
    "difference_low": ("difference_low", "lower end of its 95 % interval", True),
    "difference_high": ("difference_high", "upper end of its 95 % interval", True),
    "p": ("p", "p-value of the paired t-test", True),
    "p_holm": ("p_holm", "p-value after Holm's correction", True),
    "p_permutation": ("p_permutation", "p-value of the sign-flip permutation test", True),
}
"""By column of a measure: name and meaning of the number; whether joint BOHB is behind it."""


def _scale(column: str, of: Measure) -> tuple[float, str, int]:
    """Scale, unit and digits of a number: of a p-value, a difference, or a loss."""
    if column.startswith("p"):
        return 1.0, "", 3
    return 1 / of.factor, of.difference if column.startswith("difference") else of.unit, of.digits


def data(results: Results) -> pd.DataFrame:
    """Compare the arms, all at one training time spent (`comparison.ArmComparison`).

    The difference to joint BOHB is tested by a paired t-test over the repeats with an incumbent at the full budget in
    both arms, and corrected for the number of arms by Holm's method, for each error on its own. A sign-flip permutation
    test stands beside it: it needs no normal distribution, but with n repeats cannot give less than 2^(1-n). Repeats of
    one number share the images and their split, but no seed, so that pairing them is a convention: it costs degrees of
    freedom, and makes neither test invalid. Test errors are of the configurations that the validation error chose, so a
    difference in them is not one of how many configurations an arm could choose from.

    Returns
    -------
    pandas.DataFrame
        One row an arm of which something has begun: `arm`, `title`; repeats `begun`, `complete` of those, and
        `compared`; of the compared ones, those that had `ended` by then, and `n` with a success at the full budget.
        `compared_at`, the same in all rows, in `spent_unit`, that of the budgets. Over the compared repeats, up to
        then: `spent_mean` (less than that time where some had ended before), `trained_mean` and `failed_mean`,
        trainings of a repeat. Over the `n`, for `validation` and `test` (errors, fractions): `_mean`, `_sd`, `_low`,
        `_high` (95 %, Student's t). Against joint BOHB: `pairs`, the repeats with an error in both; and for
        both errors `_difference` (positive: joint BOHB is better), `_difference_low`, `_difference_high`, `_p` of the
        t-test, `_p_holm`, `_p_permutation`, `_p_permutation_holm`; and `smallest_p` and `smallest_p_holm`, the least
        that the permutation test can give. What takes two repeats is empty with fewer.
    """
    comparison = compare_arms(results)
    rng = np.random.default_rng(derive_seed(results.experiment.seed, REFERENCE, "permutation"))
    unit = results.experiment.budget.unit
    compared = pd.DataFrame(
        [_counts(comparison, arm, unit) | _errors(comparison, arm, rng) for arm in comparison.arms],
        columns=list(_columns()),
    )
    for measure in MEASURES:
        for name in (f"{measure}_p", f"{measure}_p_permutation"):
            compared[f"{name}_holm"] = holm(compared[name].to_numpy(float))
    compared["smallest_p_holm"] = holm(compared["smallest_p"].to_numpy(float))
    return compared.astype(_columns())


_COMPARED = ("difference", "difference_low", "difference_high", "p", "p_holm", "p_permutation", "p_permutation_holm")


def _columns() -> dict[str, str]:
    counts = dict.fromkeys(["begun", "complete", "compared", "ended", "n"], "int64")
    means = dict.fromkeys(["spent_mean", "trained_mean", "failed_mean"], "float64")
    of_measure = [f"{measure}_{name}" for measure in MEASURES for name in ("mean", "sd", "low", "high")]
    compared = [f"{measure}_{name}" for measure in MEASURES for name in _COMPARED]
    floats = dict.fromkeys([*of_measure, "pairs", *compared, "smallest_p", "smallest_p_holm"], "float64")
    when = {"compared_at": "float64", "spent_unit": "str"}
    return {"arm": "str", "title": "str", **counts, **when, **means, **floats, "pairs": "Int64"}


def _counts(comparison: ArmComparison, arm: str, unit: str) -> dict[str, object]:
    begun, compared, at = comparison.begun(arm), comparison.compared(arm), comparison.at
    return {
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


def _errors(comparison: ArmComparison, arm: str, rng: np.random.Generator) -> dict[str, object]:
    row: dict[str, object] = {}
    own, reference = comparison.successful(arm), comparison.successful(REFERENCE)
    both = sorted({one.number for one in own} & {one.number for one in reference})
    for measure in MEASURES:
        errors = {one.number: one.error(measure, comparison.at) for one in own}
        values = np.array(list(errors.values()))
        mean, low, high = mean_interval(values)
        sd = float(values.std(ddof=1)) if len(values) > 1 else np.nan
        row |= {f"{measure}_mean": mean, f"{measure}_sd": sd, f"{measure}_low": low, f"{measure}_high": high}
        if arm != REFERENCE:
            others = {one.number: one.error(measure, comparison.at) for one in reference}
            differences = np.array([errors[repeat] - others[repeat] for repeat in both])
            row |= {f"{measure}_{name}": value for name, value in compare(differences, rng).items()}
    if arm != REFERENCE:
        row |= {"pairs": len(both), "smallest_p": smallest_p(len(both))}
    return row


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else np.nan


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """The numbers in the table, each with the incumbents that it comes from."""
    if table.empty:
        return {}
    comparison = compare_arms(results)
    what = "error" if results.experiment.measure.is_error else "loss"
    found = {f"arms_{name}": number for name, number in _of_all(comparison, table)}
    for row in table.to_dict("records"):
        own = comparison.incumbents(row["arm"])
        both = (*own, *comparison.incumbents(REFERENCE))
        spent = scale(row["spent_mean"], row["spent_unit"])
        of_row = [("repeats", "repeats compared, with a success at the full budget", row["n"], 1.0, "", 0, own)]
        of_row.append(("spent", "mean training of a repeat until then", row["spent_mean"], *spent, 1, own))
        least = "least p-value that the permutation test can give"
        of_row.append(("smallest_p", least, row["smallest_p"], 1.0, "", 3, both))
        for measure in MEASURES:
            for column, (name, meaning, paired) in _NUMBERS.items():
                described, value = f"{meaning} of the incumbent's {measure} {what}", row[f"{measure}_{column}"]
                scaled = _scale(column, results.experiment.measure)
                of_row.append((f"{measure}_{name}", described, value, *scaled, both if paired else own))
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
        ("repeats", "repeats of each arm that are compared", len(comparison.numbers)),
        ("complete", "searches of all arms that are complete", int(table["complete"].sum())),
        ("begun", "searches of all arms that have begun", int(table["begun"].sum())),
    ):
        yield name, Number(meaning=meaning, value=value, unit="", digits=0, sources=of)
    if not np.isnan(comparison.at):
        size, unit = scale(comparison.at, table["spent_unit"].iloc[0])
        meaning = "training of a repeat at which the arms are compared"
        yield "compared_at", Number(meaning=meaning, value=comparison.at / size, unit=unit, digits=1, sources=of)


TABLE = Table(studies=("arm",), category="Joint or separate search", data=data, numbers=numbers)
