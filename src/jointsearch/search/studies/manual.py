"""Architectures of the literature, each trained with several seeds."""

from collections.abc import Iterator

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.proposal import Origin, Rung
from jointsearch.networks import manual
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, Hyperparameters
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import (
    Evaluations,
    PlannedStudy,
    StudyKind,
    at_full_budget,
    same_rung,
    settings_beside,
)
from jointsearch.space.file import SpaceFile


class Manual(StudyKind):
    """Whether the configuration found is better than those that people designed."""

    name = "manual"

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan the study, at the full budget."""
        if (section := config.studies.manual) is None:
            return
        if not experiment.is_multibranch:
            raise UserError(
                "studies.manual: its architectures are of the multi-branch network; remove it, or training.network"
            )
        names = tuple(name if section.scale == 1 else f"{name}/{section.scale}" for name in section.architectures)
        for name in names:
            check_inside(name, experiment.space, "studies.manual.architectures")
            _check_same_network(name, experiment.space)
        settings = settings_beside(experiment)
        plan = StudyPlan(
            name=layout.MANUAL,
            kind=self.name,
            settings=settings.id,
            brackets=(at_full_budget(len(names) * section.seeds, settings),),
            names=names,
            seeds=section.seeds,
        )
        yield PlannedStudy(plan, settings)

    def propose(self, experiment: Experiment, study: StudyPlan, bracket: int, rung: int, followed: Evaluations) -> Rung:
        """List the architectures by name, each as many times as it has seeds.

        A training hyperparameter that the space does not have, or leaves inactive, is left at its neutral value.
        """
        from jointsearch.space.space import Space

        space = Space(experiment.space)
        listed = [
            (manual.architecture(name).within(space), Origin(sampler=layout.MANUAL, kind="given", name=name))
            for name in study.names
            for _ in range(study.seeds or 1)
        ]
        return same_rung(experiment, study.name, bracket, rung, listed)


def check_inside(name: str, space: SpaceFile, where: str) -> None:
    """Refuse an architecture that is unknown, or outside of a space; `where` is the setting that names it."""
    try:
        values = manual.architecture(name).values
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    for parameter, one in space.hyperparameters.items():
        if parameter in values and not one.allows(values[parameter]):
            raise UserError(
                f"{where}: {name}: its {parameter} of {values[parameter]} is outside of the space; "
                "name another architecture, or widen the space"
            )


def _check_same_network(name: str, space: SpaceFile) -> None:
    """Refuse an architecture that needs a parameter that the space does not have: there it would be another network."""
    for parameter in ARCHITECTURE_PARAMETERS:
        value, neutral = manual.architecture(name).values[parameter], Hyperparameters.model_fields[parameter].default
        if parameter not in space.hyperparameters and value != neutral:
            raise UserError(
                f"studies.manual.architectures: {name}: its {parameter} of {value} is not in the space; "
                "name another architecture, or add it to the space"
            )
