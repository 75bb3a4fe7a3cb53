"""From a proposal to its evaluation record.

docs/engine.md says how a training goes, file by file. What this module and `datasets` import is the code that decides
the bits of a training: each record names its digest (`core.code`).
"""

import platform
from dataclasses import dataclass
from typing import Any

import torch

from jointsearch.core import layout
from jointsearch.core.environment import Conditions, Environment, MadeWith
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest
from jointsearch.core.interruption import Interruption
from jointsearch.core.observed import Observed
from jointsearch.search.hyperband import budgets
from jointsearch.training import attempt, checkpoint_file, schedule
from jointsearch.training.accelerate import choose_precision
from jointsearch.training.attempt import RunningAttempt
from jointsearch.training.checkpointing import Checkpointer
from jointsearch.training.clock import Clock
from jointsearch.training.energy import energy_meter
from jointsearch.training.image_data import ImageData
from jointsearch.training.loop import Task
from jointsearch.training.slot import Slot
from jointsearch.training.train import train


@dataclass(frozen=True)
class Setup:
    """On what and where a process trains.

    Attributes
    ----------
    images, device
        On what, where.
    environment
        What surrounds the process.
    """

    images: ImageData
    device: torch.device
    environment: Environment

    def conditions(self) -> Conditions:
        """What decides the bits of all trainings of this process."""
        return Conditions(
            code=self.environment.code_digest,
            lock=self.environment.lock,
            python=platform.python_version(),
            torch=str(torch.__version__),
            data=self.images.digest,
            split=self.images.split,
            device_type="cuda" if self.device.type == "cuda" else "cpu",
            threads=self.environment.threads,
        )


@dataclass(frozen=True)
class Saving:
    """How to save the states of trainings: seconds between two saves, and the source of interruptions."""

    every: float
    interruption: Interruption


def evaluate(
    slot: Slot, setup: Setup, clock: Clock | None = None, keep_end: bool = True, saving: Saving | None = None
) -> Evaluation:
    """Train the proposal in a slot of a rung at the rung's budget and record what came of it.

    Parameters
    ----------
    slot, setup
        What to train; on what and where.
    clock
        See `train`.
    keep_end
        Whether to leave the state for the next rung, in which a promoted configuration continues from it.
    saving
        Whether to save the state during the training, and to resume from a saved one.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    UserError
        If the state that it continues from is missing or damaged.
    """
    before = slot.before()
    start = None if before is None else _end_of(before, slot)
    running = attempt.begin(setup.environment.gpu or "cpu", digest(setup.environment), energy_meter(setup.device))
    checkpointer = None if saving is None else _checkpointer(slot, setup, running, saving)
    trained = train(
        task_of(slot),
        setup.images,
        setup.device,
        clock,
        start,
        keep_end=keep_end and slot.may_be_continued,
        checkpointer=checkpointer,
    )
    earlier = () if checkpointer is None else checkpointer.earlier
    parents = (slot.rung,) if before is None else (slot.rung, before.derivable())
    evaluation = Evaluation.of(
        slot.identity,
        trained.result,
        MadeWith.of(setup.conditions(), trained.precision, trained.compiled),
        Observed.of(running.ended(), trained.timing, earlier),
        tuple(map(digest, parents)),
        continues=None if before is None else before.id,
    )
    if trained.end is not None:
        checkpoint_file.write(slot.end_file(evaluation), slot.end_of(evaluation), trained.end)
    return evaluation


def task_of(slot: Slot) -> Task:
    """Configuration, budget, schedule and seed of the training in a slot."""
    experiment, levels = slot.experiment, slot.levels
    ladder = budgets(experiment.budget)
    if experiment.training.continuation:
        ends = schedule.continued([ladder[level] for level in levels[: slot.rung.rung + 1]])
    else:
        ends = schedule.doubling(levels[slot.rung.rung])
    return Task(
        experiment.parameters(slot.proposal.values),
        slot.identity.budget,
        experiment.budget.unit,
        ends,
        slot.identity.seed,
        experiment.training,
        experiment.data,
        experiment.budget.clock,
        experiment.budget.nominal,
    )


def _end_of(before: Evaluation, slot: Slot) -> dict[str, Any]:
    """State at the end of the training at the next lower budget, from which the one in a slot continues."""
    try:
        return checkpoint_file.read(slot.end_file(before), slot.end_of(before))
    except UserError as error:
        below = layout.slot_file(layout.rung_folder(slot.study, before.bracket, before.rung), before.slot)
        raise UserError(f"{error}; delete {below} to train it again, and run the workflow") from None


def _checkpointer(slot: Slot, setup: Setup, running: RunningAttempt, saving: Saving) -> Checkpointer:
    """Keep the state of the training in a slot; another kind of GPU may not resume from it."""
    state_of = {
        "evaluation": slot.identity.model_dump(mode="json"),
        "conditions": setup.conditions().model_dump(mode="json"),
        "precision": choose_precision(slot.experiment.training, setup.device),
        "device": running.worker.device,
    }
    path = layout.state_file(slot.folder, slot.number)
    return Checkpointer(path, digest(state_of), saving.every, saving.interruption, running)
