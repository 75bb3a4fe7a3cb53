"""The trainings behind a row of a table: those that its numbers come from."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from jointsearch.analysis.importance import importances
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.seed_statistics import INCUMBENT, best_of_search, by_name
from jointsearch.analysis.verdict import NOT_STUDIED
from jointsearch.core import layout
from jointsearch.paper.columns import Row
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

Numbers = Mapping[str, Number]


def of_claim(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those of the number that the evidence gives; where that has none, all of its studies; none if not studied."""
    if row["finding"] == NOT_STUDIED:
        return ()
    number = numbers.get(row["number"])
    return number.sources if number is not None and number.sources else _of_groups(results, row["studies"].split(", "))


def of_study(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """All of a study, or of all searches of an arm."""
    return _of_groups(results, [row["study"]])


def of_early_stopping(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those at a lower budget and at the full one: of the correlation study, and of what the search promoted."""
    low, full = row["budget"], budgets(results.experiment.budget)[-1]
    names = [f"early_stopping_configurations_{low:g}", f"study_retest_{low:g}", f"study_corrected_{low:g}_{full:g}"]
    return _of_numbers(numbers, *names, f"spearman_{low:g}_{full:g}")


def of_arm(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """The incumbents of an arm; where it is compared, those of the reference too. Holm corrects over all arms."""
    arms: list[str] = [row["arm"]] if pd.isna(row["validation_difference"]) else [row["arm"], row["reference"]]
    return _of_numbers(numbers, *(f"{arm}_repeats" for arm in arms))


def of_importance(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those that a surrogate was fitted to."""
    of = importances.evaluations(results)
    return sources(one for one in of if one.budget == row["budget"] and one.loss is not None)


def of_name(study: str) -> Callable[[Row, Results, Numbers], Iterable[str]]:
    """Those of a configuration in a study; of the one found, which is no manual one, the training that found it."""

    def behind(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
        of = by_name(results.evaluations(study)).get(row["name"], [])
        if study == layout.MANUAL and row["name"] == INCUMBENT and (best := best_of_search(results)) is not None:
            of = [best]
        return sources(of)

    return behind


def _of_groups(results: Results, groups: Sequence[str]) -> Iterable[str]:
    group = {study.name: study.group for study in results.plan.studies}
    return sources(one for study in results.studies.values() for one in study.evaluations if group[one.study] in groups)


def _of_numbers(numbers: Numbers, *names: str) -> Iterable[str]:
    return dict.fromkeys(one for name in names if name in numbers for one in numbers[name].sources)
