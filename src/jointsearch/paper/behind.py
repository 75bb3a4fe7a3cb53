"""The trainings behind a row of a table: those of its numbers, or those that it was made of."""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from jointsearch.analysis.importance import importances
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.seed_statistics import INCUMBENT, by_name, found
from jointsearch.core.evaluation import Evaluation
from jointsearch.paper.columns import Row
from jointsearch.results.catalogue import listed_as
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

Numbers = Mapping[str, Number]


def of_claim(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those of the number that a piece of evidence is; where that is not known, all of its studies."""
    if row["number"] in numbers:
        return numbers[row["number"]].sources
    studies = str(row["studies"]).split(", ")
    return sources(one for one in _all(results) if listed_as(one.study) in studies)


def of_study(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """All of a study, or of all searches of an arm."""
    group = {study.name: study.group for study in results.plan.studies}
    return sources(one for one in _all(results) if group[one.study] == row["study"])


def of_early_stopping(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those at a lower budget and at the full one: of the correlation study, and of what the search promoted."""
    low, full = row["budget"], budgets(results.experiment.budget)[-1]
    names = [f"early_stopping_configurations_{low:g}", f"study_retest_{low:g}", f"study_corrected_{low:g}_{full:g}"]
    return _of_numbers(numbers, *names, f"spearman_{low:g}_{full:g}")


def of_arm(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """The incumbents of an arm; where it is compared, those of the reference too."""
    arms: list[str] = [row["arm"]] if pd.isna(row["validation_difference"]) else [row["arm"], row["reference"]]
    return _of_numbers(numbers, *(f"{arm}_repeats" for arm in arms))


def of_importance(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
    """Those that a surrogate was fitted to."""
    of = importances.evaluations(results)
    return sources(one for one in of if one.budget == row["budget"] and one.loss is not None)


def of_name(study: str) -> Callable[[Row, Results, Numbers], Iterable[str]]:
    """Those of a configuration in a study; of the one found that is not trained there, the training that found it."""

    def behind(row: Row, results: Results, numbers: Numbers) -> Iterable[str]:
        of = by_name(results.evaluations(study)).get(row["name"], [])
        if not of and row["name"] == INCUMBENT and (best := found(results)) is not None:
            of = [best]
        return sources(of)

    return behind


def _all(results: Results) -> Iterable[Evaluation]:
    return (one for study in results.studies.values() for one in study.evaluations)


def _of_numbers(numbers: Numbers, *names: str) -> Iterable[str]:
    return dict.fromkeys(one for name in names if name in numbers for one in numbers[name].sources)
