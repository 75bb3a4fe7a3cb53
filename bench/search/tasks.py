"""What is searched: a space, budgets, and a loss of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Values
from jointsearch.core.files import digest
from jointsearch.core.seeds import derive_seed
from jointsearch.space.space import Space

Array = NDArray[np.float64]
Role = Literal["development", "report"]

NOISELESS = "-noiseless"
"""Ends the name of a task without noise."""

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=27)
"""Budgets of all tasks but counting ones: 1, 3, 9, 27, of which only the ratios matter."""

RANDOM_DRAWS = 2000
"""Random configurations behind the median that regret is measured against."""


@dataclass(frozen=True)
class Task:
    """A problem to search.

    Attributes
    ----------
    name
        As on the command line and in folders of results.
    role
        `development`: choices of our samplers may be tuned on it; `report`: only looked at to report.
    space
        Where to search.
    budget
        The budgets.
    observe
        Losses of configurations at a budget as a training would give them, one seed for each; NaN where it fails.
    expected
        Losses of configurations at a budget without noise; NaN where it fails.
    optimum
        The lowest true loss there is.
    best_known
        Whether the optimum is only the best that was ever found.
    identity
        All that decides the losses, as a JSON value.
    """

    name: str
    role: Role
    space: Space
    budget: BudgetSettings
    observe: Callable[[Sequence[Values], float, Sequence[int]], Array]
    expected: Callable[[Sequence[Values], float], Array]
    optimum: float
    best_known: bool
    identity: Any

    def truth(self, configurations: Sequence[Values]) -> Array:
        """Losses of configurations at the full budget without noise; NaN where one fails."""
        return self.expected(configurations, self.budget.maximum)

    def noiseless(self) -> Task:
        """The same task if all trainings of a configuration at a budget had the same loss."""
        return replace(
            self, observe=lambda one, budget, _: self.expected(one, budget), identity=[self.identity, NOISELESS]
        )

    def evaluate(self, values: Values, budget: float, seed: int) -> float | None:
        """Observe the loss of one configuration at a budget; None if it fails."""
        return self.evaluate_all([values], budget, [seed])[0]

    def evaluate_all(self, configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> list[float | None]:
        """Observe the losses of configurations; None where one fails."""
        return [None if np.isnan(loss) else float(loss) for loss in self.observe(configurations, budget, seeds)]

    def true_loss(self, values: Values) -> float | None:
        """Loss of a configuration at the full budget, without noise; None if it fails."""
        loss = self.truth([values])[0]
        return None if np.isnan(loss) else float(loss)

    @cached_property
    def median_random(self) -> float:
        """Median true loss of random configurations, those that fail apart."""
        rng = np.random.default_rng(derive_seed(0, self.name, "median"))
        return float(np.nanmedian(self.truth(self.space.sample(RANDOM_DRAWS, rng))))

    @cached_property
    def digest(self) -> str:
        """Changes with anything that decides a loss."""
        return digest([self.name, self.identity, self.space.file.model_dump(mode="json"), self.budget.model_dump()])

    def regret(self, loss: float) -> float:
        """Normalised regret of a true loss: 0 at the optimum, 1 at the median random configuration."""
        return (loss - self.optimum) / (self.median_random - self.optimum)


def noise(seeds: Sequence[int]) -> Array:
    """One standard normal number for each seed."""
    return np.array([np.random.default_rng(seed).standard_normal() for seed in seeds])


@dataclass(frozen=True)
class Entry:
    """A task in the catalogue, not yet made."""

    role: Role
    about: str
    make: Callable[[str, Role], Task]
    counted: bool = True
    """Whether ranks and tests are about it, if it is one to report on."""


def _table(name: str, role: Role, family: str) -> Task:
    # Here, because scikit-learn takes a second to import.
    from search import table

    return table.task(name, role, family)


def catalogue() -> dict[str, Entry]:
    """All tasks by name."""
    # Here, because these modules import this one.
    from search import cells, conditional, counting, learners, synthetic

    return {
        "count-16": Entry(
            "development",
            "counting ones, 8 categorical and 8 continuous (BOHB paper)",
            lambda name, role: counting.task(name, role, 8, 8),
        ),
        "branin": Entry("development", "Branin, 2 continuous, bias by budget (BOCA)", synthetic.branin),
        "hartmann3": Entry(
            "development",
            "Hartmann, 3 continuous, bias by budget (BOCA)",
            lambda name, role: synthetic.hartmann(name, role, 3),
        ),
        "hartmann6-other": Entry(
            "development",
            "another function of Hartmann's form, 6 continuous, drawn at random",
            lambda name, role: synthetic.hartmann(name, role, 6, instance=1),
        ),
        "hartmann6-grid": Entry(
            "development",
            "the same on a grid of 5 values each, as in tabular benchmarks",
            lambda name, role: synthetic.hartmann(name, role, 6, instance=1, levels=5),
        ),
        "cond17-other": Entry(
            "development",
            "another instance of cond17, drawn at random",
            lambda name, role: conditional.task(name, role, instance=1),
        ),
        "basins": Entry(
            "development",
            "two basins, 4 continuous; low budgets prefer the wrong one",
            synthetic.basins,
        ),
        "cells-other": Entry(
            "development",
            "a cell of 6 categorical operations that interact, drawn at random",
            lambda name, role: cells.task(name, role, instance=1),
        ),
        "learners-other": Entry(
            "development",
            "a choice of 5 learners with 19 conditional hyperparameters, drawn at random",
            lambda name, role: learners.task(name, role, instance=1),
        ),
        "table-other": Entry(
            "development",
            "surrogate (trees) of real trainings, first 100 configurations of the table",
            lambda name, role: _table(name, role, "trees"),
        ),
        "count-64": Entry(
            "report",
            "counting ones, 32 categorical and 32 continuous (BOHB paper)",
            lambda name, role: counting.task(name, role, 32, 32),
        ),
        "currin": Entry("report", "Currin's exponential, 2 continuous, bias by budget (BOCA)", synthetic.currin),
        "hartmann6": Entry(
            "report",
            "Hartmann, 6 continuous, bias by budget (BOCA)",
            lambda name, role: synthetic.hartmann(name, role, 6),
        ),
        "cells": Entry(
            "report",
            "another cell of 6 categorical operations that interact",
            lambda name, role: cells.task(name, role, instance=0),
        ),
        "learners": Entry(
            "report",
            "another choice of 5 learners with 19 conditional hyperparameters",
            lambda name, role: learners.task(name, role, instance=0),
        ),
        "cond17": Entry(
            "report",
            "17 mixed hyperparameters, 5 of them conditional, a part of the space fails",
            lambda name, role: conditional.task(name, role, instance=0),
        ),
        "table-trees": Entry(
            "report",
            "surrogate (trees) of real trainings, the other configurations of the table",
            lambda name, role: _table(name, role, "trees"),
        ),
        "table-gp": Entry(
            "report",
            "surrogate (Gaussian process) of the same trainings; mfgp's own kind of model, so not counted",
            lambda name, role: _table(name, role, "gp"),
            counted=False,
        ),
    }


@lru_cache
def make(name: str) -> Task:
    """Make a task of the catalogue; a name that ends with `NOISELESS` is for the one without noise.

    Raises
    ------
    UserError
        If there is none of that name, or what it is made of is missing.
    """
    entry, noisy = described(name), name.removesuffix(NOISELESS)
    task = entry.make(noisy, entry.role)
    return task if name == noisy else task.noiseless()


def described(name: str) -> Entry:
    """The entry of the catalogue for a task, with noise or without.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    known, noisy = catalogue(), name.removesuffix(NOISELESS)
    if noisy not in known:
        raise UserError(f"--tasks: no task {name!r}; {suggest(noisy, list(known))}")
    return known[noisy]


def select(names: Sequence[str]) -> list[str]:
    """Names of tasks; `development`, `report` and `all` stand for several, with `NOISELESS` after it or without."""
    known = catalogue()
    chosen: list[str] = []
    for name in names:
        noisy = name.removesuffix(NOISELESS)
        group = [task + name[len(noisy) :] for task, entry in known.items() if noisy in ("all", entry.role)]
        if not group and noisy not in known:
            raise UserError(f"--tasks: no task {name!r}; {suggest(name, [*known, 'development', 'report', 'all'])}")
        chosen += [task for task in group or [name] if task not in chosen]
    return chosen
