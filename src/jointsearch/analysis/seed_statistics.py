"""Statistics over the seeds of what was trained several times: manual architectures, and final retrainings.

A mean over seeds has the 95 % interval of Student's t on the scale of log odds (`contrast.mean_interval`), which takes
errors for about normal. It holds for other seeds on the same images, not for other images.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from jointsearch.analysis.contrast import FEWEST_REPEATS, mean_interval
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.sampling_error import images, standard_error
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.networks.manual import architecture
from jointsearch.results.results import Results
from jointsearch.search.incumbent import incumbent

INCUMBENT = "incumbent"
"""Name of the found configuration beside those of manual architectures."""
TEST_COLUMNS = dict.fromkeys(["test_mean", "test_sd", "test_low", "test_high", "test_sampling"], "float64")
"""Columns of `test_statistics`, and their types."""


def title(name: str) -> str:
    """Name a configuration as a text does."""
    return "found by the search" if name == INCUMBENT else architecture(name).title


def by_name(evaluations: Iterable[Evaluation]) -> dict[str, list[Evaluation]]:
    """Group the trainings of a study by the name that their configuration was given."""
    groups: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        groups.setdefault(str(one.proposal.origin.name), []).append(one)
    return groups


def best_of_search(results: Results) -> Evaluation | None:
    """The evaluation that made the incumbent of the search; None before anything succeeded."""
    evaluations = results.evaluations(layout.SEARCH)
    best = incumbent(evaluations).evaluation
    return next((one for one in evaluations if one.id == best), None)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of a sample; nan where there are too few."""
    mean, _, _ = mean_interval(np.array(values), is_share=True)
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of a mean error, see `contrast.mean_interval`; nan with fewer than `contrast.FEWEST_REPEATS`."""
    _, low, high = mean_interval(np.array(values), is_share=True)
    return low, high


def count_trainings(of_name: Sequence[Evaluation]) -> tuple[int | None, int, int]:
    """Weights, trainings, and failed ones."""
    failed = sum(one.status != "success" for one in of_name)
    return of_name[0].parameters, len(of_name), failed


def test_statistics(results: Results, errors: Sequence[float]) -> tuple[float, ...]:
    """Mean, standard deviation and interval of test errors, and a bound of the error from images: `TEST_COLUMNS`."""
    mean, spread = moments(errors)
    sampling = standard_error(mean, images(results, "test")) if errors else np.nan
    return (mean, spread, *interval(errors), sampling)


def test_errors(good: Iterable[Evaluation]) -> list[float]:
    """Test errors of trainings, as far as they were measured."""
    return [one.test_error for one in good if one.test_error is not None]


def welch(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float, float]:
    """Compare two samples by Welch's t test.

    Returns
    -------
    (float, float, float, float)
        Difference of the means, first minus second; its 95 % interval; two-sided p. The last three are nan with fewer
        than `FEWEST_REPEATS` values on a side, or where neither side varies.
    """
    difference = moments(first)[0] - moments(second)[0]
    if min(len(first), len(second)) < FEWEST_REPEATS or not (np.ptp(first) or np.ptp(second)):
        return difference, np.nan, np.nan, np.nan
    result = stats.ttest_ind(first, second, equal_var=False)
    limits = result.confidence_interval(0.95)
    return difference, float(limits.low), float(limits.high), float(result.pvalue)


def error_numbers(
    name: str, error: str, where: str, row: Mapping[Any, Any], of: Sequence[Evaluation]
) -> dict[str, Number]:
    """Give the statistics of a row of either table as numbers, in percent.

    Parameters
    ----------
    name, error, where
        The beginning of their names; which error they are of; of what.
    row, of
        The row, and the trainings behind it.
    """
    numbers = {}
    for suffix, column, meaning in (
        ("", "test_mean", "mean"),
        ("_sd", "test_sd", "standard deviation over seeds of the"),
        ("_low", "test_low", "lower 95 % limit of the mean"),
        ("_high", "test_high", "upper 95 % limit of the mean"),
        (
            "_sampling",
            "test_sampling",
            "upper bound of the standard error, from the number of test images, of the mean",
        ),
    ):
        if not pd.isna(row[column]):
            value = 100 * float(row[column])
            numbers[f"{name}_test_error{suffix}"] = number(f"{meaning} {error} {where}", value, of, "%")
    return numbers


def number(meaning: str, value: float, of: Sequence[Evaluation], unit: str = "", digits: int | None = None) -> Number:
    """Make a number; a count has no digits after the point, anything else two unless it is said."""
    if digits is None:
        digits = 2 if isinstance(value, float) else 0
    return Number(meaning=meaning, value=value, unit=unit, digits=digits, sources=sources(of))
