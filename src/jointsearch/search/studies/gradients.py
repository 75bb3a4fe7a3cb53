"""A gradient-based search: one training of a weight-sharing network, which learns an architecture."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.proposal import Origin, Rung
from jointsearch.networks.choices import GRADIENTS, SharedHyperparameters
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import Evaluations, PlannedStudy, StudyKind, same_rung
from jointsearch.space.file import SpaceFile

ONE_TRAINING = Bracket(0, (1,), (0,))
"""All that such a study trains."""


class Gradients(StudyKind):
    """A step of an arm that learns the architecture in one training, as long as the budget of the step."""

    name = GRADIENTS

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan none of its own: arms do."""
        yield from ()

    def propose(self, experiment: Experiment, study: StudyPlan, bracket: int, rung: int, followed: Evaluations) -> Rung:
        """List the values of all that is not learned, with which the weight-sharing network is trained."""
        values = experiment.space.fixed_values
        origin = Origin(sampler=GRADIENTS, kind="given", name="weight-sharing network")
        return same_rung(experiment, study.name, bracket, rung, [(values, origin)])


def refuse_other_networks(where: str, experiment: Experiment) -> None:
    """Refuse a gradient-based step, whose key in the configuration is `where`, of any network but the built-in one.

    Raises
    ------
    UserError
        If another network is trained, or an objective of one's own.
    """
    if not experiment.is_multibranch:
        raise UserError(
            f"{where}.sampler: {GRADIENTS}: gradient-based search is for the built-in network; name a sampler"
        )


def gradient_settings(where: str, settings: Mapping[str, Any], space: SpaceFile, experiment: Experiment) -> Experiment:
    """Settings of a gradient-based step, but for its budget.

    Parameters
    ----------
    where
        Its key in the configuration, for messages.
    settings
        `sampler_settings` of the step.
    space
        All that the step does not search is fixed.
    experiment
        Of the search.

    Raises
    ------
    UserError
        If the step searches more than the architecture.
    """
    try:
        learned = SharedHyperparameters.of(space, space.fixed_values, settings)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    changes = {"space": space, "sampler": GRADIENTS, "lags": (0,)}
    return experiment.model_copy(
        update=changes | {"sampler_settings": learned.gradients.model_dump(exclude_defaults=True)}
    )


def with_budget(experiment: Experiment, cost: int) -> Experiment:
    """Give a gradient-based step its budget, so many times the lowest budget of the search: the only one it has."""
    search = experiment.budget
    lowest = Fraction(str(search.maximum)) / search.eta ** (len(hyperband.budgets(search)) - 1)
    whole = float(cost * lowest)
    only = {"minimum": whole, "maximum": whole, "rung_sizes": "single"}
    return experiment.model_copy(update={"budget": search.model_copy(update=only)})
