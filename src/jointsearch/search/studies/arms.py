"""Searches with equal budgets, jointly or in two steps, that are compared with each other."""

import math
from collections.abc import Collection, Iterator, Mapping

from jointsearch.core import layout
from jointsearch.core.config import ArmName, ArmSettings, Config
from jointsearch.core.errors import UserError
from jointsearch.core.records import Value
from jointsearch.networks import manual
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.studies.correlation import Correlation
from jointsearch.search.studies.kind import PlannedStudy, StudyKind, at_full_budget, first_brackets, own_settings
from jointsearch.search.studies.manual import check_inside
from jointsearch.search.studies.search import Search
from jointsearch.space.file import Constant, SpaceFile


class Arms(StudyKind):
    """Whether searching architecture and hyperparameters separately loses something.

    An arm is a search, or, at random, a study like that of the correlation: those propose for it.
    """

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan all arms of a repeat before those of the next."""
        if (arms := config.studies.arms) is None:
            return
        own = own_settings(experiment)
        hyperband.bracket_count(arms.brackets, "brackets", own.budget, "studies.arms.brackets")
        if {"architecture_first", "hyperparameters_first"} & set(arms.names):
            check_inside(arms.start, own.space, "studies.arms.start")
            _check_two_steps(own)
            _check_rounds(arms.brackets, len(hyperband.budgets(own.budget)))
        for repeat in range(arms.repeats):
            for name in arms.names:
                yield from _arm(name, repeat, arms, _without_lags(own))


def _arm(arm: ArmName, repeat: int, settings: ArmSettings, experiment: Experiment) -> Iterator[PlannedStudy]:
    name = layout.arm(arm, repeat)
    match arm:
        case "joint_random":
            whole = (at_full_budget(random_size(settings.brackets, experiment), experiment),)
            yield PlannedStudy.of(name, Correlation.name, experiment, whole, arm=arm, repeat=repeat, seeds=1)
        case "joint_bohb" | "joint_hyperband":
            searched = _with_sampler(experiment, arm.removeprefix("joint_"))
            everything = first_brackets(settings.brackets, experiment)
            yield PlannedStudy.of(name, Search.name, searched, everything, arm=arm, repeat=repeat)
        case _:
            parts = ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
            first, second = parts if arm == "architecture_first" else parts[::-1]
            begin, half = manual.architecture(settings.start).values, first_brackets(settings.brackets // 2, experiment)
            one, two = (layout.arm(arm, repeat, step) for step in (1, 2))
            for step, fixed, follows, keeps in ((one, second, (), ()), (two, first, (one,), first)):
                space = restricted(experiment.space, begin, fixed)
                searched = _with_sampler(experiment, "bohb").model_copy(update={"space": space})
                yield PlannedStudy.of(
                    step, Search.name, searched, half, follows=follows, keeps=keeps, arm=arm, repeat=repeat
                )


def second_step(experiment: Experiment, found: Incumbent, keeps: Collection[str]) -> Experiment:
    """Settings of the second of two steps, once the first has found the values that it keeps."""
    return experiment.model_copy(update={"space": restricted(experiment.space, found.values or {}, keeps)})


def restricted(space: SpaceFile, values: Mapping[str, Value], names: Collection[str]) -> SpaceFile:
    """Fix hyperparameters of a space at given values, but for those that are inactive there."""
    fixed = {
        name: Constant(type="constant", value=values[name]) if name in names and name in values else one
        for name, one in space.hyperparameters.items()
    }
    return space.model_copy(update={"hyperparameters": fixed})


def random_size(brackets: int, experiment: Experiment) -> int:
    """Trainings at the full budget that cost what so many brackets of a search do."""
    all_budgets, continuation = hyperband.budgets(experiment.budget), experiment.training.continuation
    costs = (hyperband.cost(item, all_budgets, continuation) for item in first_brackets(brackets, experiment))
    return round(math.fsum(costs) / all_budgets[-1])


def _without_lags(experiment: Experiment) -> Experiment:
    """Let each bracket see all before it: arms run in parallel, so that workers need not wait."""
    return experiment.model_copy(update={"lags": (0,) * len(experiment.lags)})


def _with_sampler(experiment: Experiment, sampler: str) -> Experiment:
    own = experiment.sampler_settings if experiment.sampler == sampler else {}
    return experiment.model_copy(
        update={"sampler": sampler, "sampler_settings": registry.check(sampler, own)},
    )


def _check_rounds(brackets: int, levels: int) -> None:
    """Refuse arms of unequal budgets: brackets of one round differ in cost, and so would steps that end within one."""
    if brackets % (2 * levels):
        raise UserError(
            f"studies.arms.brackets: {brackets} is not a multiple of {2 * levels}; each of two steps needs whole "
            f"rounds of {levels} brackets, or it would train less than the searches with which it is compared"
        )


def _check_two_steps(experiment: Experiment) -> None:
    """Check that each step can be searched separately."""
    space, parts = experiment.space, (ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS)
    if space.conditions or space.forbidden:
        raise UserError(
            "studies.arms.names: a step that fixes a part of the space cannot keep conditions and forbidden "
            "combinations; leave out architecture_first and hyperparameters_first"
        )
    searched = {name for name, one in space.hyperparameters.items() if not isinstance(one, Constant)}
    if not all(searched & set(part) for part in parts):
        raise UserError(
            "studies.arms.names: one part of the space is all constant, with nothing to search in its step; "
            "leave out architecture_first and hyperparameters_first"
        )
