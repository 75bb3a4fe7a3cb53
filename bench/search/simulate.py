"""A search without training: the workflow's brackets, lags, histories and seeds, on a task whose truth is known."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.fields import Values
from jointsearch.core.files import digest
from jointsearch.core.history import Observation
from jointsearch.core.proposal import proposal_key
from jointsearch.core.seeds import derive_seed
from jointsearch.samplers import base, registry
from jointsearch.search import course, hyperband
from jointsearch.search.hyperband import Bracket
from search.optimisers import Optimiser
from search.tasks import Task

Entrants = Sequence[tuple[str, Values]]
"""The proposals of a rung: ids and configurations, in slot order."""


@dataclass(frozen=True)
class Light:
    """What counts of an evaluation: the records of the workflow hold more."""

    proposal: str
    rung: int
    budget: float
    values: Values
    loss: float | None

    def observation(self) -> Observation:
        """What a sampler sees of it."""
        evaluation = f"{self.proposal}@{self.rung}"
        return Observation(evaluation=evaluation, budget=self.budget, values=self.values, loss=self.loss)


@dataclass(frozen=True)
class Outcome:
    """What came of a search.

    Attributes
    ----------
    trajectory
        (Budget spent, normalised regret of the incumbent), where the incumbent changed.
    spent
        Budget of all evaluations.
    proposals, evaluations, failures, modelled, repeated
        How many; `modelled` counts proposals that came from a model, `repeated` those that were proposed before.
    cpu_seconds
        Processor time of the sampler.
    """

    trajectory: tuple[tuple[float, float], ...]
    spent: float
    proposals: int
    evaluations: int
    failures: int
    modelled: int
    repeated: int
    cpu_seconds: float


def budget_of(task: Task, optimiser: Optimiser) -> BudgetSettings:
    """The budgets that an optimiser works with: the task's, or only its full budget."""
    if optimiser.schedule == "full":
        return task.budget.model_copy(update={"minimum": task.budget.maximum})
    return task.budget


def length(task: Task, optimiser: Optimiser, brackets: int) -> int:
    """Brackets that an optimiser gets: as many as spend no more than so many of the task's Hyperband brackets."""
    if optimiser.schedule == "hyperband":
        return brackets
    all_budgets = hyperband.budgets(task.budget)
    total = sum(hyperband.cost(hyperband.bracket(index, task.budget), all_budgets) for index in range(brackets))
    return max(1, int(total / task.budget.maximum + 1e-9))


def lags(given: Sequence[int] | None, settings: BudgetSettings) -> tuple[int, ...]:
    """Lag per budget level: as the workflow's default, or those given, the last one repeated, what is over cut off."""
    levels = len(hyperband.budgets(settings))
    return hyperband.lags(None if given is None else [*given, *[given[-1]] * levels][:levels], settings)


@dataclass
class Simulation:
    """Proposes and evaluates without training, in memory; see `course.Keeper`.

    Attributes
    ----------
    task, optimiser, seed
        As for `search`.
    settings
        Budgets that the optimiser works with.
    history
        All that the model of the present bracket sees.
    modelled, cpu
        Proposals that came from a model; processor time of the sampler, in seconds.
    """

    task: Task
    optimiser: Optimiser
    seed: int
    settings: BudgetSettings
    history: list[Observation] = field(default_factory=list)
    modelled: int = 0
    cpu: float = 0.0

    def __post_init__(self) -> None:
        self.propose = self.optimiser.make()
        self.all_budgets = hyperband.budgets(self.settings)

    def sample(self, item: Bracket, seen: Sequence[Light], pending: Sequence[Entrants]) -> Entrants:
        """Propose as the workflow does."""
        self.history += [one.observation() for one in seen]
        rng = np.random.default_rng(derive_seed(self.seed, layout.SEARCH, "sample", item.index))
        view = self._outlook(item, pending)
        # Handed over as a copy: a sampler that changed it would change its own future.
        known = list(self.history)
        started = time.process_time()
        suggestion = self.propose(self.task.space, known, item.sizes[0], rng, view)
        self.cpu += time.process_time() - started
        base.check(suggestion, self.task.space, item.sizes[0], self.optimiser.sampler)
        self.modelled += sum(one.origin.kind == "model" for one in suggestion.configurations)
        return [(f"{item.index}-0-{slot}", one.values) for slot, one in enumerate(suggestion.configurations)]

    def promote(self, item: Bracket, rung: int, below: Sequence[Light]) -> Entrants:
        """Promote as the workflow does."""
        return [(one.proposal, one.values) for one in ranked(below)[: item.sizes[rung]]]

    def train(self, item: Bracket, rung: int, proposed: Entrants) -> list[Light]:
        """Ask the task."""
        return evaluate(self.task, proposed, rung, self.all_budgets[item.levels[rung]], self.seed)

    def _outlook(self, item: Bracket, pending: Sequence[Entrants]) -> base.Outlook:
        looks = registry.sees_pending(self.optimiser.sampler)
        starts = [(values, int(name.split("-")[0])) for one in pending if looks for name, values in one]
        return base.Outlook(
            budgets=self.all_budgets,
            level=item.levels[0],
            pending=tuple((values, hyperband.bracket(index, self.settings).levels[0]) for values, index in starts),
            seed=derive_seed(self.seed, layout.SEARCH, "sampler"),
        )


