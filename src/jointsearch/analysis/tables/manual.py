"""Table: manual architectures, trained at the full budget, beside what the search found."""

import pandas as pd

from jointsearch.analysis.number import Number
from jointsearch.analysis.seed_statistics import (
    INCUMBENT,
    TEST_COLUMNS,
    best_of_search,
    by_name,
    count_trainings,
    error_numbers,
    moments,
    number,
    test_errors,
    test_statistics,
    title,
)
from jointsearch.analysis.table import Table
from jointsearch.core import layout
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.manual import architecture, depth
from jointsearch.results.results import Results

_COLUMNS = {
    "name": "str",
    "title": "str",
    "family": "str",
    "depth": "int64",
    "parameters": "Int64",
    "seeds": "int64",
    "failed": "int64",
    "validation_mean": "float64",
    "validation_sd": "float64",
    **TEST_COLUMNS,
    "epochs": "float64",
}


def data(results: Results) -> pd.DataFrame:
    """Give the statistics over seeds of each manual architecture, and those of the incumbent.

    Returns
    -------
    pandas.DataFrame
        One row an architecture, in the order of the study, then one for the incumbent, a single training of the search:
        `name`, `title`, `family`, `depth` (layers with weights, see `networks.manual.depth`), `parameters`; `seeds`,
        the trainings so far, and how many of them `failed`. Of the others mean and standard deviation of the validation
        and of the test error (fractions), the interval `test_low` to `test_high` of the mean test error over other
        seeds, an upper bound of its standard error over other test images (`test_sampling`), and the mean of the
        `epochs`. What needs more trainings than there are is empty.
    """
    groups = by_name(results.evaluations(layout.MANUAL))
    best = best_of_search(results)
    if best is not None:
        groups[INCUMBENT] = [best]
    lines = []
    for name, of_name in groups.items():
        good = [one for one in of_name if one.loss is not None]
        losses = [one.loss for one in good if one.loss is not None]
        family = architecture(name).family if name != INCUMBENT else "search"
        what = name, title(name), family, depth(Hyperparameters.from_values(of_name[0].proposal.values))
        epochs = moments([one.epochs for one in good if one.epochs is not None])[0]
        lines.append(
            (*what, *count_trainings(of_name), *moments(losses), *test_statistics(results, test_errors(good)), epochs)
        )
    return pd.DataFrame(lines, columns=list(_COLUMNS)).astype(_COLUMNS)


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the errors of the best manual architecture, which is retrained, see `studies.retraining.finalists`."""
    made = results.evaluations(layout.MANUAL)
    of_manual = table[table["name"] != INCUMBENT]
    if of_manual.empty:
        return {}
    numbers = {
        "manual_architectures": number("manual architectures", len(of_manual), made),
        "manual_trainings": number("trainings of manual architectures", len(made), made),
        "manual_failed": number("trainings of manual architectures that failed", int(of_manual["failed"].sum()), made),
    }
    complete = of_manual[of_manual["failed"] == 0]
    if complete.empty:
        return numbers
    # With a failure the mean is infinite there; ties go to the one listed first in both.
    best = complete.iloc[int(complete["validation_mean"].argmin())]
    of = by_name(made)[best["name"]]
    which = f"of {best['title']}, the manual architecture of the lowest mean validation error"
    numbers |= error_numbers("best_manual", "test error", which, best.to_dict(), of)
    numbers["best_manual_seeds"] = number(f"trainings {which}", len(of), of)
    error = 100 * float(best["validation_mean"])
    numbers["best_manual_validation_error"] = number(f"mean validation error {which}", error, of, "%")
    if pd.notna(best["parameters"]):
        numbers["best_manual_parameters"] = number(f"weights {which}", int(best["parameters"]), of)
    return numbers


TABLE = Table(studies=("manual", "search"), category="Manual and found", data=data, numbers=numbers)
