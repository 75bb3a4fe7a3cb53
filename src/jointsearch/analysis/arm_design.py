"""How arms are compared, as planned: with which reference, in pairs or not, and what they are called."""

from dataclasses import dataclass
from typing import Any

from jointsearch.results.results import Results

_NAMES = {"joint_random": "joint random search", "joint_hyperband": "joint Hyperband"}
"""Arms that are called otherwise than by the words of their names."""
_WORDS = {name.lower(): name for name in ("BOHB", "DARTS", "DEHB", "Hyperband", "MFGP", "PPO", "SMAC", "TPE")}
"""How methods are written."""


def title(arm: str) -> str:
    """What an arm is called: `architecture first`, `joint TPE full`."""
    return _NAMES.get(arm) or " ".join(_WORDS.get(word, word) for word in arm.split("_"))


@dataclass(frozen=True)
class ArmDesign:
    """What is compared with what.

    Attributes
    ----------
    arms
        All that are planned, the reference first, the others in the order of the plan; none without a reference.
    stepwise
        Those of them whose searches have several steps.
    paired
        Whether the arms of a repeat share their random numbers.
    """

    arms: tuple[str, ...]
    stepwise: tuple[str, ...]
    paired: bool

    @classmethod
    def of(cls, results: Results) -> "ArmDesign":
        """Read it off the plan, and off the settings of what has begun."""
        plan = results.plan
        searches = [study for study in plan.studies if study.arm is not None]
        arms = tuple(sorted(plan.arms, key=lambda arm: arm != plan.reference)) if plan.reference else ()
        stepwise = tuple(arm for arm in arms if any(study.arm == arm and study.follows for study in searches))
        begun = [results.studies[study.name] for study in searches if study.name in results.studies]
        paired = bool(begun) and all(one.experiment.repeat is not None for one in begun)
        return cls(arms, stepwise, paired)

    @property
    def reference(self) -> str:
        """The arm that the others are compared with; empty without arms."""
        return self.arms[0] if self.arms else ""

    @property
    def others(self) -> tuple[str, ...]:
        """Those that are compared with it."""
        return self.arms[1:]

    @property
    def test(self) -> str:
        """Name of the test of a difference."""
        return "paired t-test" if self.paired else "Welch's t-test"

    @property
    def why(self) -> str:
        """Which test is made, and why: for captions, tables and texts."""
        if self.paired:
            return (
                "Repeats are compared in pairs by a paired t-test: all arms of a repeat share their random numbers, so "
                "that part of the chance variation cancels."
            )
        return (
            "Repeats are compared as independent samples by Welch's t-test: repeats of one number share the images "
            "and their split, but no random numbers, so that pairs would have nothing in common."
        )


def by_steps_alone(results: Results) -> tuple[str, ...]:
    """The arms that differ from the reference by having steps: each is by the same sampler, settings and brackets.

    A plan does not name samplers. So an arm is none of these until all its steps have begun somewhere, and the
    reference has: then its settings are known. Nothing is decided before, as no word is before all arms are complete.
    """
    design = ArmDesign.of(results)
    methods = {arm: _methods(results, arm) for arm in design.arms}
    of_reference = methods.get(design.reference, [])
    if not of_reference or design.reference in design.stepwise:
        return ()
    return tuple(arm for arm in design.stepwise if methods[arm] and all(one in of_reference for one in methods[arm]))


def _methods(results: Results, arm: str) -> list[tuple[str, dict[str, Any], str]]:
    """Sampler, its settings and rung sizes in each step of an arm; none before one repeat has begun all of them."""
    repeats: dict[int | None, list[str]] = {}
    for study in results.plan.studies:
        if study.arm == arm:
            repeats.setdefault(study.repeat, []).append(study.name)
    known = next((names for names in repeats.values() if results.studies.keys() >= set(names)), [])
    begun = [results.studies[name].experiment for name in known]
    return [(one.sampler, one.sampler_settings, one.budget.rung_sizes) for one in begun]