def search(
    task: Task, optimiser: Optimiser, seed: int, brackets: int, given_lags: Sequence[int] | None = None
) -> Outcome:
    """Run a search.

    Evaluations are finished, and paid for, in the order of a single worker: bracket by bracket, rung by rung, slot by
    slot. What a bracket's sampler sees does not depend on that order but on the lags only, as in the workflow.

    Parameters
    ----------
    seed
        Of the search. Proposals get seeds as in `scripts/sample.py`; the noise of an evaluation depends on seed,
        configuration and budget alone, so that all optimisers face the same.
    brackets
        Length in Hyperband brackets of the task.
    given_lags
        As for `lags`.
    """
    settings = budget_of(task, optimiser)
    planned = [hyperband.bracket(index, settings) for index in range(length(task, optimiser, brackets))]
    keeper = Simulation(task, optimiser, seed, settings)
    done = course.run(planned, settings, lags(given_lags, settings), keeper)
    proposed = [one for place in sorted(done) if place[1] == 0 for one in done[place]]
    order = [one for place in sorted(done) for one in done[place]]
    spent = np.cumsum([one.budget for one in order])
    return Outcome(
        trajectory=trajectory(task, order, spent.tolist()),
        spent=float(spent[-1]),
        proposals=len(proposed),
        evaluations=len(order),
        failures=sum(one.loss is None for one in order),
        modelled=keeper.modelled,
        repeated=len(proposed) - len({digest(one.values) for one in proposed}),
        cpu_seconds=keeper.cpu,
    )


def evaluate(task: Task, entrants: Entrants, rung: int, budget: float, seed: int) -> list[Light]:
    """Evaluate one rung."""
    seeds = [derive_seed(seed, task.name, "noise", digest(values), f"{budget:g}") for _, values in entrants]
    losses = task.evaluate_all([values for _, values in entrants], budget, seeds)
    return [
        Light(proposal, rung, budget, values, loss) for (proposal, values), loss in zip(entrants, losses, strict=True)
    ]


def ranked(evaluations: Sequence[Light]) -> list[Light]:
    """Sort as `jointsearch.core.evaluation.rank` does."""
    return sorted(evaluations, key=lambda one: (one.loss is None, one.loss or 0.0, proposal_key(one.proposal)))


def trajectory(task: Task, order: Sequence[Light], spent: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Regret of the incumbent over the budget spent: the lowest loss that was seen at the largest budget so far."""
    changes: list[tuple[float, Values]] = []
    best: Light | None = None
    for paid, one in zip(spent, order, strict=True):
        if one.loss is None:
            continue
        if best is None or best.loss is None or (-one.budget, one.loss) < (-best.budget, best.loss):
            best = one
            changes.append((paid, one.values))
    if not changes:
        return ()
    truths = task.truth([values for _, values in changes])
    return tuple((paid, task.regret(float(loss))) for (paid, _), loss in zip(changes, truths, strict=True))
