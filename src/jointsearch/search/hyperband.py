"""Hyperband's arithmetic: budgets, brackets, rungs, what a bracket may see, what is promoted.

Li et al., *Hyperband*, JMLR 2018, algorithm 1; Falkner et al., *BOHB*, ICML 2018. Pure functions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import cycle

from jointsearch.core.config.budget import BudgetSettings, LengthUnit
from jointsearch.core.config.settings import MOST_TRAININGS
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.fields import COUNTED_UNITS, ENGINE_UNITS
from jointsearch.core.proposal import Proposal

LARGEST_RUNG = 10_000
"""More configurations than this in one rung are taken for a mistake in the budget range."""


@dataclass(frozen=True)
class Bracket:
    """One run of successive halving.

    Attributes
    ----------
    index
        Position in the search, from 0.
    sizes
        Evaluations in each rung, first rung first.
    levels
        Budget level of each rung: an index into `budgets(...)`.
    """

    index: int
    sizes: tuple[int, ...]
    levels: tuple[int, ...]

    def rung_at(self, level: int) -> int | None:
        """Rung that trains at a budget level; None if the bracket starts above it."""
        return self.levels.index(level) if level in self.levels else None


@cache
def budgets(settings: BudgetSettings) -> tuple[float, ...]:
    """Budgets from the lowest to the full one: maximum / eta^k, as long as not below the minimum.

    Raises
    ------
    UserError
        If budgets that count something are no whole numbers, or the range needs an absurd first rung.
    """
    minimum, maximum, eta = Fraction(str(settings.minimum)), Fraction(str(settings.maximum)), settings.eta
    all_budgets = [maximum]
    while all_budgets[0] / eta >= minimum:
        all_budgets.insert(0, all_budgets[0] / eta)
        if eta ** (len(all_budgets) - 1) > LARGEST_RUNG:
            raise UserError(
                f"budget: from {settings.minimum:g} to {settings.maximum:g} with eta {eta} the first rung would "
                f"hold more than {LARGEST_RUNG:,} configurations; raise minimum or lower eta"
            )
    if _counts(settings, minimum, maximum) and any(budget.denominator != 1 for budget in all_budgets):
        values = ", ".join(f"{float(budget):g}" for budget in all_budgets)
        raise UserError(
            f"budget: {values} {settings.unit} are not whole; make maximum = minimum * {eta}^k with a whole minimum"
        )
    return tuple(float(budget) for budget in all_budgets)


def _counts(settings: BudgetSettings, minimum: Fraction, maximum: Fraction) -> bool:
    """Whether budgets are whole numbers; in a unit of one's own they are if those that it is given are."""
    if settings.unit in ENGINE_UNITS:
        return settings.unit in COUNTED_UNITS
    return minimum.denominator == maximum.denominator == 1


