"""What an experiment has cost, by study: trainings, epochs reached, operations, machines, time and energy."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointsearch.analysis.amounts import digits, energy, operations
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import duration
from jointsearch.paper.conditions import STUDY_TITLES, Machine, machine_of
from jointsearch.results.catalogue import listed_as
from jointsearch.results.results import Results
from jointsearch.results.trained_network import step_cost
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment

ALL = "All"
"""The row of all studies."""


@dataclass(frozen=True)
class StudyCompute:
    """What the trainings of a study have cost so far; what is not known is empty.

    Attributes
    ----------
    title
        Of the study, or `ALL`.
    epochs
        Reached at the full budget: the median, and the lowest and the highest if they differ.
    operations
        Floating-point operations of all steps, of convolutions and classifier, forward and backward.
    machines
        Letters of the machines in the list of them.
    training, beside
        Time of the steps, and of evaluation and start-up.
    energy
        Of the GPUs, if their driver counted it for every training.
    """

    title: str
    epochs: str
    operations: str
    machines: str
    training: str
    beside: str
    energy: str


def compute(
    results: Results,
    images: DataSet | None,
    environments: Mapping[str, Environment],
    kinds: Sequence[Machine],
) -> dict[str, StudyCompute]:
    """Sum up what each study has cost, those of the arms together, and all.

    Parameters
    ----------
    results
        Of the experiment.
    images
        That it trains on, if they are known.
    environments
        Of its trainings, by their digest.
    kinds
        The machines, in the order of their letters, see `conditions.machines`.

    Returns
    -------
    dict
        By the name of the study, then `ALL`; studies without a training are left out.
    """
    made: dict[str, list[tuple[Experiment, Evaluation]]] = {}
    for plan in results.plan.studies:
        for one in results.evaluations(plan.name):
            made.setdefault(listed_as(plan), []).append((results.studies[plan.name].experiment, one))
    found = {
        name: _study(title, made[name], images, environments, kinds)
        for name, title in STUDY_TITLES.items()
        if name in made
    }
    if found:
        everything = [one for name in found for one in made[name]]
        found[ALL] = _study("All studies", everything, images, environments, kinds)
    return found


def _study(
    title: str,
    made: Sequence[tuple[Experiment, Evaluation]],
    images: DataSet | None,
    environments: Mapping[str, Environment],
    kinds: Sequence[Machine],
) -> StudyCompute:
    letters = [machine.letter for machine in kinds]
    by_kind = {machine.key: machine.letter for machine in kinds}
    used = {by_kind[machine_of(one, environments).key] for _, one in made}
    seen = [one.observed for _, one in made]
    joules = [one.energy_joules for one in seen]
    return StudyCompute(
        title,
        _epochs([one for experiment, one in made if one.budget == hyperband.budgets(experiment.budget)[-1]]),
        operations(spent) if (spent := _operations(made, images)) else "",
        ", ".join(letter for letter in letters if letter in used),
        duration(math.fsum(one.training_seconds for one in seen)),
        duration(math.fsum(one.evaluation_seconds + one.startup_seconds for one in seen)),
        "" if None in joules else energy(math.fsum(one for one in joules if one is not None)),
    )


def _epochs(full: Sequence[Evaluation]) -> str:
    # The budget of a weight-sharing network is all of its step of an arm.
    trained = [one for one in full if one.loss is not None and one.architecture is None]
    reached = [one.epochs for one in trained if one.epochs is not None]
    if not reached:
        return ""
    low, middle, high = (digits(value) for value in np.quantile(reached, [0, 0.5, 1]))
    return middle if low == high else f"{middle} ({low} to {high})"


def _operations(made: Sequence[tuple[Experiment, Evaluation]], images: DataSet | None) -> float | None:
    """Of all steps; None where the network is one's own, or where nothing is known of the images."""
    if images is None or not all(experiment.is_multibranch for experiment, _ in made):
        return None
    of_step: dict[tuple[str, str], int] = {}
    total = 0.0
    for experiment, one in made:
        if not one.steps:
            continue
        key = one.study, one.proposal.id
        if key not in of_step:
            of_step[key] = step_cost(one, experiment, images).operations
        # Steps of a continued training include those at lower budgets, which are trainings of their own.
        before = 0.0 if one.continues is None else one.steps * _before(experiment, one)
        total += of_step[key] * (one.steps - before)
    return total


def _before(experiment: Experiment, one: Evaluation) -> float:
    """The share of the steps of a continued training that were done at lower budgets."""
    ladder = hyperband.budgets(experiment.budget)
    return ladder[ladder.index(one.budget) - 1] / one.budget
