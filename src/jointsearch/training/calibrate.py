"""The model behind budgets in nominal seconds, fitted to timed training steps.

No training imports this module, so that it is no part of the code whose digest is in each record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import nnls

from jointsearch.core import config, machine
from jointsearch.core.config import Config
from jointsearch.core.config.budget import NominalSettings
from jointsearch.core.errors import Failure, UserError
from jointsearch.core.fields import Precision
from jointsearch.networks.cost import StepCost, broken_limit
from jointsearch.networks.family import family
from jointsearch.networks.hyperparameters import parameters_of
from jointsearch.search.experiment import Experiment
from jointsearch.space.space import Space
from jointsearch.training import accelerate
from jointsearch.training.clock import StepClock, stopwatch_for
from jointsearch.training.image_data import ImageData
from jointsearch.training.loop import Progress, Task, Training
from jointsearch.training.train import cost_of

SEED = 0
"""Of the configurations: each calibration of a space times the same."""
FEWEST = 8
"""Configurations that a fit is made of, at least: twice its coefficients in each half."""
ROUNDS = 3
"""Each configuration is timed so often, with all others in between, and the median counts: what else the machine does
comes and goes."""
WARMING_UP = 3
"""Steps before the first that is timed."""


@dataclass(frozen=True)
class Timed:
    """What a training step of a configuration costs, and the seconds that it took."""

    cost: StepCost
    seconds: float


@dataclass(frozen=True)
class Agreement:
    """How well seconds are predicted.

    Attributes
    ----------
    median, most
        Relative error that half, and 90 %, of the predictions stay below.
    r2
        Coefficient of determination of the logarithms of the seconds.
    """

    median: float
    most: float
    r2: float

    def __str__(self) -> str:
        return f"relative error {self.median:.1%} (median), {self.most:.1%} (90 %); R2 of the logarithms {self.r2:.3f}"


def read_config(path: Path) -> Config:
    """Read a configuration whose budgets may not be complete yet: they need the coefficients that are to be measured.

    Raises
    ------
    UserError
        As `config.read`; and if it trains by an objective of one's own.
    """
    raw = config.load(path)
    if isinstance(budget := raw.get("budget"), dict):
        raw["budget"] = {key: value for key, value in budget.items() if key != "nominal"} | {"unit": "gflop"}
    read = config.parse(raw, str(path))
    if read.objective is not None:
        raise UserError(f"{path}: objective: is trained by code of your own, whose steps cannot be timed; remove it")
    return read


def draw_tasks(experiment: Experiment, count: int) -> list[Task]:
    """Draw random configurations of a space, to be trained at a rate so low that none diverges while it is timed."""
    drawn = [
        parameters_of(values, experiment.training.network)
        for values in Space(experiment.space).sample(count, np.random.default_rng(SEED))
    ]
    return [
        Task(
            one.model_copy(update={"learning_rate": 1e-6}),
            1,
            "steps",
            (1.0,),
            SEED,
            experiment.training,
            experiment.data,
        )
        for one in drawn
    ]


def time_steps(tasks: Sequence[Task], images: ImageData, device: torch.device, seconds: float) -> list[Timed]:
    """Time training steps: by processor time on a CPU, by events on a GPU.

    Parameters
    ----------
    tasks
        What to train; those that cannot be built, or that the limits of the configuration refuse, are left out.
    images, device
        On what, where.
    seconds
        How long each task is timed in each round.

    Raises
    ------
    UserError
        If too few are left.
    """
    known = [(task, cost) for task in tasks if (cost := _cost_within_limits(task, images, device)) is not None]
    if len(known) < FEWEST:
        raise UserError(
            f"{len(known)} of {len(tasks)} random configurations can be built and are within the limits under "
            f"`training`, and {FEWEST} are needed; draw more with --configurations, or raise the limits"
        )
    rounds = [[_time_step(task, images, device, seconds) for task, _ in known] for _ in range(ROUNDS)]
    return [Timed(cost, float(median)) for (_, cost), median in zip(known, np.median(rounds, axis=0), strict=True)]


def _cost_within_limits(task: Task, images: ImageData, device: torch.device) -> StepCost | None:
    try:
        cost = cost_of(task, images, accelerate.choose_precision(task.settings, device))
    except Failure:
        return None
    return cost if broken_limit(task.settings, cost) is None else None


def _time_step(task: Task, images: ImageData, device: torch.device, seconds: float) -> float:
    stopwatch = stopwatch_for(device, "process" if device.type == "cpu" else "wall")
    precision = accelerate.choose_precision(task.settings, device)
    with accelerate.deterministic(any_operation=family(task.parameters).draws):
        # So long that it is not evaluated on the way.
        steps = Training(task, images, device, precision, Progress(), stopwatch).run(StepClock(10**12))
        for _ in islice(steps, WARMING_UP):
            pass
        before, count = stopwatch.exact(), 0
        while count == 0 or stopwatch.read() < before + seconds:
            next(steps)
            count += 1
        return (stopwatch.exact() - before) / count


def fit(timed: Sequence[Timed]) -> NominalSettings:
    """Fit the model by least squares of the relative errors, with no coefficient below 0."""
    seconds = np.array([one.seconds for one in timed])
    shares = np.array([one.cost.nominal_parts for one in timed]) / seconds[:, None]
    # Of one size, as the solver wants them.
    sizes = shares.max(axis=0)
    found = nnls(shares / sizes, np.ones(len(timed)))[0] / sizes
    step, convolution, gflop, megabyte = (float(f"{one:.4g}") for one in found.tolist())
    return NominalSettings(step=step, convolution=convolution, gflop=gflop, megabyte=megabyte)


def predict(model: NominalSettings, timed: Sequence[Timed]) -> list[float]:
    """Predict the seconds of steps."""
    return (np.array([one.cost.nominal_parts for one in timed]) @ [seconds for _, seconds in model]).tolist()


def agreement(predicted: Sequence[float], seconds: Sequence[float]) -> Agreement:
    """Compare predictions with the seconds that were measured."""
    errors, logarithms = np.abs(np.divide(predicted, seconds) - 1), np.log(seconds)
    rest, spread = np.log(predicted) - logarithms, logarithms - logarithms.mean()
    return Agreement(
        float(np.median(errors)), float(np.quantile(errors, 0.9)), 1 - float(rest @ rest / (spread @ spread))
    )


def cross_validated(timed: Sequence[Timed]) -> Agreement:
    """Predict each half of the steps by a fit of the other."""
    one, other = timed[::2], timed[1::2]
    predicted = predict(fit(other), one) + predict(fit(one), other)
    return agreement(predicted, [step.seconds for step in (*one, *other)])


def conditions(precision: Precision, device: torch.device) -> str:
    """On what, and how, steps are timed."""
    where = f"one thread of {machine.cpu_model()}"
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    return f"{where}, {precision}, torch {torch.__version__}"


def as_yaml(model: NominalSettings) -> str:
    """Write the coefficients as they go into a configuration."""
    return "{" + ", ".join(f"{name}: {seconds:g}" for name, seconds in model) + "}"


def report(timed: Sequence[Timed], precision: Precision, device: torch.device) -> str:
    """Write the coefficients as they go into a configuration, and above them how well they predict."""
    seconds = [one.seconds for one in timed]
    steps = f"{min(seconds):.2g} to {max(seconds):.2g} s, {np.median(seconds):.2g} s in the median"
    return (
        f"# Training steps of {len(timed)} random configurations on {conditions(precision, device)}.\n"
        f"# A step takes {steps}.\n"
        f"# Each half predicted by a fit of the other: {cross_validated(timed)}.\n"
        "# Put these keys into the sections of the configuration; minimum and maximum are then nominal seconds.\n"
        "budget:\n"
        "  unit: nominal_seconds\n"
        f"  nominal: {as_yaml(fit(timed))}\n"
        "training:\n"
        f"  precision: {precision}"
    )
