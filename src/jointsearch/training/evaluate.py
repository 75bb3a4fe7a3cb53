"""From a proposal to its evaluation record."""

import os
import platform
import time

import torch

from jointsearch.experiment import Experiment
from jointsearch.hyperband import bracket
from jointsearch.hyperparameters import Hyperparameters
from jointsearch.records import Evaluation, MadeWith, Observed, Rung
from jointsearch.training.data import ImageData
from jointsearch.training.loop import train


def evaluate(
    experiment: Experiment, rung: Rung, slot: int, data: ImageData, device: torch.device, made_with: MadeWith
) -> Evaluation:
    """Train the proposal in a slot of a rung at the rung's budget and say what came of it."""
    identity = experiment.identity(rung, slot)
    started = time.time()
    outcome = train(
        Hyperparameters.from_values(rung.proposals[slot].values),
        identity["budget"],
        experiment.budget.unit,
        bracket(rung.bracket, experiment.budget).levels[rung.rung],
        data,
        experiment.training,
        experiment.data,
        identity["seed"],
        device,
    )
    return Evaluation(
        **identity,
        status=outcome.status,
        message=outcome.message,
        loss=outcome.loss,
        test_error=outcome.test_error,
        parameters=outcome.parameters,
        epochs=outcome.epochs,
        steps=outcome.steps,
        curve=outcome.curve,
        made_with=made_with,
        observed=Observed(
            started=started,
            finished=time.time(),
            training_seconds=outcome.training_seconds,
            evaluation_seconds=outcome.evaluation_seconds,
            curve_seconds=outcome.curve_seconds,
            host=platform.node(),
            device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            job=os.environ.get("SLURM_JOB_ID"),
        ),
    )
