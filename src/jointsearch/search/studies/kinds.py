"""All kinds of studies, and the plan of an experiment that they make up."""

from collections.abc import Mapping

from jointsearch.core.config import MOST_TRAININGS, Config
from jointsearch.core.errors import UserError
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan, StudyPlan
from jointsearch.search.studies.arms import Arms
from jointsearch.search.studies.correlation import Correlation
from jointsearch.search.studies.gradients import Gradients
from jointsearch.search.studies.kind import PlannedStudy, StudyKind
from jointsearch.search.studies.manual import Manual
from jointsearch.search.studies.retraining import Retraining
from jointsearch.search.studies.search import Search

KINDS: tuple[StudyKind, ...] = (Search(), Correlation(), Manual(), Retraining(), Arms(), Gradients())
"""In the order in which their studies can be run, the search first."""


def plan(config: Config, experiment: Experiment) -> dict[str, PlannedStudy]:
    """Plan all studies of a configuration, by name, in an order in which they can be run.

    Raises
    ------
    UserError
        If a manual architecture is unknown, or lies outside of the space; if arms cannot be searched; if all of them
        hold an absurd number of trainings.
    """
    planned: dict[str, PlannedStudy] = {}
    trainings = 0
    for kind in KINDS:
        for one in kind.plan(config, experiment):
            planned[one.name] = one
            trainings += one.plan.trainings
            if trainings > MOST_TRAININGS:
                raise UserError(
                    f"studies: with {one.name} the experiment has more than {MOST_TRAININGS:,} trainings; plan fewer"
                )
    return planned


def record(planned: Mapping[str, PlannedStudy], experiment: Experiment) -> Plan:
    """Write down what is planned."""
    return Plan(experiment=experiment.id, seed=experiment.seed, studies=tuple(one.plan for one in planned.values()))


def proposer(study: StudyPlan) -> StudyKind:
    """The kind that proposes what a study trains.

    Raises
    ------
    UserError
        If there is no such kind.
    """
    found = next((one for one in KINDS if one.name == study.kind), None)
    if found is None:
        raise UserError(f"{study.name}: no kind of study is named {study.kind!r}; restore its plan")
    return found
