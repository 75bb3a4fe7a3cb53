"""What the arms of an experiment are, in words: what each searches, by what, and how that differs from its original."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jointsearch.analysis.arm_design import ArmDesign, title
from jointsearch.networks.choices import GRADIENTS
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import PlannedStudy

METHODS = {
    "bohb": (
        "BOHB",
        "BOHB is as published, but what its model sees does not depend on which training ends first: all results of "
        "the brackets before.",
    ),
    "dehb": (
        "DEHB",
        "DEHB's operators are those of the authors' library; targets are in turn, so that proposals do not depend on "
        "which training ends first.",
    ),
    "evolution": (
        "regularised evolution",
        "Regularised evolution was published with equally long trainings, a larger population and searches far longer; "
        "here its population are the latest evaluations at one budget.",
    ),
    "gradients": (
        "gradients in a weight-sharing network",
        "The gradient-based search relaxes the choices as DARTS does, but in this search space instead of cells, and "
        "with the hyperparameters that the arm has by then.",
    ),
    "hyperband": ("Hyperband alone", "Hyperband's configurations are all random, as published."),
    "mfgp": (
        "a Gaussian process over configuration and budget",
        "The Gaussian process with Thompson sampling is this workflow's own, and no published system.",
    ),
    "ppo": (
        "a recurrent controller trained by PPO",
        "The controller was published with choices of cells and thousands of trainings; here it chooses the values of "
        "this space, numbers in intervals, and learns from few.",
    ),
    "random": ("random search", "Random search is as published: its configurations are independent."),
    "smac": (
        "a random forest with expected improvement (SMAC)",
        "The forest and the maximisation of expected improvement are SMAC's own; which configurations are promoted is "
        "up to the brackets of this workflow, not to its intensification.",
    ),
    "gp": (
        "a Gaussian process",
        "The process is Optuna's, which learns from evaluations at the full budget only.",
    ),
    "tpe": (
        "tree-structured Parzen estimators",
        "The estimators are Optuna's, by default with one density over all hyperparameters; the original has one for "
        "each.",
    ),
    "tpe_hyperband": (
        "tree-structured Parzen estimators, one for each kind of bracket",
        "The estimators are Optuna's, under Hyperband as Optuna has it; the original knows no budgets.",
    ),
}
"""Of each sampler: what it is in the middle of a sentence, and how it differs from its original."""
_WITH_BRACKETS = ("bohb", "dehb", "gradients", "hyperband", "tpe_hyperband")
"""Methods to which brackets belong, or that have none."""


@dataclass(frozen=True)
class ArmText:
    """An arm in a text.

    Attributes
    ----------
    name, title
        Its name, and what it is called.
    repeats
        How many are planned.
    stepwise
        Whether it has several steps.
    text
        What it searches, and by what.
    """

    name: str
    title: str
    repeats: int
    stepwise: bool
    text: str


def arm_texts(results: Results, planned: Mapping[str, Experiment]) -> tuple[tuple[ArmText, ...], str]:
    """Describe the arms of a plan, the reference first, and the methods that they use, each once.

    Parameters
    ----------
    results
        Of the experiment.
    planned
        Settings of its planned studies, by name; those of later steps before they have what they keep.
    """
    design = ArmDesign.of(results)
    found, used = [], list[str]()
    for arm in design.arms if results.plan.arms else ():
        studies = [study for study in results.plan.studies if study.arm == arm]
        repeats = {study.repeat for study in studies}
        steps = [study for study in studies if study.repeat == studies[0].repeat]
        text = _text(steps, planned, results.experiment)
        used += [_method(study, planned) for study in steps if study.name in planned]
        found.append(ArmText(arm, title(arm), len(repeats), arm in design.stepwise, text))
    origins = [METHODS[one][1] if one in METHODS else f"The sampler {one} is not of this workflow." for one in used]
    return tuple(found), " ".join(dict.fromkeys(origins))


def _text(steps: list[StudyPlan], planned: Mapping[str, Experiment], search: Experiment) -> str:
    known = all(step.name in planned for step in steps)
    costs = [PlannedStudy(step, planned[step.name]).cost for step in steps] if known else []
    parts = list[str]()
    for number, how in enumerate(_hows(steps, planned, search)):
        share = f" with {100 * costs[number] / sum(costs):.0f} % of the budget" if len(costs) > 1 else ""
        parts.append(("then " if parts else "") + how + share)
    return ", ".join(parts)


def _hows(steps: list[StudyPlan], planned: Mapping[str, Experiment], search: Experiment) -> Iterator[str]:
    for step in steps:
        one = planned.get(step.name)
        if one is None:
            yield "a search that this configuration does not plan"
            continue
        method = _method(step, planned)
        by = METHODS[method][0] if method in METHODS else f"the sampler {method}"
        top = len(hyperband.budgets(search.budget)) - 1
        # The only level of a gradient-based step is its own budget.
        single = step.kind != GRADIENTS and all(item.levels == (top,) for item in step.brackets)
        brackets = "" if method in _WITH_BRACKETS else " in the brackets of Hyperband"
        yield f"{_searched(one, search)} by {by}" + (", all at the full budget" if single else brackets)


def _method(study: StudyPlan, planned: Mapping[str, Experiment]) -> str:
    """The sampler of a study; what does not sample is named by its kind."""
    return planned[study.name].sampler if study.is_search else study.kind


def _searched(one: Experiment, search: Experiment) -> str:
    """What a step searches: the whole space, or parts of it."""
    free = {name for name in one.space.hyperparameters if name not in one.space.fixed}
    if free >= {name for name in search.space.hyperparameters if name not in search.space.fixed}:
        return "the whole space"
    names = [part.replace("_", " ") for part, of in search.space.parts.items() if free.intersection(of)]
    return " and ".join(names) or "the rest"
