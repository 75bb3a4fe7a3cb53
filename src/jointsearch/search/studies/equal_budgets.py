"""The budget of each step of each arm: all arms have the same, in whole brackets."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count, takewhile
from typing import NamedTuple

from jointsearch.core.config.arms import SHARES_DIFFER
from jointsearch.core.errors import UserError
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.studies.arm import WHERE, Arm, Step

ROUNDS_TRIED = 8
"""Other lengths that are tried to find one at which budgets can be equal, in rounds of brackets."""


class Size(NamedTuple):
    """A size that a step can have: its brackets, and their share of the budget of the arm."""

    brackets: int
    share: float


Sizes = tuple[Size, ...]
"""One for each step of an arm."""


def divide(arms: Sequence[Arm], brackets: int, experiment: Experiment) -> list[Sizes]:
    """Find how many brackets each step of each arm has, so that all arms have the same budget.

    That is the budget of `brackets` brackets of a search. Where everything is trained at the full budget, each training
    is a bracket.

    Returns
    -------
    list of Sizes
        One for each arm.

    Raises
    ------
    UserError
        If an arm cannot have this budget, or a step not its share of it; with the nearest that can.
    """
    whole = budget_of(brackets, experiment)
    found = [_divided(arm.steps, whole) for arm in arms]
    for arm, sizes in zip(arms, found, strict=True):
        if sizes is None:
            raise UserError(_refusal(arm, arms, brackets, experiment))
    return [sizes for sizes in found if sizes is not None]


def budget_of(brackets: int, experiment: Experiment) -> float:
    """What the first brackets of a search train, in the unit of the budgets."""
    return math.fsum(_costs(brackets, experiment))


def _costs(brackets: int | None, experiment: Experiment) -> Iterator[float]:
    """What each bracket trains; of endless brackets for None."""
    budgets, continuation = hyperband.budgets(experiment.budget), experiment.training.continuation
    for index in count() if brackets is None else range(brackets):
        yield hyperband.cost(hyperband.bracket(index, experiment.budget), budgets, continuation)


def _possible(steps: Sequence[Step], whole: float) -> list[list[Size]]:
    """The sizes that each step can have, smallest first: a gradient-based one, whatever the others can leave it."""
    found = [[] if step.is_gradients else _in_brackets(step, whole) for step in steps]
    others = {0.0}
    for sizes in filter(None, found):
        others = {_rounded(size.share + rest) for size in sizes for rest in others}
    left = [Size(1, 1 - share) for share in sorted(others, reverse=True) if share < 1]
    return [left if step.is_gradients else sizes for step, sizes in zip(steps, found, strict=True)]


def _in_brackets(step: Step, whole: float) -> list[Size]:
    sums = takewhile(lambda one: one <= whole * (1 + 1e-9), accumulate(_costs(None, step.experiment)))
    return [Size(brackets, cost / whole) for brackets, cost in enumerate(sums, start=1)]


def _nearest(sizes: Sequence[Size], share: float) -> Size:
    return min(sizes, key=lambda size: abs(size.share - share))


def _divided(steps: Sequence[Step], whole: float) -> Sizes | None:
    """Sizes by the shares that were asked for; None if there are none that add up to the whole."""
    chosen = []
    for step, possible in zip(steps, _possible(steps, whole), strict=True):
        if not possible or abs(_nearest(possible, step.share).share - step.share) > SHARES_DIFFER:
            return None
        chosen.append(_nearest(possible, step.share))
    return tuple(chosen) if math.isclose(math.fsum(one.share for one in chosen), 1, rel_tol=1e-8) else None


def _refusal(arm: Arm, arms: Sequence[Arm], brackets: int, experiment: Experiment) -> str:
    whole, full = budget_of(brackets, experiment), experiment.budget.maximum
    what = "brackets" if all(step.has_hyperband for step in arm.steps) else "trainings at the full budget"
    if not all(step.has_hyperband for step in arm.steps) and any(step.has_hyperband for step in arm.steps):
        what = "brackets, or trainings at the full budget"
    asked = "" if len(arm.steps) == 1 else f"shares {_listed(step.share for step in arm.steps)} of "
    ways = []
    if splits := _nearest_splits(arm.steps, whole):
        ways.append("give its steps the shares " + " or ".join(_listed(size.share for size in one) for one in splits))
    if lengths := list(map(str, _nearest_lengths(arms, brackets, experiment))):
        ways.append(f"set {WHERE}.brackets to {' or '.join(lengths)}")
    ways = ways or ["leave it out"]
    return (
        f"{WHERE}.arms.{arm.name}: {asked}the {whole / full:.4g} full budgets of {brackets} brackets are no whole "
        f"number of {what}; {', or '.join(ways)}"
    )


def _listed(shares: Iterable[float]) -> str:
    return ", ".join(f"{share:.4g}" for share in shares)


def _nearest_splits(steps: Sequence[Step], whole: float) -> list[Sizes]:
    """Sizes that add up to the whole: those with the nearest lower, and the nearest higher, share of the first step."""
    if len(steps) == 1:
        return []
    possible = _possible(steps, whole)
    # What the last steps can have together, from each step on, as far as numbers with rounding errors are equal.
    together = [{0.0}]
    for sizes in reversed(possible):
        together.append({_rounded(size.share + rest) for size in sizes for rest in together[-1]})
    together.reverse()
    found = []
    for lower in (True, False):
        chosen: list[Size] = []
        for index, (step, sizes) in enumerate(zip(steps, possible, strict=True)):
            left = 1 - math.fsum(one.share for one in chosen)
            fits = [size for size in sizes if _rounded(left - size.share) in together[index + 1]]
            first = [one for one in fits if (one.share <= step.share if lower else one.share >= step.share)]
            if among := first if index == 0 else fits:
                chosen.append(_nearest(among, step.share))
        if len(chosen) == len(steps) and tuple(chosen) not in found:
            found.append(tuple(chosen))
    return found


def _rounded(share: float) -> float:
    return abs(round(share, 9))


def _nearest_lengths(arms: Sequence[Arm], brackets: int, experiment: Experiment) -> Iterator[int]:
    """The nearest numbers of brackets, below and above, at which all arms have equal budgets."""
    most = ROUNDS_TRIED * len(hyperband.budgets(experiment.budget))
    for others in (range(brackets - 1, max(0, brackets - most), -1), range(brackets + 1, brackets + most + 1)):
        for other in others:
            if all(_divided(arm.steps, budget_of(other, experiment)) is not None for arm in arms):
                yield other
                break
