"""An arm as the configuration describes it, checked against the space: its steps, and where they begin."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from jointsearch.core.config import ArmSettings, ArmsSettings, StepSettings
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Value
from jointsearch.networks.choices import GRADIENTS
from jointsearch.samplers import registry
from jointsearch.search.experiment import Experiment
from jointsearch.search.studies.gradients import gradient_settings, refuse_other_networks
from jointsearch.search.studies.start import Start
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Constant

WHERE = "studies.arms"
JOINT = {
    "joint_bohb": ArmSettings(sampler="bohb"),
    "joint_random": ArmSettings(sampler="random", hyperband=False),
    "joint_hyperband": ArmSettings(sampler="hyperband"),
}
"""The short names of arms that search the whole space at once; those of two steps are `<part>_first`."""
_FIRST = "_first"


@dataclass(frozen=True)
class Step:
    """A step of an arm.

    Attributes
    ----------
    where
        Its key in the configuration, for messages.
    searched
        The hyperparameters that it searches.
    kept
        Those that steps before it have searched, and that it keeps as they found them.
    share
        Share of the budget of the arm.
    experiment
        Its settings, but for what it keeps: there the values with which the arm begins.
    """

    where: str
    searched: tuple[str, ...]
    kept: tuple[str, ...]
    share: float
    experiment: Experiment

    @property
    def learns(self) -> bool:
        """Whether its proposals depend on what was evaluated before."""
        return registry.learns(self.experiment.sampler)

    @property
    def is_gradients(self) -> bool:
        """Whether it is a gradient-based search: one training of a weight-sharing network, as long as its share."""
        return self.experiment.sampler == GRADIENTS

    @property
    def has_hyperband(self) -> bool:
        """Whether it has the brackets of Hyperband; else all is trained at the full budget."""
        return self.experiment.budget.rung_sizes != "single"


@dataclass(frozen=True)
class Arm:
    """An arm: its name, its steps in order, and whether others are compared with it."""

    name: str
    steps: tuple[Step, ...]
    is_reference: bool


def arms(section: ArmsSettings, experiment: Experiment) -> list[Arm]:
    """Resolve the arms of a configuration.

    Parameters
    ----------
    section
        The configuration.
    experiment
        Settings of the search that they share: its space, budgets, data and training.

    Raises
    ------
    UserError
        If a name stands for no arm, the reference is none of them, or a step cannot be searched.
    """
    written = _written(section, experiment.space)
    reference = _reference(section, written)
    return [
        Arm(name, tuple(_steps(f"{WHERE}.arms.{name}", one, section, experiment)), name == reference)
        for name, one in written.items()
    ]


def starts(section: ArmsSettings, experiment: Experiment) -> set[str | None]:
    """The manual architectures with which arms of several steps begin; None among them for other values."""
    written = _written(section, experiment.space).values()
    return {Start.of(one.start or section.start, experiment).name for one in written if len(one.each_step) > 1}


def short_names(space: SpaceFile) -> dict[str, ArmSettings]:
    """The arms that have short names: jointly; and each part of a space first, then all others."""
    steps = {
        f"{part}{_FIRST}": (
            StepSettings(search=(part,)),
            StepSettings(search=tuple(other for other in space.parts if other != part)),
        )
        for part in space.parts
    }
    return JOINT | {name: ArmSettings(steps=both) for name, both in steps.items()}


def _written(section: ArmsSettings, space: SpaceFile) -> dict[str, ArmSettings]:
    """The arms of the configuration, short names written out."""
    known = short_names(space)
    found: dict[str, ArmSettings] = {}
    for name, one in (section.arms or dict.fromkeys(known)).items():
        if one is None and name not in known:
            if not space.parts and name.endswith(_FIRST):
                _refuse_without_parts(f"{WHERE}.arms.{name}")
            raise UserError(
                f"{WHERE}.arms.{name}: no short name in this space; give it a sampler or steps; {suggest(name, known)}"
            )
        found[name] = known[name] if one is None else one
    return found


def _refuse_without_parts(where: str) -> None:
    raise UserError(
        f"{where}: needs the parts of the space, which names none; "
        "give each hyperparameter a `part`, or leave this arm out"
    )


def _reference(section: ArmsSettings, names: Collection[str]) -> str:
    if section.reference is None:
        return "joint_bohb" if "joint_bohb" in names else next(iter(names))
    if section.reference not in names:
        raise UserError(f"{WHERE}.reference: no arm {section.reference!r}; {suggest(section.reference, names)}")
    return section.reference


def _steps(where: str, arm: ArmSettings, section: ArmsSettings, experiment: Experiment) -> Iterator[Step]:
    space, several = experiment.space, len(arm.each_step) > 1
    names = [f"{where}.steps.{index}" for index in range(len(arm.each_step))] if several else [where]
    by_gradients = [name for name, step in zip(names, arm.each_step, strict=True) if step.sampler == GRADIENTS]
    for name in by_gradients:
        refuse_other_networks(name, experiment)
    if several and (space.conditions or space.forbidden):
        raise UserError(
            f"{where}: a step that fixes a part of the space cannot keep conditions and forbidden combinations; "
            "leave this arm out"
        )
    searched = _searched(where, names, arm, space)
    begin: Mapping[str, Value] = {}
    if several:
        start = Start.of(arm.start or section.start, experiment, where if arm.start else WHERE)
        start.need(space.in_order)
        begin = start.values
    if len(by_gradients) > 1:
        raise UserError(f"{where}: two steps by {GRADIENTS}, which learns all choices at once; search both in one step")
    kept: tuple[str, ...] = ()
    for name, step, share, own in zip(names, arm.each_step, arm.shares, searched, strict=True):
        fixed = [one for one in space.in_order if one not in own]
        yield Step(name, own, kept, share, _settings(name, step, restricted(space, begin, fixed), experiment))
        kept += own


def _searched(where: str, names: list[str], arm: ArmSettings, space: SpaceFile) -> list[tuple[str, ...]]:
    """The hyperparameters that each step searches: together all, each once."""
    found: list[tuple[str, ...]] = []
    by: dict[str, str] = {}
    for name, step in zip(names, arm.each_step, strict=True):
        if step.search is not None and not space.parts:
            _refuse_without_parts(f"{name}.search")
        for part in step.search or space.parts:
            if part not in space.parts:
                raise UserError(f"{name}.search: no part {part!r} of the space; {suggest(part, space.parts)}")
            if part in by:
                raise UserError(f"{name}.search: {part} is searched by {by[part]} already; search each part once")
            by[part] = name
        if step.search is None and not space.parts and found:
            raise UserError(f"{name}: searches what {names[0]} has searched; give `search` the parts, or one step")
        own = [one for part in step.search for one in space.parts[part]] if step.search else space.in_order
        if space.fixed.issuperset(own):
            raise UserError(f"{name}: has nothing to search, as all is constant; leave it out")
        found.append(tuple(own))
    if left := [part for part in space.parts if part not in by]:
        raise UserError(f"{where}: no step searches {' and '.join(left)}; add it to one")
    return found


def _settings(where: str, step: StepSettings, space: SpaceFile, experiment: Experiment) -> Experiment:
    if step.sampler == GRADIENTS:
        return gradient_settings(where, step.sampler_settings or {}, space, experiment)
    own = step.sampler_settings
    if own is None:
        own = experiment.sampler_settings if experiment.sampler == step.sampler else {}
    budget = experiment.budget if step.hyperband else experiment.budget.model_copy(update={"rung_sizes": "single"})
    return experiment.model_copy(
        update={
            "space": space,
            "budget": budget,
            "sampler": step.sampler,
            "sampler_settings": registry.check(step.sampler, own, where, others=(GRADIENTS,)),
        }
    )


def restricted(space: SpaceFile, values: Mapping[str, Value], names: Collection[str]) -> SpaceFile:
    """Fix hyperparameters of a space at given values, but for those that are inactive there."""
    fixed = {
        name: Constant(type="constant", value=values[name], part=one.part) if name in names and name in values else one
        for name, one in space.hyperparameters.items()
    }
    return space.model_copy(update={"hyperparameters": fixed})
