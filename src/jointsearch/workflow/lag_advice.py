"""Which lags suit a number of workers: the smallest that keep them busy, for models learn more the less they lag."""

import math
from collections.abc import Sequence

from jointsearch.core.units import amount
from jointsearch.samplers import registry
from jointsearch.search.hyperband import budgets
from jointsearch.workflow.simulation import simulate
from jointsearch.workflow.study_jobs import StudyJobs

STEPS = 9
"""How many lags are tried, from 0 at all budgets in steps of half a bracket for each budget."""
ENOUGH = 0.95
"""Share of the work of the largest lags from which smaller ones suffice."""


def candidates(levels: int) -> list[tuple[int, ...]]:
    """Lags to choose from, smallest first, which grow with the budget as its trainings take longer."""
    return [tuple(math.ceil(step * (level + 1) / 2) for level in range(levels)) for step in range(STEPS)]


def recommended(study_jobs: StudyJobs, workers: int) -> tuple[tuple[int, ...], float]:
    """Find the smallest lags that keep so many workers about as busy as the largest do.

    Returns
    -------
    (lags, utilisation)
        One for each budget, lowest first; the share of the workers' time that is spent training.
    """
    config, brackets = study_jobs.config, len(study_jobs.brackets)
    tried = candidates(len(budgets(config.budget)))
    jobs, continuation = config.jobs, config.training.continuation

    def utilisation(lag: Sequence[int]) -> float:
        settings = (config.budget, jobs.evaluations_per_job, continuation, jobs.side_by_side)
        return simulate(brackets, lag, workers, *settings).utilisation

    most = utilisation(tried[-1])
    return next((lag, busy) for lag in tried if (busy := utilisation(lag)) >= ENOUGH * most)


def advice(study_jobs: StudyJobs, workers: int) -> str:
    """One line about lags for the plan."""
    if not registry.learns(study_jobs.experiment.sampler):
        return f"do not matter to {study_jobs.experiment.sampler}, which does not learn"
    lag, busy = recommended(study_jobs, workers)
    found = ", ".join(map(str, lag))
    return f"{found} are the smallest that suit {amount(workers, 'workers')} (busy {busy:.0%}; docs/samplers.md)"
