"""Table: final trainings, on training and validation images."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from jointsearch.analysis.number import Number
from jointsearch.analysis.seed_statistics import (
    INCUMBENT,
    TEST_COLUMNS,
    by_name,
    count_trainings,
    error_numbers,
    moments,
    number,
    test_errors,
    test_statistics,
    title,
    welch,
)
from jointsearch.analysis.table import Table
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results

_COLUMNS = {
    "name": "str",
    "title": "str",
    "kind": "str",
    "seeds": "int64",
    "failed": "int64",
    **TEST_COLUMNS,
    "parameters": "Int64",
    "epochs_mean": "float64",
    "training_seconds_mean": "float64",
}


def data(results: Results) -> pd.DataFrame:
    """Give the statistics over seeds of each retrained configuration.

    Returns
    -------
    pandas.DataFrame
        One row a configuration and `kind`: `single` for its trainings, and, where it was measured, `snapshot_ensemble`
        for the ensemble of the networks at the ends of the cycles of each. `name`, `title`, `seeds` (trainings so far),
        `failed`; of the others the statistics of the test error, as in `manual`;
        `parameters` (of one network), mean `epochs_mean` and `training_seconds_mean`.
    """
    lines = []
    for name, of_name in by_name(results.evaluations(layout.RETRAINING)).items():
        good = [one for one in of_name if one.status == "success"]
        parameters, *counts = count_trainings(of_name)
        means = [moments(values)[0] for values in _efforts(good)]
        for kind, errors in (("single", test_errors(good)), ("snapshot_ensemble", _snapshot_errors(good))):
            if errors or kind == "single":
                lines.append((name, title(name), kind, *counts, *test_statistics(results, errors), parameters, *means))
    return pd.DataFrame(lines, columns=list(_COLUMNS)).astype(_COLUMNS)


def _snapshot_errors(good: Iterable[Evaluation]) -> list[float]:
    return [one.snapshot_test_error for one in good if one.snapshot_test_error is not None]


def _efforts(good: Sequence[Evaluation]) -> tuple[list[float], list[float]]:
    return [one.epochs for one in good if one.epochs is not None], [one.observed.training_seconds for one in good]


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the errors of the retrained configurations, and the difference of the two with Welch's interval and test.

    Welch, *The generalization of Student's problem when several different population variances are involved*, 1947.
    """
    numbers: dict[str, Number] = {}
    groups = by_name(results.evaluations(layout.RETRAINING))
    for row in table.to_dict("records"):
        of = groups[row["name"]]
        name = "retrained_incumbent" if row["name"] == INCUMBENT else "retrained_manual"
        what = "the found configuration" if row["name"] == INCUMBENT else row["title"]
        where = f"of {what}, retrained on training and validation images"
        if row["kind"] == "single":
            numbers[f"{name}_seeds"] = number(f"trainings {where}", row["seeds"], of)
            numbers[f"{name}_failed"] = number(f"failed trainings {where}", row["failed"], of)
            numbers |= error_numbers(name, "test error", where, row, of)
        else:
            ensemble = "test error of the snapshot ensemble"
            numbers |= error_numbers(f"{name}_snapshot", ensemble, where, row, of)
    others = [name for name in groups if name != INCUMBENT]
    if INCUMBENT in groups and len(others) == 1:
        numbers |= _comparison(groups[INCUMBENT], groups[others[0]], title(others[0]))
    return numbers


def _comparison(first: Sequence[Evaluation], second: Sequence[Evaluation], other: str) -> dict[str, Number]:
    of = [*first, *second]
    difference, low, high, p = welch(test_errors(first), test_errors(second))
    if np.isnan(p):
        return {}
    what = f"difference of the mean test errors after retraining, the found configuration minus {other}"
    # Enough digits for two that count, up to a millionth.
    digits = int(np.clip(1 - np.floor(np.log10(p)), 2, 6)) if p > 0 else 6
    return {
        "retrained_difference": number(what, 100 * difference, of, "percentage points"),
        "retrained_difference_low": number(f"lower 95 % limit of the {what}", 100 * low, of, "percentage points"),
        "retrained_difference_high": number(f"upper 95 % limit of the {what}", 100 * high, of, "percentage points"),
        "retrained_p": number(f"two-sided p of Welch's t test of the {what}", p, of, digits=digits),
    }


TABLE = Table(studies=("retraining",), category="Manual and found", data=data, numbers=numbers)
