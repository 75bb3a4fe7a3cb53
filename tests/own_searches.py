"""Searches of objectives of one's own, made without calling any."""

import math

import numpy as np

from jointsearch.core.config import parse
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results, StudyResults
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket, budgets
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.space.space import Space

OWN = {
    "space": "examples/boosting/space.yaml",
    "objective": "examples.boosting.boosting:evaluate",
    "budget": {"unit": "trees", "minimum": 2, "maximum": 18},
    "jobs": {"seconds_per_unit": 0.5},
}
MADE_WITH = {"code": "c" * 64, "lock": None, "python": "3.11.7", "device_type": "cpu", "threads": 1}
OBSERVED = {
    "started": 100.0,
    "finished": 110.0,
    "training_seconds": 8.0,
    "evaluation_seconds": 0,
    "startup_seconds": 0,
    "curve_seconds": [],
    "host": "node",
    "device": "cpu",
    "environment": "a" * 64,
}


def own_search(brackets: int = 6) -> tuple[Experiment, list[Evaluation]]:
    """Evaluations whose losses are of both signs, some with a test loss; each tenth configuration fails."""
    experiment = resolve(parse({"experiment": "own", **OWN}))
    space, evaluations = Space(experiment.space), []
    for index in range(brackets):
        item = bracket(index, experiment.budget)
        configurations = space.sample(item.sizes[0], np.random.default_rng(index))
        for rung, size in enumerate(item.sizes):
            budget = budgets(experiment.budget)[item.levels[rung]]
            for slot in range(size):
                values = configurations[slot]
                failed = slot % 10 == 9
                loss = None if failed else math.log(values["learning_rate"]) + 3 - math.log(budget)
                record = {
                    "experiment": experiment.id,
                    "study": "search",
                    "bracket": index,
                    "rung": rung,
                    "slot": slot,
                    "proposal": {
                        "id": f"{index}-0-{slot}",
                        "values": values,
                        "origin": {"sampler": "bohb", "kind": "model" if slot % 2 else "random"},
                    },
                    "budget": budget,
                    "budget_unit": "trees",
                    "seed": 7,
                    "status": "diverged" if failed else "success",
                    "loss": loss,
                    "test_error": None if failed else loss + 0.25,
                    "metrics": {"accuracy": 0.5},
                    "reports": [{"step": step, "loss": 1 / step} for step in range(1, int(budget))],
                    "made_with": MADE_WITH,
                    "observed": OBSERVED,
                    "parents": ["b" * 64],
                }
                evaluations.append(Evaluation.model_validate(record))
    return experiment, evaluations


def own_results(brackets: int = 6) -> Results:
    """Results of such a search."""
    experiment, evaluations = own_search(brackets)
    search = {"length": brackets, "length_unit": "brackets"}
    planned = kinds.plan(parse({"experiment": "own", "search": search, **OWN}), experiment)
    studies = {"search": StudyResults(experiment, tuple(evaluations))}
    return Results(experiment, kinds.record(planned, experiment), studies)
