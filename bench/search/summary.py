"""Runs laid out for comparison: which are complete, and what is shown of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jointsearch.seeds import derive
from search import statistics, tasks
from search.runs import Job, Run
from search.tasks import Array

POINTS = 80
"""Points of the curves over the budget."""

SHARES = (0.25, 1.0)
"""Shares of the whole budget at which tables compare."""


@dataclass(frozen=True)
class Summary:
    """The runs to compare.

    Attributes
    ----------
    optimisers
        Labels, best mean rank at the end first.
    seeds
        Of each task: those that every optimiser has run.
    runs
        By (task, optimiser), in the order of `seeds`.
    ranked
        The tasks that ranks and tests are about: those to report on if there are any, else all.
    """

    optimisers: tuple[str, ...]
    seeds: Mapping[str, tuple[int, ...]]
    runs: Mapping[tuple[str, str], tuple[Run, ...]]
    ranked: tuple[str, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in order."""
        return tuple(self.seeds)

    def of_task(self, task: str) -> list[Run]:
        """All runs on a task."""
        return [run for label in self.optimisers for run in self.runs[task, label]]

    def total(self, task: str) -> float:
        """Budget that is compared at the end of a task: what every run has spent."""
        return min(run.spent for run in self.of_task(task))

    def grid(self, task: str) -> Array:
        """Budgets at which curves are shown: from one full training to the end, evenly on a logarithmic scale."""
        return np.geomspace(tasks.make(task).budget.maximum, self.total(task), POINTS)

    def regrets(self, task: str, label: str, spent: Array) -> Array:
        """Normalised regrets after so much budget; shape `(seeds, len(spent))`."""
        return np.array([statistics.at(run.trajectory, spent) for run in self.runs[task, label]])

    def blocks(self, share: float) -> Array:
        """Regrets at a share of the whole budget; shape `(pairs of task and seed, optimisers)`, the ranked tasks."""
        return np.vstack(
            [
                np.hstack(
                    [self.regrets(task, label, np.array([share * self.total(task)])) for label in self.optimisers]
                )
                for task in self.ranked
            ]
        )

    def interval(self, task: str, label: str, spent: Array) -> tuple[Array, Array, Array]:
        """Mean regret after so much budget, and its bootstrap interval over seeds."""
        regrets = self.regrets(task, label, spent)
        low, high = statistics.interval(regrets, np.random.default_rng(derive(0, task, "bootstrap", label)))
        return regrets.mean(axis=0), low, high


def summarise(found: Mapping[Job, Run]) -> Summary:
    """Lay out runs; an optimiser without a run on each of the tasks is not compared."""
    names = tuple(dict.fromkeys(job.task for job in found))
    labels = tuple(dict.fromkeys(job.optimiser.label for job in found))
    by_place = {(job.task, job.optimiser.label, job.seed): run for job, run in found.items()}
    has = {place[:2] for place in by_place}
    labels = tuple(label for label in labels if all((task, label) in has for task in names))
    seeds = {
        task: tuple(
            seed
            for seed in sorted({job.seed for job in found})
            if all((task, label, seed) in by_place for label in labels)
        )
        for task in names
    }
    runs = {
        (task, label): tuple(by_place[task, label, seed] for seed in seeds[task]) for task in names for label in labels
    }
    known = tasks.catalogue()
    ranked = tuple(task for task in names if known[task].role == "report") or names
    summary = Summary(labels, seeds, runs, ranked)
    if not labels or not all(seeds.values()):
        return summary
    order = np.argsort(statistics.ranks(summary.blocks(1.0)).mean(axis=0), kind="stable")
    return Summary(tuple(labels[place] for place in order), seeds, runs, ranked)
