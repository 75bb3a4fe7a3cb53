"""What was trained with several seeds: manual architectures beside the incumbent, and final retrainings.

A mean over seeds has the 95 % interval of Student's t, which takes the errors for normally distributed. It holds for
other seeds on the same images, not for other images.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.paired import mean_interval
from jointsearch.core import layout
from jointsearch.core.records import Evaluation
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.manual import ARCHITECTURES, depth
from jointsearch.results.results import Results
from jointsearch.search.incumbent import incumbent

INCUMBENT = "incumbent"
"""Name of the found configuration beside those of manual architectures."""

_TEST = {"test_mean": "float64", "test_sd": "float64", "test_low": "float64", "test_high": "float64"}
_MANUAL = {
    "name": "str",
    "title": "str",
    "family": "str",
    "depth": "int64",
    "parameters": "Int64",
    "seeds": "int64",
    "failed": "int64",
    "validation_mean": "float64",
    "validation_sd": "float64",
    **_TEST,
    "epochs": "float64",
}
_RETRAINING = {
    "name": "str",
    "title": "str",
    "kind": "str",
    "seeds": "int64",
    "failed": "int64",
    **_TEST,
    "parameters": "Int64",
    "epochs_mean": "float64",
    "training_seconds_mean": "float64",
}


def title(name: str) -> str:
    """Name a configuration as a text does."""
    return "found by the search" if name == INCUMBENT else ARCHITECTURES[name].title


def by_name(evaluations: Iterable[Evaluation]) -> dict[str, list[Evaluation]]:
    """Group the trainings of a study by the name that their configuration was given."""
    groups: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        groups.setdefault(str(one.proposal.origin.name), []).append(one)
    return groups


def found(material: Results) -> Evaluation | None:
    """The evaluation that made the incumbent of the search; None before anything succeeded."""
    evaluations = material.evaluations(layout.SEARCH)
    best = incumbent(evaluations).evaluation
    return next((one for one in evaluations if one.id == best), None)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of a sample; nan where there are too few."""
    mean, _, _ = mean_interval(np.array(values))
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean by Student's t; nan with fewer than two values."""
    _, low, high = mean_interval(np.array(values))
    return low, high


def manual(material: Results) -> pd.DataFrame:
    """Table: manual architectures, trained at the full budget, beside what the search found.

    Returns
    -------
    pandas.DataFrame
        One row an architecture, in the order of the study, then one for the incumbent, a single training of the search:
        `name`, `title`, `family`, `depth` (layers with weights, see `networks.manual.depth`), `parameters`; `seeds`,
        the trainings so far, and how many of them `failed`. Of the others mean and standard deviation of the
        validation and of the test error (fractions), the interval `test_low` to `test_high` of the mean test error,
        and the mean of the `epochs`. What needs more trainings than there are is empty.
    """
    groups = by_name(material.evaluations(layout.MANUAL))
    best = found(material)
    if best is not None:
        groups[INCUMBENT] = [best]
    rows = []
    for name, of_name in groups.items():
        good = [one for one in of_name if one.loss is not None]
        losses = [one.loss for one in good if one.loss is not None]
        family = ARCHITECTURES[name].family if name != INCUMBENT else "search"
        what = name, title(name), family, depth(Hyperparameters.from_values(of_name[0].proposal.values))
        epochs = moments([one.epochs for one in good])[0]
        rows.append((*what, *_counts(of_name), *moments(losses), *_tests(_test_errors(good)), epochs))
    return pd.DataFrame(rows, columns=list(_MANUAL)).astype(_MANUAL)


def retraining(material: Results) -> pd.DataFrame:
    """Table: final trainings, on training and validation images.

    Returns
    -------
    pandas.DataFrame
        One row a configuration and `kind`: `single` for its trainings, and, where it was measured, `snapshot_ensemble`
        for the ensemble of the networks at the ends of the cycles of each. `name`, `title`, `seeds` (trainings so far),
        `failed`; of the others mean, standard deviation and interval of the mean test error, as in `manual`;
        `parameters` (of one network), mean `epochs_mean` and `training_seconds_mean`.
    """
    rows = []
    for name, of_name in by_name(material.evaluations(layout.RETRAINING)).items():
        good = [one for one in of_name if one.status == "success"]
        parameters, *counts = _counts(of_name)
        means = [moments(values)[0] for values in _efforts(good)]
        for kind, errors in (("single", _test_errors(good)), ("snapshot_ensemble", _snapshot_errors(good))):
            if errors or kind == "single":
                rows.append((name, title(name), kind, *counts, *_tests(errors), parameters, *means))
    return pd.DataFrame(rows, columns=list(_RETRAINING)).astype(_RETRAINING)


def _counts(of_name: Sequence[Evaluation]) -> tuple[int | None, int, int]:
    """Weights, trainings, and failed ones."""
    failed = sum(one.status != "success" for one in of_name)
    return of_name[0].parameters, len(of_name), failed


def _tests(errors: Sequence[float]) -> tuple[float, ...]:
    return (*moments(errors), *interval(errors))


def _test_errors(good: Iterable[Evaluation]) -> list[float]:
    return [one.test_error for one in good if one.test_error is not None]


def _snapshot_errors(good: Iterable[Evaluation]) -> list[float]:
    return [one.snapshot_test_error for one in good if one.snapshot_test_error is not None]


