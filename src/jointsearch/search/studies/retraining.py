"""The best of the search and the best manual architecture, trained a last time."""

import math
from collections.abc import Iterator, Sequence

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.files import digest
from jointsearch.core.proposal import Origin, Rung
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import incumbent
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import (
    Evaluations,
    PlannedStudy,
    StudyKind,
    at_full_budget,
    same_rung,
    settings_beside,
)


class Retraining(StudyKind):
    """The test error to report, with its spread over seeds."""

    name = "retraining"

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan the study: one configuration of each study that it follows."""
        if (section := config.studies.retraining) is None:
            return
        follows = (layout.SEARCH,) if config.studies.manual is None else (layout.SEARCH, layout.MANUAL)
        settings = retraining_settings(settings_beside(experiment))
        plan = StudyPlan(
            name=layout.RETRAINING,
            kind=self.name,
            settings=settings.id,
            brackets=(at_full_budget(len(follows) * section.seeds, settings),),
            follows=follows,
            seeds=section.seeds,
        )
        yield PlannedStudy(plan, settings)

    def propose(self, experiment: Experiment, study: StudyPlan, bracket: int, rung: int, followed: Evaluations) -> Rung:
        """List the finalists, each as many times as it has seeds."""
        chosen = finalists(followed.get(layout.SEARCH, ()), followed.get(layout.MANUAL, ()))
        listed = [
            (one.proposal.values, Origin(sampler=layout.RETRAINING, kind="given", name=name))
            for name, one in chosen
            for _ in range(study.seeds or 1)
        ]
        parents = tuple(digest(one.derivable()) for _, one in chosen)
        return same_rung(experiment, study.name, bracket, rung, listed, parents)


def retraining_settings(experiment: Experiment) -> Experiment:
    """Settings of final trainings: on training and validation images, the snapshot ensemble measured."""
    data = experiment.data.model_copy(update={"train_on": "training_and_validation"})
    training = experiment.training.model_copy(update={"snapshot_ensemble": True})
    return experiment.model_copy(update={"data": data, "training": training})


def finalists(search: Sequence[Evaluation], manual: Sequence[Evaluation]) -> list[tuple[str, Evaluation]]:
    """Choose what is trained a last time: the best that the search found and the best manual architecture.

    That is the one with the lowest mean validation error over its seeds, without a failure; ties go to the one listed
    first. If everything failed, the first is chosen, to fail again.

    Parameters
    ----------
    search, manual
        Evaluations of the two studies; without manual ones only the incumbent is chosen.
    """
    best = incumbent(search).evaluation
    chosen = [("incumbent", next((one for one in search if one.id == best), rank(search)[0]))]
    by_name: dict[str, list[Evaluation]] = {}
    for one in manual:
        by_name.setdefault(str(one.proposal.origin.name), []).append(one)
    if by_name:
        name = min(by_name, key=lambda name: _mean_loss(by_name[name]))
        chosen.append((name, by_name[name][0]))
    return chosen


def _mean_loss(evaluations: Sequence[Evaluation]) -> float:
    return math.fsum(math.inf if one.loss is None else one.loss for one in evaluations) / len(evaluations)
