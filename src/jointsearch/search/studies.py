"""The studies of an experiment: what each trains, by which settings. Pure arithmetic, light to import."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from jointsearch.core import layout
from jointsearch.core.config import MOST_TRAININGS, ArmName, ArmSettings, Config
from jointsearch.core.errors import UserError
from jointsearch.core.records import Value
from jointsearch.networks import manual
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS, Hyperparameters
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import Kind, Plan, StudyPlan
from jointsearch.space.file import Constant, SpaceFile


def kind_of(name: str) -> Kind:
    """Kind of a study, by its name."""
    if name == layout.MANUAL:
        return "manual"
    if name == layout.RETRAINING:
        return "retraining"
    return "random" if name == layout.CORRELATION or name.startswith("joint_random-") else "search"


@dataclass(frozen=True)
class Study:
    """A study as it is planned.

    Attributes
    ----------
    name
        Of its folder.
    experiment
        Its settings. Of those of a second step, what the first one has to find is as the first one began.
    brackets
        What it trains.
    follows
        The study whose incumbent fixes a part of the space, the second step of two.
    kept
        The hyperparameters of that part.
    chosen_from
        The studies that a retraining chooses its configurations from.
    arm, repeat, names, seeds
        As in `StudyPlan`.
    """

    name: str
    experiment: Experiment
    brackets: tuple[Bracket, ...]
    follows: str | None = None
    kept: tuple[str, ...] = ()
    chosen_from: tuple[str, ...] = ()
    arm: ArmName | None = None
    repeat: int | None = None
    names: tuple[str, ...] = ()
    seeds: int | None = None

    def record(self) -> StudyPlan:
        """Write it down."""
        return StudyPlan(
            name=self.name,
            kind=self.kind,
            settings=self.experiment.id,
            brackets=self.brackets,
            follows=self.chosen_from if self.follows is None else (self.follows,),
            keeps=self.kept,
            arm=self.arm,
            repeat=self.repeat,
            names=self.names,
            seeds=self.seeds,
        )

    @property
    def kind(self) -> Kind:
        """Where its proposals come from: a search samples and promotes them."""
        return kind_of(self.name)

    def bracket(self, index: int) -> Bracket:
        """A bracket by its place in a search; of a study that is none, the only one."""
        return hyperband.bracket(index, self.experiment.budget) if self.kind == "search" else self.brackets[0]


def record(planned: Mapping[str, Study], experiment: Experiment) -> Plan:
    """Write down what is planned."""
    return Plan(experiment=experiment.id, seed=experiment.seed, studies=tuple(one.record() for one in planned.values()))


def plan(config: Config, experiment: Experiment) -> dict[str, Study]:
    """Plan all studies of a configuration, by name, in an order in which they can be run.

    Raises
    ------
    UserError
        If a manual architecture is unknown, or lies outside of the space; if arms cannot be searched; if all of them
        hold an absurd number of trainings.
    """
    search = config.search
    number = hyperband.bracket_count(search.length, search.length_unit, config.budget)
    planned, trainings = {}, 0
    for one in chain([Study(layout.SEARCH, experiment, _round(number, experiment))], _others(config, experiment)):
        planned[one.name] = one
        trainings += sum(sum(item.sizes) for item in one.brackets)
        if trainings > MOST_TRAININGS:
            raise UserError(
                f"studies: with {one.name} the experiment has more than {MOST_TRAININGS:,} trainings; ask for fewer"
            )
    return planned


def _others(config: Config, experiment: Experiment) -> Iterator[Study]:
    asked, own = config.studies, experiment.model_copy(update={"warm_start": None})
    if asked.correlation is not None:
        first = hyperband.bracket(0, own.budget)
        sizes = (asked.correlation.configurations,) * len(first.levels)
        yield Study(layout.CORRELATION, own, (Bracket(0, sizes, first.levels),), seeds=1)
    if asked.manual is not None:
        for name in asked.manual.architectures:
            _check_inside(name, own.space, "studies.manual.architectures")
            _check_same_network(name, own.space)
        size = len(asked.manual.architectures) * asked.manual.seeds
        yield Study(
            layout.MANUAL,
            own,
            (_at_full_budget(size, own),),
            names=asked.manual.architectures,
            seeds=asked.manual.seeds,
        )
    if asked.retraining is not None:
        chosen_from = (layout.SEARCH,) if asked.manual is None else (layout.SEARCH, layout.MANUAL)
        yield Study(
            layout.RETRAINING,
            retraining_settings(own),
            (_at_full_budget(len(chosen_from) * asked.retraining.seeds, own),),
            chosen_from=chosen_from,
            seeds=asked.retraining.seeds,
        )
    if asked.arms is not None:
        hyperband.bracket_count(asked.arms.brackets, "brackets", own.budget, "studies.arms.brackets")
        if {"architecture_first", "hyperparameters_first"} & set(asked.arms.names):
            _check_inside(asked.arms.start, own.space, "studies.arms.start")
            _check_two_steps(own)
            _check_rounds(asked.arms.brackets, len(hyperband.budgets(own.budget)))
        for repeat in range(asked.arms.repeats):
            for name in asked.arms.names:
                yield from _arm(name, repeat, asked.arms, _without_lags(own))


def retraining_settings(experiment: Experiment) -> Experiment:
    """Settings of final trainings: on training and validation images, the snapshot ensemble measured."""
    data = experiment.data.model_copy(update={"train_on": "training_and_validation"})
    training = experiment.training.model_copy(update={"snapshot_ensemble": True})
    return experiment.model_copy(update={"data": data, "training": training})


def _arm(name: ArmName, repeat: int, settings: ArmSettings, experiment: Experiment) -> Iterator[Study]:
    everything = _round(settings.brackets, experiment)
    match name:
        case "joint_random":
            size = random_size(settings.brackets, experiment)
            whole = (_at_full_budget(size, experiment),)
            yield Study(layout.arm(name, repeat), experiment, whole, arm=name, repeat=repeat, seeds=1)
        case "joint_bohb" | "joint_hyperband":
            sampler = name.removeprefix("joint_")
            searched = _with_sampler(experiment, sampler)
            yield Study(layout.arm(name, repeat), searched, everything, arm=name, repeat=repeat)
        case _:
            parts = ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
            first, second = parts if name == "architecture_first" else parts[::-1]
            begin, half = manual.architecture(settings.start).values, _round(settings.brackets // 2, experiment)
            for step, fixed in ((1, second), (2, first)):
                space = restricted(experiment.space, begin, fixed)
                settings_of_step = _with_sampler(experiment, "bohb").model_copy(update={"space": space})
                follows = layout.arm(name, repeat, 1) if step == 2 else None
                kept = fixed if step == 2 else ()
                named = layout.arm(name, repeat, step)
                yield Study(named, settings_of_step, half, follows, kept, arm=name, repeat=repeat)


def restricted(space: SpaceFile, values: Mapping[str, Value], names: Collection[str]) -> SpaceFile:
    """Fix hyperparameters of a space at given values, but for those that are inactive there."""
    fixed = {
        name: Constant(type="constant", value=values[name]) if name in names and name in values else one
        for name, one in space.hyperparameters.items()
    }
    return space.model_copy(update={"hyperparameters": fixed})


def _without_lags(experiment: Experiment) -> Experiment:
    """Let each bracket see all before it: arms run side by side, so that workers need not wait."""
    return experiment.model_copy(update={"lags": (0,) * len(experiment.lags)})


def _with_sampler(experiment: Experiment, sampler: str) -> Experiment:
    own = experiment.sampler_settings if experiment.sampler == sampler else {}
    return experiment.model_copy(
        update={"sampler": sampler, "sampler_settings": registry.check(sampler, own)},
    )


def _round(number: int, experiment: Experiment) -> tuple[Bracket, ...]:
    return tuple(hyperband.bracket(index, experiment.budget) for index in range(number))


def random_size(brackets: int, experiment: Experiment) -> int:
    """Trainings at the full budget that cost what so many brackets of a search do."""
    ladder, continuation = hyperband.budgets(experiment.budget), experiment.training.continuation
    return round(
        math.fsum(hyperband.cost(item, ladder, continuation) for item in _round(brackets, experiment)) / ladder[-1]
    )


def _at_full_budget(size: int, experiment: Experiment) -> Bracket:
    """The bracket that begins, and ends, at the full budget."""
    top = len(hyperband.budgets(experiment.budget)) - 1
    return Bracket(top, (size,), (top,))


def _check_rounds(brackets: int, levels: int) -> None:
    """Refuse arms of unequal budgets: brackets of one round differ in cost, and so would steps that end within one."""
    if brackets % (2 * levels):
        raise UserError(
            f"studies.arms.brackets: {brackets} is no multiple of {2 * levels}; each of two steps needs whole rounds "
            f"of {levels} brackets, or it would train less than the searches that it is compared with"
        )


def _check_inside(name: str, space: SpaceFile, where: str) -> None:
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
    """What a space does not have is neutral in all its configurations, which may be another network."""
    for parameter in ARCHITECTURE_PARAMETERS:
        value, neutral = manual.architecture(name).values[parameter], Hyperparameters.model_fields[parameter].default
        if parameter not in space.hyperparameters and value != neutral:
            raise UserError(
                f"studies.manual.architectures: {name}: its {parameter} of {value} has no place in the space; "
                "name another architecture, or add it to the space"
            )


def _check_two_steps(experiment: Experiment) -> None:
    """Check that each step can be searched by itself."""
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
