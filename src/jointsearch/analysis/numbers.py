"""The numbers of a search that a text may quote, each with the records that it comes from."""

import math
from collections.abc import Sequence

import pandas as pd

from jointsearch.analysis import sampling_error
from jointsearch.analysis.number import Number, sources
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Digest, Record
from jointsearch.core.units import HOUR
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.search.incumbent import incumbent


class Numbers(Record):
    """`numbers.json`: numbers by name. What is not known, such as the best of a search that failed, is left out."""

    experiment: Digest
    numbers: dict[str, Number]


def number_of_best(loss: str) -> str:
    """Name of the number that is a loss of the best configuration, by the name of the loss."""
    return f"best_{loss.replace(' ', '_')}"


def of_search(results: Results) -> dict[str, Number]:
    """Collect the numbers of the search that no figure has."""
    experiment, evaluations = results.experiment, results.evaluations(layout.SEARCH)
    all_budgets, found = budgets(experiment.budget), incumbent(evaluations)
    full = [one for one in evaluations if one.budget == all_budgets[-1]]
    named: dict[str, Number] = {}

    def say(
        name: str, meaning: str, value: float | None, of: Sequence[Evaluation], unit: str = "", places: int = 2
    ) -> None:
        if value is not None and not pd.isna(value):
            digits = places if isinstance(value, float) else 0
            named[name] = Number(meaning=meaning, value=value, unit=unit, digits=digits, sources=sources(of))

    hours = math.fsum(one.observed.training_seconds for one in evaluations) / HOUR
    say("evaluations", "trainings", len(evaluations), evaluations)
    say("failed", "trainings that failed", found.failed, [one for one in evaluations if one.status != "success"])
    say("configurations", "configurations", len({one.proposal.id for one in evaluations}), evaluations)
    say("full_budget_evaluations", "trainings at the full budget", len(full), full)
    by_model = [one for one in evaluations if one.rung == 0 and one.proposal.origin.kind == "model"]
    say("model_based", "configurations that a model proposed", len(by_model), by_model)
    say("training_hours", "time spent in training steps", hours, evaluations, "h")
    best = [one for one in evaluations if one.id == found.evaluation]
    measure = experiment.measure
    how = measure.unit, measure.digits
    for part, name, loss, note in (
        ("validation", measure.name, found.loss, ""),
        ("test", measure.test, found.test_error, ", not used by the search"),
    ):
        if loss is not None:
            meaning = f"{name} of the best configuration{note}"
            say(number_of_best(name), meaning, measure.factor * loss, best, *how)
            for suffix, end, value in sampling_error.ends(loss, sampling_error.images(results, part)):
                say(f"{number_of_best(name)}{suffix}", f"{end} {meaning}", measure.factor * value, best, *how)
    if found.loss is not None:
        say("best_parameters", "weights of the best network", found.parameters, best)
        modelled = int(best[0].proposal.origin.kind == "model")
        say("best_by_model", "1 if a model proposed the best configuration, 0 if not", modelled, best)
        tied = [one for one in evaluations if one.budget == found.budget and one.loss == found.loss]
        say("best_tied", f"configurations that share the lowest {measure.name}", len(tied), tied)
        for place, one in enumerate(tied[: len(tied) if len(tied) > 1 else 0]):
            test = None if one.test_error is None else measure.factor * one.test_error
            say(f"best_tied_test_{place}", f"{measure.test} of one of those, {one.id}", test, [one], *how)
    return named
