"""The numbers of a search that a text may quote, each with the records that it comes from."""

import math
from collections.abc import Sequence

import pandas as pd

from jointsearch.analysis.number import Number, sources
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Digest, Record
from jointsearch.core.units import HOUR
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import budgets
from jointsearch.search.incumbent import incumbent


class Numbers(Record):
    """`numbers.json`: numbers by name. What is not known, such as the best of a search that failed, is left out."""

    experiment: Digest
    numbers: dict[str, Number]


def number_of_best(loss: str) -> str:
    """Name of the number that is a loss of the best configuration, by the name of the loss."""
    return f"best_{loss.replace(' ', '_')}"


def of_search(experiment: Experiment, evaluations: Sequence[Evaluation]) -> dict[str, Number]:
    """Collect the numbers of a search that no figure has."""
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
    for name, loss, note in (
        (measure.name, found.loss, ""),
        (measure.test, found.test_error, ", not used by the search"),
    ):
        if loss is not None:
            meaning = f"{name} of the best configuration{note}"
            say(number_of_best(name), meaning, measure.factor * loss, best, *how)
    if found.loss is not None:
        say("best_parameters", "weights of the best network", found.parameters, best)
    return named