@cache
def bracket(index: int, settings: BudgetSettings) -> Bracket:
    """Build the bracket at a position in the search: rounds go from the most exploring bracket to s = 0.

    Without Hyperband (`rung_sizes: single`) each is one training at the full budget.
    """
    top = len(budgets(settings)) - 1
    if settings.rung_sizes == "single":
        return Bracket(index, (1,), (top,))
    s = top - index % (top + 1)
    eta = settings.eta
    first = {
        "bohb": (top + 1) // (s + 1) * eta**s,
        "hyperband": -(-(top + 1) * eta**s // (s + 1)),
    }[settings.rung_sizes]
    sizes = tuple(max(1, first // eta**rung) for rung in range(s + 1))
    return Bracket(index, sizes, tuple(range(top - s, top + 1)))


def configurations_before(index: int, settings: BudgetSettings) -> int:
    """Configurations that the brackets before one propose."""
    one_round = [bracket(other, settings).sizes[0] for other in range(len(budgets(settings)))]
    rounds, rest = divmod(index, len(one_round))
    return rounds * sum(one_round) + sum(one_round[:rest])


def bracket_count(length: int, unit: LengthUnit, settings: BudgetSettings, where: str = "search.length") -> int:
    """Brackets in a search of a given length.

    `full_budget_evaluations`: the fewest brackets with at least `length` evaluations at the full budget.
    `full_budget_equivalents`: the most brackets that together train no longer than `length` times the full
    budget (never less than one).

    Raises
    ------
    UserError
        If they hold an absurd number of trainings; `where` names the key that sets the length.
    """
    all_budgets = budgets(settings)
    one_round = [bracket(index, settings) for index in range(len(all_budgets))]
    gains = {
        "brackets": lambda item: 1,
        "full_budget_evaluations": lambda item: item.sizes[-1],
        "full_budget_equivalents": lambda item: cost(item, all_budgets),
    }
    steps = cycle([(gains[unit](item), sum(item.sizes)) for item in one_round])
    limit = length * all_budgets[-1] * (1 + 1e-12)
    reached, trainings = 0, 0
    for number, (gain, more) in enumerate(steps):
        if unit == "full_budget_equivalents" and reached + gain > limit:
            return max(1, number)
        if unit != "full_budget_equivalents" and reached >= length:
            return number
        reached, trainings = reached + gain, trainings + more
        if trainings > MOST_TRAININGS:
            break
    raise UserError(f"{where}: {length} {unit.replace('_', ' ')} are more than {MOST_TRAININGS:,} trainings; lower it")


def durations(item: Bracket, all_budgets: Sequence[float], continuation: bool = False) -> tuple[float, ...]:
    """Training that an evaluation of each rung takes: its budget or, if it continues from the rung before, the rest."""
    reached = [all_budgets[level] for level in item.levels]
    before = [0.0, *reached[:-1]] if continuation else [0.0] * len(reached)
    return tuple(budget - done for budget, done in zip(reached, before, strict=True))


def cost(item: Bracket, all_budgets: Sequence[float], continuation: bool = False) -> float:
    """Training that a bracket takes, in the unit of the budgets."""
    return math.fsum(
        size * one for size, one in zip(item.sizes, durations(item, all_budgets, continuation), strict=True)
    )


def lags(configured: Sequence[int] | None, settings: BudgetSettings) -> tuple[int, ...]:
    """Lag per budget level; by default 1 for the lowest budget, one more for each next.

    Raises
    ------
    UserError
        If there is not one lag for each budget.
    """
    levels = len(budgets(settings))
    if configured is None:
        return tuple(range(1, levels + 1))
    if len(configured) != levels:
        values, of = (
            f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((len(configured), "value"), (levels, "budget"))
        )
        raise UserError(f"search.lags: {values} for {of}; give one for each budget, lowest first")
    return tuple(configured)


def newly_seen(index: int, lag: Sequence[int], settings: BudgetSettings) -> list[tuple[Bracket, int]]:
    """Rungs that the model of bracket `index` sees and that of bracket `index - 1` did not.

    At budget level k bracket b sees the results of the brackets up to b - 1 - lag[k].

    Returns
    -------
    list of (bracket, rung)
    """
    seen = []
    for level, delay in enumerate(lag):
        if (other := index - 1 - delay) >= 0:
            item = bracket(other, settings)
            if (rung := item.rung_at(level)) is not None:
                seen.append((item, rung))
    return seen


def pending(index: int, lag: Sequence[int], settings: BudgetSettings) -> list[Bracket]:
    """Earlier brackets of whose first rung, and so of all, the model of bracket `index` sees nothing yet."""
    earlier = (bracket(other, settings) for other in range(max(0, index - max(lag)), index))
    return [item for item in earlier if item.index > index - 1 - lag[item.levels[0]]]


def promote(evaluations: Sequence[Evaluation], size: int) -> tuple[Proposal, ...]:
    """Choose the proposals of the next rung: lowest validation error, failures last, ties by id."""
    return tuple(evaluation.proposal for evaluation in rank(evaluations)[:size])


def trainings(items: Sequence[Bracket], levels: int) -> list[int]:
    """Count the trainings at each budget level."""
    counts = [0] * levels
    for item in items:
        for size, level in zip(item.sizes, item.levels, strict=True):
            counts[level] += size
    return counts
