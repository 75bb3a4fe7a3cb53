"""From a proposal to its evaluation record."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import digest, read_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.records import Digest, Evaluation, MadeWith, Observed, Rung
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket, budgets
from jointsearch.training import checkpoint, schedule
from jointsearch.training.accelerate import choose_precision
from jointsearch.training.clock import Clock, pack
from jointsearch.training.device import place
from jointsearch.training.energy import energy_meter
from jointsearch.training.image_data import ImageData
from jointsearch.training.keeper import Keeper
from jointsearch.training.loop import Task
from jointsearch.training.outcome import train


def task_of(experiment: Experiment, rung: Rung, slot: int) -> Task:
    """Say what is trained in a slot of a rung."""
    identity, levels = experiment.identity(rung, slot), bracket(rung.bracket, experiment.budget).levels
    ladder = budgets(experiment.budget)
    if experiment.training.continuation:
        ends = schedule.continued([ladder[level] for level in levels[: rung.rung + 1]])
    else:
        ends = schedule.doubling(levels[rung.rung])
    return Task(
        Hyperparameters.from_values(rung.proposals[slot].values),
        identity["budget"],
        experiment.budget.unit,
        ends,
        identity["seed"],
        experiment.training,
        experiment.data,
        experiment.budget.clock,
    )


@dataclass(frozen=True)
class Safekeeping:
    """How to keep the states of trainings under way: seconds between two saves, and who asks to end."""

    every: float
    interruption: Interruption


def evaluate(
    experiment: Experiment,
    rung: Rung,
    slot: int,
    data: ImageData,
    device: torch.device,
    made_with: dict[str, Any],
    environment: Digest,
    study: Path,
    clock: Clock | None = None,
    keep_end: bool = True,
    safekeeping: Safekeeping | None = None,
) -> Evaluation:
    """Train the proposal in a slot of a rung at the rung's budget and say what came of it.

    Parameters
    ----------
    experiment, rung, slot
        Which.
    data, device
        On what, where.
    made_with, environment
        From `provenance.capture`: the digest is that of the `Environment`.
    study
        Folder of the study, for the states that trainings go on from.
    clock
        See `train`.
    keep_end
        Whether to leave the state for the next rung, where a promoted configuration goes on from it.
    safekeeping
        Whether to save the state on the way, and to go on from one that was saved.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    """
    identity, proposal, parents = experiment.identity(rung, slot), rung.proposals[slot].id, [digest(rung)]
    continuation = experiment.training.continuation
    before = _evaluation_before(study, rung, proposal) if continuation and rung.rung else None
    start = None
    if before is not None and before.status == "success":
        try:
            start = checkpoint.read(_end_file(study, before), _end_of(experiment, before))
            parents.append(digest(before.derivable()))
        except UserError as error:
            below = layout.slot_file(layout.rung_folder(study, before.bracket, before.rung), before.slot)
            raise UserError(f"{error}; delete {below} and the batch files beside it to train it again") from None
    last = rung.rung + 1 == len(bracket(rung.bracket, experiment.budget).sizes)
    here = place(device) | {"started": time.time(), "environment": environment}
    energy = energy_meter(device)
    keeper = None
    if safekeeping is not None:
        path = layout.state_file(layout.rung_folder(study, rung.bracket, rung.rung), slot)
        computed = {"precision": choose_precision(experiment.training, device), "on": here["device"]}
        state_of = _state_of(identity, made_with | computed)
        keeper = Keeper(path, state_of, safekeeping.every, safekeeping.interruption, here, energy)
    outcome = train(
        task_of(experiment, rung, slot),
        data,
        device,
        clock,
        start,
        keep_end=keep_end and continuation and not last,
        keeper=keeper,
    )
    evaluation = Evaluation(
        **identity,
        continues=before.id if before is not None and start is not None else None,
        status=outcome.status,
        message=outcome.message,
        loss=outcome.loss,
        test_error=outcome.test_error,
        snapshot_test_error=outcome.snapshot_test_error,
        parameters=outcome.parameters,
        epochs=outcome.epochs,
        steps=outcome.steps,
        curve=outcome.curve,
        made_with=MadeWith.model_validate(made_with | {"precision": outcome.precision, "compiled": outcome.compiled}),
        observed=Observed(
            **here,
            finished=time.time(),
            energy_joules=energy(),
            training_seconds=outcome.training_seconds,
            evaluation_seconds=outcome.evaluation_seconds,
            startup_seconds=outcome.startup_seconds,
            clock=None if outcome.readings is None else pack(outcome.readings),
            curve_seconds=outcome.curve_seconds,
            earlier=keeper.earlier if keeper is not None else (),
        ),
        parents=tuple(parents),
    )
    if outcome.end is not None:
        checkpoint.write(_end_file(study, evaluation), _end_of(experiment, evaluation), outcome.end)
    return evaluation


def _state_of(identity: dict[str, Any], made_with: dict[str, Any]) -> str:
    """What a saved state is of: another kind of GPU may not go on from it."""
    proposal = identity["proposal"].model_dump(mode="json")
    return digest({"evaluation": identity | {"proposal": proposal}, "made_with": made_with})


def _evaluation_before(study: Path, rung: Rung, proposal: str) -> Evaluation:
    proposals = read_record(layout.proposals_file(study, rung.bracket, rung.rung - 1), Rung).proposals
    slot = [one.id for one in proposals].index(proposal)
    return read_record(layout.slot_file(layout.rung_folder(study, rung.bracket, rung.rung - 1), slot), Evaluation)


def _end_file(study: Path, evaluation: Evaluation) -> Path:
    rung = layout.rung_folder(study, evaluation.bracket, evaluation.rung)
    return layout.end_file(rung, evaluation.proposal.id)


def _end_of(experiment: Experiment, evaluation: Evaluation) -> str:
    return f"{experiment.id} {evaluation.study} {evaluation.id}"
