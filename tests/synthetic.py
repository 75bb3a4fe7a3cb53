"""A whole search for tests to analyse, made without training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from factories import evaluation

from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings, Config, DataSettings, SearchSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results, StudyResults
from jointsearch.search.hyperband import bracket, budgets, promote
from jointsearch.search.plan import StudyPlan
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.kinds import plan, record

NAMES = ("a", "b", "c", "d")
SPACE = str(Path(__file__).parents[1] / "config" / "spaces" / "joint17.yaml")


def search(
    brackets: int,
    settings: BudgetSettings,
    seed: int = 0,
    names: Sequence[str] = NAMES,
    failing: float = 0.05,
) -> list[Evaluation]:
    """Search a noisy bowl over the unit cube; from the fifth bracket on, two in three proposals lie near its bottom.

    Parameters
    ----------
    failing
        Share of the trainings that diverge.
    """
    rng = np.random.default_rng(seed)
    all_budgets = budgets(settings)
    made: list[Evaluation] = []
    for index in range(brackets):
        item = bracket(index, settings)
        proposals = []
        for slot in range(item.sizes[0]):
            modelled = index >= 4 and rng.random() < 2 / 3
            place = rng.normal(0.3, 0.15, len(names)).clip(0, 1) if modelled else rng.random(len(names))
            values = dict(zip(names, place.tolist(), strict=True))
            origin = {"sampler": "bohb", "kind": "model" if modelled else "random"}
            if modelled:
                origin["model_budget"] = all_budgets[0]
            proposals.append(evaluation(f"{index}-0-{slot}", values=values, origin=origin).proposal)
        for rung, level in enumerate(item.levels):
            batch = []
            for slot, proposal in enumerate(proposals):
                distance = np.mean((np.array(list(proposal.values.values())) - 0.3) ** 2)
                error = (0.03 + distance) * (1 + 2.5 * 0.4**level) * np.exp(0.25 * rng.standard_normal())
                # As if counted on 5,000 images.
                loss = None if rng.random() < failing else round(5000 * min(error, 0.9)) / 5000
                place = {"rung": rung, "slot": slot, "budget": all_budgets[level], "budget_unit": settings.unit}
                batch.append(evaluation(proposal.id, loss, **place).model_copy(update={"proposal": proposal}))
            made += batch
            if rung + 1 < len(item.sizes):
                proposals = list(promote(batch, item.sizes[rung + 1]))
    return made


def results(
    settings: BudgetSettings, space: str = SPACE, beside: Sequence[StudyPlan] = (), **studies: Sequence[Evaluation]
) -> Results:
    """Put the evaluations of studies together, as if read from the folder of an experiment.

    Its plan is that of a search of 8 brackets and the studies `beside` it.
    """
    config = Config(experiment="made-up", budget=settings, data=DataSettings(name="digits"), space=space)
    experiment = resolve(config)
    found = {layout.SEARCH: (), **studies}
    length = SearchSettings(length=8, length_unit="brackets")
    searched = record(plan(config.model_copy(update={"search": length}), experiment), experiment)
    planned = searched.model_copy(update={"studies": (*searched.studies, *beside)})
    return Results(experiment, planned, {name: StudyResults(experiment, tuple(made)) for name, made in found.items()})
