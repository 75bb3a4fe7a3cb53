"""Runs laid out for comparison: which are complete, and what is shown of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jointsearch.core.seeds import derive_seed
from search import statistics, tasks
from search.runs import Job, SearchRun
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
        Of each task on which any optimiser is shown: all that one has run.
    runs
        By (task, optimiser), in the order of `seeds`; only what has all of them.
    ranked
        The tasks that ranks and tests are about: of those on which all optimisers have run, those to report on if there
        are any, else all.
    """

    optimisers: tuple[str, ...]
    seeds: Mapping[str, tuple[int, ...]]
    runs: Mapping[tuple[str, str], tuple[SearchRun, ...]]
    ranked: tuple[str, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in order."""
        return tuple(self.seeds)

    def on(self, task: str) -> tuple[str, ...]:
        """The optimisers that have run on a task."""
        return tuple(label for label in self.optimisers if (task, label) in self.runs)

    def of_task(self, task: str) -> list[SearchRun]:
        """All runs on a task."""
        return [run for label in self.on(task) for run in self.runs[task, label]]

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
        low, high = statistics.interval(regrets, np.random.default_rng(derive_seed(0, task, "bootstrap", label)))
        return regrets.mean(axis=0), low, high


def summarise(found: Mapping[Job, SearchRun]) -> Summary:
    """Lay out runs; an optimiser that lacks a seed that another has on a task is not shown there, nor an empty task."""
    by_place = {(job.task, job.optimiser.label, job.seed): run for job, run in found.items()}
    seeds = {
        task: tuple(sorted({job.seed for job in found if job.task == task}))
        for task in dict.fromkeys(job.task for job in found)
    }
    runs = {
        (task, label): tuple(by_place[task, label, seed] for seed in seeds[task])
        for task, label in dict.fromkeys((job.task, job.optimiser.label) for job in found)
        if all((task, label, seed) in by_place for seed in seeds[task])
    }
    seeds = {task: seeds[task] for task in dict.fromkeys(task for task, _ in runs)}
    labels = tuple(dict.fromkeys(label for _, label in runs))
    complete = [task for task in seeds if all((task, label) in runs for label in labels)]
    known = {task: tasks.described(task) for task in complete}
    ranked = tuple([task for task in complete if known[task].role == "report" and known[task].counted] or complete)
    summary = Summary(labels, seeds, runs, ranked)
    if not ranked:
        return summary
    order = np.argsort(statistics.ranks(summary.blocks(1.0)).mean(axis=0), kind="stable")
    return Summary(tuple(labels[place] for place in order), seeds, runs, ranked)
