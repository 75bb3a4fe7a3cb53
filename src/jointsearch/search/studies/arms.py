"""Searches with equal budgets, jointly or in two steps, that are compared with each other."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping

from jointsearch.core import layout
from jointsearch.core.config import ArmSettings, Config
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.records import Value
from jointsearch.networks import manual
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.studies.correlation import Correlation
from jointsearch.search.studies.kind import PlannedStudy, StudyKind, at_full_budget, first_brackets, settings_beside
from jointsearch.search.studies.manual import check_inside
from jointsearch.search.studies.search import Search
from jointsearch.space.file import Constant, SpaceFile

JOINT = ("joint_bohb", "joint_random", "joint_hyperband")
"""The arms that search the whole space at once."""
START = "resnet_20"
"""The manual architecture that first steps of our network begin with, if it lies in the space and nothing else is asked
for."""
_FIRST = "_first"


class Arms(StudyKind):
    """Whether searching the parts of the space separately, such as architecture and hyperparameters, loses something.

    An arm is a search, or, at random, a study like that of the correlation: those propose for it.
    """

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan all arms of a repeat before those of the next."""
        if (arms := config.studies.arms) is None:
            return
        settings = settings_beside(experiment)
        hyperband.bracket_count(arms.brackets, "brackets", settings.budget, "studies.arms.brackets")
        names = _names(arms, settings.space)
        begin: Mapping[str, Value] = {}
        if two_steps := [name for name in names if name not in JOINT]:
            begin = start_values(arms, settings, {name for arm in two_steps for name in _steps(arm, settings.space)[1]})
            _check_two_steps(two_steps, settings.space)
            _check_rounds(arms.brackets, len(hyperband.budgets(settings.budget)))
        for repeat in range(arms.repeats):
            for name in names:
                yield from _arm(name, repeat, arms.brackets, begin, _without_lags(settings))


def start_architecture(arms: ArmSettings, experiment: Experiment) -> str | None:
    """The manual architecture that first steps begin with; None if they begin with other values.

    Raises
    ------
    UserError
        If one is named, but its network is not the one that is trained.
    """
    if not experiment.is_multibranch:
        if isinstance(arms.start, str):
            raise UserError(
                f"studies.arms.start: {arms.start} is for the multi-branch network, which is not trained here; give "
                "values by hyperparameter"
            )
        return None
    if arms.start is None:
        known = manual.architecture(START).values
        within = experiment.space.hyperparameters.items()
        inside = all(name in known and one.allows(known[name]) for name, one in within)
        return START if inside else None
    return arms.start if isinstance(arms.start, str) else None


def start_values(arms: ArmSettings, experiment: Experiment, needed: Collection[str]) -> Mapping[str, Value]:
    """Choose the values with which first steps begin.

    Parameters
    ----------
    arms, experiment
        What is asked for, and of which search; its space may have defaults.
    needed
        The hyperparameters that some first step does not search.

    Raises
    ------
    UserError
        If one of those has no value, or if any value is outside of the space.
    """
    where, space = "studies.arms.start", experiment.space
    if (name := start_architecture(arms, experiment)) is not None:
        check_inside(name, space, where)
        values = manual.architecture(name).values
    else:
        given = {} if arms.start is None or isinstance(arms.start, str) else arms.start
        for parameter, value in given.items():
            if parameter not in space.hyperparameters:
                known = suggest(parameter, space.hyperparameters)
                raise UserError(f"{where}.{parameter}: no hyperparameter of the space; {known}")
            if not space.hyperparameters[parameter].allows(value):
                raise UserError(f"{where}.{parameter}: {value!r} is outside of the space; give a value inside")
        values = space.defaults | space.typed(given)
    missing = [parameter for parameter in space.in_order if parameter in needed and parameter not in values]
    if missing:
        raise UserError(
            f"{where}: no value of {', '.join(missing)} to begin with; give values here, or a `default` in the space"
        )
    return values


def _names(arms: ArmSettings, space: SpaceFile) -> tuple[str, ...]:
    """Names of the arms that are asked for; by default all that the space has."""
    known = (*JOINT, *(f"{part}{_FIRST}" for part in space.parts))
    for name in arms.names or ():
        if name not in known and not space.parts and name.endswith(_FIRST):
            raise UserError(
                f"studies.arms.names: {name} needs the parts of the space, which names none; "
                "give each hyperparameter a `part`, or leave this arm out"
            )
        if name not in known:
            raise UserError(f"studies.arms.names: no arm {name!r} in this space; {suggest(name, known)}")
    return arms.names or known


def _arm(
    arm: str, repeat: int, brackets: int, begin: Mapping[str, Value], experiment: Experiment
) -> Iterator[PlannedStudy]:
    name = layout.arm(arm, repeat)
    match arm:
        case "joint_random":
            whole = (at_full_budget(random_size(brackets, experiment), experiment),)
            yield PlannedStudy.of(name, Correlation.name, experiment, whole, arm=arm, repeat=repeat, seeds=1)
        case "joint_bohb" | "joint_hyperband":
            searched = _with_sampler(experiment, arm.removeprefix("joint_"))
            everything = first_brackets(brackets, experiment)
            yield PlannedStudy.of(name, Search.name, searched, everything, arm=arm, repeat=repeat)
        case _:
            first, second = _steps(arm, experiment.space)
            half = first_brackets(brackets // 2, experiment)
            one, two = (layout.arm(arm, repeat, step) for step in (1, 2))
            for step, fixed, follows, keeps in ((one, second, (), ()), (two, first, (one,), first)):
                space = restricted(experiment.space, begin, fixed)
                searched = _with_sampler(experiment, "bohb").model_copy(update={"space": space})
                yield PlannedStudy.of(
                    step, Search.name, searched, half, follows=follows, keeps=keeps, arm=arm, repeat=repeat
                )


def _steps(arm: str, space: SpaceFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the first step of an arm searches, and what the second: a part of the space, and all others."""
    first = space.parts[arm.removesuffix(_FIRST)]
    return first, tuple(name for name in space.in_order if name not in first)


def second_step(experiment: Experiment, found: Incumbent, keeps: Collection[str]) -> Experiment:
    """Settings of the second of two steps, once the first has found the values that it keeps."""
    return experiment.model_copy(update={"space": restricted(experiment.space, found.values or {}, keeps)})


def restricted(space: SpaceFile, values: Mapping[str, Value], names: Collection[str]) -> SpaceFile:
    """Fix hyperparameters of a space at given values, but for those that are inactive there."""
    fixed = {
        name: Constant(type="constant", value=values[name], part=one.part) if name in names and name in values else one
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


def _check_two_steps(arms: Iterable[str], space: SpaceFile) -> None:
    """Check that each step can be searched separately."""
    if space.conditions or space.forbidden:
        raise UserError(
            "studies.arms.names: a step that fixes a part of the space cannot keep conditions and forbidden "
            f"combinations; leave out {' and '.join(arms)}"
        )
    for arm in arms:
        for step, names in enumerate(_steps(arm, space), start=1):
            if space.fixed.issuperset(names):
                raise UserError(
                    f"studies.arms.names: step {step} of {arm} has nothing to search, as all is constant; leave it out"
                )
