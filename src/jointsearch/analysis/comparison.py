"""The searches by which arms are compared, and the training time spent at which they are compared."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import pandas as pd

from jointsearch.analysis.arm_design import ArmDesign
from jointsearch.analysis.contrast import mean_interval
from jointsearch.analysis.trajectory import trajectory
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.search.plan import StudyPlan

MEASURES = {"validation": "full_budget_loss", "test": "full_budget_test_error"}
"""Errors of an incumbent, and their columns in a trajectory."""


@dataclass(frozen=True)
class Repeat:
    """One repeat of an arm.

    Attributes
    ----------
    arm, number
        Which.
    path
        `trajectory` of all its steps, up to the first training of the plan that is still missing.
    complete
        Whether all its trainings are there.
    full
        Whether one of them was that of a configuration at the full budget.
    """

    arm: str
    number: int
    path: pd.DataFrame
    complete: bool
    full: bool

    @property
    def spent(self) -> float:
        """Training time spent so far, in the unit of the budgets."""
        return float(self.path["spent"].iloc[-1]) if len(self.path) else 0.0

    def until(self, at: float) -> pd.DataFrame:
        """Its path up to that time."""
        return self.path[self.path["spent"] <= at]

    def error(self, measure: str, at: float = math.inf) -> float:
        """An error of its incumbent at the full budget then; nan if nothing had succeeded there."""
        path = self.until(at)
        return float(path[MEASURES[measure]].iloc[-1]) if len(path) else np.nan

    def changes(self, measure: str = "validation", at: float = math.inf) -> pd.DataFrame:
        """The rows of its path, up to then, where that error is new."""
        path, column = self.until(at), MEASURES[measure]
        return path[path[column].notna() & (path[column] != path[column].shift())]


@dataclass(frozen=True)
class ArmComparison:
    """All searches that have begun, and how they are compared.

    Arms are planned with equal budgets, but may be at different stages, and trainings that fail at no cost (a network
    that is too large) make an arm end before its budget is spent. So they are compared at one training time spent, the
    largest at which the incumbents of all arms are known: the least that a search which is not complete has spent. A
    complete one sets no limit, as it has nothing more to train: it keeps its incumbent. If all are complete, this is
    the largest of their ends, where each is judged by its last incumbent. None is judged by more time than each other
    one was given.

    A repeat is compared if every arm has trained at the full budget in it: one that has only just begun cannot have an
    error there yet, and would pull the time down for all others. But an arm that has not begun a repeat does not keep
    the others from being compared in it, once they are complete.

    Attributes
    ----------
    design
        Which arm is the reference, and whether repeats are pairs.
    repeats
        By arm, in the order of the design, then by number.
    numbers
        Of the repeats that are compared.
    at
        The training time spent, in the unit of the budgets; nan if no repeat is compared.
    is_error
        Whether the losses are errors, 0 to 1.
    """

    design: ArmDesign
    repeats: tuple[Repeat, ...]
    numbers: tuple[int, ...]
    at: float
    is_error: bool

    @classmethod
    def of(cls, design: ArmDesign, repeats: Iterable[Repeat], is_error: bool = True) -> "ArmComparison":
        """Choose repeats and time."""
        repeats = tuple(repeats)
        begun = {number: [one for one in repeats if one.number == number] for number in {one.number for one in repeats}}
        arms = len({one.arm for one in repeats})
        numbers = tuple(
            number
            for number, of_repeat in sorted(begun.items())
            if all(one.complete for one in of_repeat)
            or (len(of_repeat) == arms and all(one.full or one.complete for one in of_repeat))
        )
        at = reach([one for one in repeats if one.number in numbers])
        return cls(design, repeats, numbers, at, is_error)

    @property
    def arms(self) -> list[str]:
        """Those that have begun, in the order of the design."""
        begun = {one.arm for one in self.repeats}
        return [arm for arm in self.design.arms if arm in begun]

    def begun(self, arm: str) -> list[Repeat]:
        """Repeats of an arm that have begun."""
        return [one for one in self.repeats if one.arm == arm]

    def compared(self, arm: str) -> list[Repeat]:
        """Those that are compared."""
        return [one for one in self.begun(arm) if one.number in self.numbers]

    def successful(self, arm: str) -> list[Repeat]:
        """Those of them with a success at the full budget by then: the others have no error there to compare."""
        return [one for one in self.compared(arm) if not np.isnan(one.error("validation", self.at))]

    def errors(self, arm: str, measure: str) -> dict[int, float]:
        """An error of their incumbents then, by the number of the repeat."""
        found = {one.number: one.error(measure, self.at) for one in self.successful(arm)}
        return {number: error for number, error in found.items() if not np.isnan(error)}

    def mean(self, arm: str, measure: str) -> tuple[float, float, float]:
        """Mean of these and its interval, see `contrast.mean_interval`."""
        return mean_interval(np.array(list(self.errors(arm, measure).values())), self.is_error)

    def incumbents(self, arm: str) -> tuple[str, ...]:
        """Evaluations that those had found by then."""
        return tuple(str(one.until(self.at)["incumbent"].iloc[-1]) for one in self.successful(arm))

    def mean_path(self, arm: str, measure: str = "validation") -> pd.DataFrame:
        """Average the error of an arm, as far as it is known, see `mean_path`."""
        own = self.successful(arm)
        return mean_path(own, max(self.at, reach(own)) if own else np.nan, measure, self.is_error)


def compare_arms(results: Results) -> ArmComparison:
    """Compare the searches of all arms."""
    design = ArmDesign.of(results)
    return ArmComparison.of(design, _begun(results, design), results.experiment.measure.is_error)


def reach(repeats: Sequence[Repeat]) -> float:
    """How far what searches had found is known: to where the first incomplete one is, or the last complete one ended.

    nan of none.
    """
    running = [one.spent for one in repeats if not one.complete]
    return min(running) if running else max((one.spent for one in repeats), default=np.nan)


def mean_path(
    repeats: Sequence[Repeat], end: float, measure: str = "validation", is_error: bool = True
) -> pd.DataFrame:
    """Average an error of the incumbent at the full budget over repeats, against what was spent.

    The mean begins where every repeat has an incumbent: before, there is nothing that could stand for those that have
    none, and a mean over the others would be of another set at each point. A repeat that has ended keeps its incumbent.

    Parameters
    ----------
    repeats
        Repeats of one arm, each with an incumbent at the end.
    end
        What is spent there.
    measure, is_error
        Of `MEASURES`; whether losses are errors.

    Returns
    -------
    pandas.DataFrame
        `spent`, `error`, `interval_low`, `interval_high` (`mean_interval`): one row where the mean begins, one
        wherever it changes, and one at the end; the error holds until the next row.
    """
    columns = ["spent", "error", "interval_low", "interval_high"]
    if not repeats:
        return pd.DataFrame(columns=columns, dtype="float64")
    begin = max(one.changes(measure, end)["spent"].iloc[0] for one in repeats)
    moments = {float(spent) for one in repeats for spent in one.changes(measure, end)["spent"] if spent >= begin}
    rows = [
        (spent, *mean_interval(np.array([one.error(measure, spent) for one in repeats]), is_error))
        for spent in sorted({*moments, end})
    ]
    return pd.DataFrame(rows, columns=columns)


def _begun(results: Results, design: ArmDesign) -> Iterator[Repeat]:
    full = budgets(results.experiment.budget)[-1]
    for arm in design.arms:
        of_arm = [study for study in results.plan.studies if study.arm == arm]
        for repeat in sorted({study.repeat for study in of_arm if study.repeat is not None}):
            steps = [study for study in of_arm if study.repeat == repeat]
            parts = [results.evaluations(study.name) for study in steps]
            if any(parts):
                complete = sum(map(len, parts)) >= sum(study.trainings for study in steps)
                shown = list(map(_without_gaps, steps, parts))
                # A weight-sharing network is no configuration, however long it trains.
                at_full = any(one.budget == full and one.architecture is None for part in shown for one in part)
                yield Repeat(arm, repeat, trajectory(*shown, full_budget=full), complete, at_full)


def _without_gaps(study: StudyPlan, part: Sequence[Evaluation]) -> list[Evaluation]:
    """Choose the evaluations before the first one that is missing: of a running rung, some finish out of order."""
    made = {(one.bracket, one.rung, one.slot): one for one in part}
    return [made[position] for position in takewhile(made.__contains__, (place[1:] for place in study.places()))]