def _efforts(good: Sequence[Evaluation]) -> tuple[list[float], list[float]]:
    return [one.epochs for one in good], [one.observed.training_seconds for one in good]


def manual_numbers(material: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the errors of the best manual architecture, the one that is retrained, see `derivation.finalists`."""
    made = material.evaluations(layout.MANUAL)
    of_manual = table[table["name"] != INCUMBENT]
    if of_manual.empty:
        return {}
    numbers = {
        "manual_architectures": _number("manual architectures", len(of_manual), made),
        "manual_trainings": _number("trainings of manual architectures", len(made), made),
        "manual_failed": _number("trainings of manual architectures that failed", int(of_manual["failed"].sum()), made),
    }
    complete = of_manual[of_manual["failed"] == 0]
    if complete.empty:
        return numbers
    # With a failure the mean is infinite there; ties go to the one listed first in both.
    best = complete.iloc[int(complete["validation_mean"].argmin())]
    of = by_name(made)[best["name"]]
    which = f"of {best['title']}, the manual architecture of the lowest mean validation error"
    numbers |= _statistics("best_manual", "test error", which, best.to_dict(), of)
    numbers["best_manual_seeds"] = _number(f"trainings {which}", len(of), of)
    error = 100 * float(best["validation_mean"])
    numbers["best_manual_validation_error"] = _number(f"mean validation error {which}", error, of, "%")
    numbers["best_manual_parameters"] = _number(f"weights {which}", int(best["parameters"]), of)
    return numbers


def retraining_numbers(material: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the errors of the retrained configurations, and the difference of the two with Welch's interval and test.

    Welch, *The generalization of Student's problem when several different population variances are involved*, 1947.
    """
    numbers: dict[str, Number] = {}
    groups = by_name(material.evaluations(layout.RETRAINING))
    for row in table.to_dict("records"):
        of = groups[row["name"]]
        name = "retrained_incumbent" if row["name"] == INCUMBENT else "retrained_manual"
        what = "the found configuration" if row["name"] == INCUMBENT else row["title"]
        where = f"of {what}, retrained on training and validation images"
        if row["kind"] == "single":
            numbers[f"{name}_seeds"] = _number(f"trainings {where}", row["seeds"], of)
            numbers[f"{name}_failed"] = _number(f"failed trainings {where}", row["failed"], of)
            numbers |= _statistics(name, "test error", where, row, of)
        else:
            ensemble = "test error of the snapshot ensemble"
            numbers |= _statistics(f"{name}_snapshot", ensemble, where, row, of)
    others = [name for name in groups if name != INCUMBENT]
    if INCUMBENT in groups and len(others) == 1:
        numbers |= _comparison(groups[INCUMBENT], groups[others[0]], title(others[0]))
    return numbers


def welch(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float, float]:
    """Compare two samples by Welch's t test.

    Returns
    -------
    (float, float, float, float)
        Difference of the means, first minus second; its 95 % interval; two-sided p. The last three are nan with fewer
        than two values on a side, or where neither side varies.
    """
    difference = moments(first)[0] - moments(second)[0]
    if min(len(first), len(second)) < 2 or not (np.ptp(first) or np.ptp(second)):
        return difference, np.nan, np.nan, np.nan
    result = stats.ttest_ind(first, second, equal_var=False)
    limits = result.confidence_interval(0.95)
    return difference, float(limits.low), float(limits.high), float(result.pvalue)


def _comparison(first: Sequence[Evaluation], second: Sequence[Evaluation], other: str) -> dict[str, Number]:
    of = [*first, *second]
    difference, low, high, p = welch(_test_errors(first), _test_errors(second))
    if np.isnan(p):
        return {}
    what = f"difference of the mean test errors after retraining, the found configuration minus {other}"
    # Enough digits for two that count, up to a millionth.
    digits = int(np.clip(1 - np.floor(np.log10(p)), 2, 6)) if p > 0 else 6
    return {
        "retrained_difference": _number(what, 100 * difference, of, "percentage points"),
        "retrained_difference_low": _number(f"lower 95 % limit of the {what}", 100 * low, of, "percentage points"),
        "retrained_difference_high": _number(f"upper 95 % limit of the {what}", 100 * high, of, "percentage points"),
        "retrained_p": _number(f"two-sided p of Welch's t test of the {what}", p, of, digits=digits),
    }


def _statistics(
    name: str, error: str, where: str, row: Mapping[Any, Any], of: Sequence[Evaluation]
) -> dict[str, Number]:
    numbers = {}
    for suffix, column, meaning in (
        ("", "test_mean", "mean"),
        ("_sd", "test_sd", "standard deviation over seeds of the"),
        ("_low", "test_low", "lower 95 % limit of the mean"),
        ("_high", "test_high", "upper 95 % limit of the mean"),
    ):
        if not pd.isna(row[column]):
            value = 100 * float(row[column])
            numbers[f"{name}_test_error{suffix}"] = _number(f"{meaning} {error} {where}", value, of, "%")
    return numbers


def _number(meaning: str, value: float, of: Sequence[Evaluation], unit: str = "", digits: int | None = None) -> Number:
    if digits is None:
        digits = 2 if isinstance(value, float) else 0
    return Number(meaning=meaning, value=value, unit=unit, digits=digits, sources=sources(of))
