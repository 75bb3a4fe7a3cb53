"""The budget of each step of each arm: all arms have the same, in whole brackets.

Budgets are counted in the lowest budget of a search, of which all others are whole multiples: so they add up exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, count, islice, takewhile
from typing import NamedTuple

from jointsearch.core.config.arms import SHARES_DIFFER
from jointsearch.core.errors import UserError
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.studies.arm import WHERE, Arm, Step

ROUNDS_TRIED = 8
"""Other lengths that are tried to find one at which budgets can be equal, in rounds of brackets."""


class Size(NamedTuple):
    """A size that a step can have: its brackets, and what they train, in lowest budgets."""

    brackets: int
    cost: int


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
    whole = _budget_of(brackets, experiment)
    found = [_divided(arm.steps, whole) for arm in arms]
    for arm, sizes in zip(arms, found, strict=True):
        if sizes is None:
            raise UserError(_refusal(arm, arms, brackets, experiment))
    return [sizes for sizes in found if sizes is not None]


def _budget_of(brackets: int, experiment: Experiment) -> int:
    """What the first brackets of a search train, in lowest budgets."""
    return sum(islice(_costs(experiment), brackets))


def _costs(experiment: Experiment) -> Iterator[int]:
    """What each bracket trains, in lowest budgets, without end."""
    budgets, continuation = _multiples(experiment), experiment.training.continuation
    for index in count():
        yield int(hyperband.cost(hyperband.bracket(index, experiment.budget), budgets, continuation))


def in_lowest_budgets(brackets: Iterable[Bracket], own: Experiment, search: Experiment) -> int:
    """What brackets of a study with settings of its own train, in lowest budgets of a search."""
    # Counted from the full budget, of which all others are fractions.
    in_a_unit = _multiples(search)[-1] / Fraction(str(search.budget.maximum))
    budgets = [round(Fraction(str(one)) * in_a_unit) for one in hyperband.budgets(own.budget)]
    return sum(int(hyperband.cost(item, budgets, own.training.continuation)) for item in brackets)


def length_of(whole: int, experiment: Experiment) -> int | None:
    """How many brackets of a search train as much as an arm, in lowest budgets; None if that is no whole number."""
    sums = takewhile(lambda one: one <= whole, accumulate(_costs(experiment)))
    return next((number for number, one in enumerate(sums, start=1) if one == whole), None)


def _multiples(experiment: Experiment) -> list[int]:
    """The budgets, in lowest budgets."""
    return [experiment.budget.eta**level for level in range(len(hyperband.budgets(experiment.budget)))]


def _possible(steps: Sequence[Step], whole: int) -> list[list[Size]]:
    """The sizes that each step can have, smallest first: a gradient-based one, whatever the others can leave it."""
    found = [[] if step.is_gradients else _in_brackets(step, whole) for step in steps]
    others = {0}
    for sizes in filter(None, found):
        others = {size.cost + rest for size in sizes for rest in others}
    left = [Size(1, whole - cost) for cost in sorted(others, reverse=True) if cost < whole]
    return [left if step.is_gradients else sizes for step, sizes in zip(steps, found, strict=True)]


def _in_brackets(step: Step, whole: int) -> list[Size]:
    sums = takewhile(lambda one: one <= whole, accumulate(_costs(step.experiment)))
    return [Size(brackets, cost) for brackets, cost in enumerate(sums, start=1)]


def _nearest(sizes: Sequence[Size], cost: float) -> Size:
    return min(sizes, key=lambda size: abs(size.cost - cost))


def _divided(steps: Sequence[Step], whole: int) -> Sizes | None:
    """Sizes by the shares that were asked for; None if there are none that add up to the whole."""
    chosen: dict[str, Size] = {}
    for step in steps:
        if not step.is_gradients:
            if not (possible := _in_brackets(step, whole)):
                return None
            chosen[step.where] = _nearest(possible, step.share * whole)
    # One step at most is gradient-based, and has the rest.
    rest = Size(1, whole - sum(one.cost for one in chosen.values()))
    sizes = tuple(rest if step.is_gradients else chosen[step.where] for step in steps)
    are_near = all(
        size.cost > 0 and abs(size.cost / whole - step.share) <= SHARES_DIFFER
        for size, step in zip(sizes, steps, strict=True)
    )
    return sizes if are_near and sum(one.cost for one in sizes) == whole else None


def _refusal(arm: Arm, arms: Sequence[Arm], brackets: int, experiment: Experiment) -> str:
    whole, full = _budget_of(brackets, experiment), _multiples(experiment)[-1]
    what = "brackets" if all(step.has_hyperband for step in arm.steps) else "trainings at the full budget"
    if not all(step.has_hyperband for step in arm.steps) and any(step.has_hyperband for step in arm.steps):
        what = "brackets, or trainings at the full budget"
    asked = "" if len(arm.steps) == 1 else f"shares {_listed(step.share for step in arm.steps)} of "
    ways = []
    if splits := _nearest_splits(arm.steps, whole):
        ways.append(
            "give its steps the shares " + " or ".join(_listed(size.cost / whole for size in one) for one in splits)
        )
    if lengths := list(map(str, _nearest_lengths(arms, brackets, experiment))):
        ways.append(f"set {WHERE}.brackets to {' or '.join(lengths)}")
    ways = ways or ["leave it out"]
    return (
        f"{WHERE}.arms.{arm.name}: {asked}the {whole / full:.4g} full budgets of {brackets} brackets are no whole "
        f"number of {what}; {', or '.join(ways)}"
    )


def _listed(shares: Iterable[float]) -> str:
    return ", ".join(f"{share:.4g}" for share in shares)


def _nearest_splits(steps: Sequence[Step], whole: int) -> list[Sizes]:
    """Sizes that add up to the whole: those with the nearest lower, and the nearest higher, share of the first step."""
    if len(steps) == 1:
        return []
    possible = _possible(steps, whole)
    # What the last steps can have together, from each step on.
    together = [{0}]
    for sizes in reversed(possible):
        together.append({size.cost + rest for size in sizes for rest in together[-1]})
    together.reverse()
    found = []
    for lower in (True, False):
        chosen: list[Size] = []
        for index, (step, sizes) in enumerate(zip(steps, possible, strict=True)):
            asked, left = step.share * whole, whole - sum(one.cost for one in chosen)
            fits = [size for size in sizes if left - size.cost in together[index + 1]]
            first = [one for one in fits if (one.cost <= asked if lower else one.cost >= asked)]
            if among := first if index == 0 else fits:
                chosen.append(_nearest(among, asked))
        if len(chosen) == len(steps) and tuple(chosen) not in found:
            found.append(tuple(chosen))
    return found


def _nearest_lengths(arms: Sequence[Arm], brackets: int, experiment: Experiment) -> Iterator[int]:
    """The nearest numbers of brackets, below and above, at which all arms have equal budgets."""
    most = ROUNDS_TRIED * len(hyperband.budgets(experiment.budget))
    for others in (range(brackets - 1, max(0, brackets - most), -1), range(brackets + 1, brackets + most + 1)):
        for other in others:
            if all(_divided(arm.steps, _budget_of(other, experiment)) is not None for arm in arms):
                yield other
                break
