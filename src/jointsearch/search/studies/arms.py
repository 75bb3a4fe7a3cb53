"""Searches with equal budgets, jointly or in steps, that are compared with each other."""

from collections.abc import Collection, Iterator, Sequence

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.arm import Arm, Step, arms, restricted
from jointsearch.search.studies.correlation import Correlation
from jointsearch.search.studies.equal_budgets import Size, Sizes, divide
from jointsearch.search.studies.gradients import ONE_TRAINING, Gradients, with_budget
from jointsearch.search.studies.kind import PlannedStudy, StudyKind, first_brackets, settings_beside
from jointsearch.search.studies.search import Search


class Arms(StudyKind):
    """How strategies compare: searching jointly, or the parts of the space in steps; one sampler, or another.

    An arm is a search, or one for each of its steps; where nothing is learned, a study like that of the correlation.
    Those propose for it.
    """

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan all arms of a repeat before those of the next."""
        if (section := config.studies.arms) is None:
            return
        settings = _without_lags(settings_beside(experiment))
        hyperband.bracket_count(section.brackets, "brackets", settings.budget, "studies.arms.brackets")
        planned = arms(section, settings)
        sizes = divide(planned, section.brackets, settings)
        for repeat in range(section.repeats):
            for arm, own in zip(planned, sizes, strict=True):
                yield from _searches(arm, own, repeat)


def _searches(arm: Arm, sizes: Sizes, repeat: int) -> Iterator[PlannedStudy]:
    """The studies of one repeat of an arm, one for each step."""
    before: list[str] = []
    for number, (step, size) in enumerate(zip(arm.steps, sizes, strict=True), start=1):
        name = layout.arm(arm.name, repeat, number if len(arm.steps) > 1 else None)
        kind, brackets, experiment = _trained(step, size)
        settings = experiment.model_copy(update={"repeat": repeat})
        plan = StudyPlan(
            name=name,
            kind=kind,
            settings=settings.id,
            brackets=brackets,
            follows=tuple(before),
            keeps=step.kept,
            arm=arm.name,
            repeat=repeat,
            is_reference=arm.is_reference,
            seeds=1 if kind == Correlation.name else None,
        )
        yield PlannedStudy(plan, settings)
        before.append(name)


def _trained(step: Step, size: Size) -> tuple[str, tuple[Bracket, ...], Experiment]:
    """The kind of study that a step is, its brackets, and its settings."""
    if step.is_gradients:
        return Gradients.name, (ONE_TRAINING,), with_budget(step.experiment, size.cost)
    brackets = first_brackets(size.brackets, step.experiment)
    if step.has_hyperband or step.learns:
        return Search.name, brackets, step.experiment
    # Nothing is learned, so that nothing waits: all in one bracket.
    return Correlation.name, (Bracket(0, (size.brackets,), brackets[0].levels),), step.experiment


def later_step(experiment: Experiment, found: Sequence[Incumbent], keeps: Collection[str]) -> Experiment:
    """Settings of a step once those before it, in order, have found the values that it keeps.

    Where one of them found nothing, what was there before it stays.
    """
    for one in found:
        experiment = experiment.model_copy(update={"space": restricted(experiment.space, one.values or {}, keeps)})
    return experiment


def _without_lags(experiment: Experiment) -> Experiment:
    """Let each bracket see all before it: arms run in parallel, so that workers need not wait."""
    return experiment.model_copy(update={"lags": (0,) * len(experiment.lags)})
