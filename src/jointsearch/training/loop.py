"""The training loop."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jointsearch.core.config.budget import BudgetClock, NominalSettings
from jointsearch.core.config.data import DataSettings
from jointsearch.core.config.training import TrainingSettings
from jointsearch.core.errors import Diverged, UserError
from jointsearch.core.evaluation import CurvePoint, LearnedArchitecture
from jointsearch.core.fields import BudgetUnit, Precision
from jointsearch.networks.family import family
from jointsearch.networks.hyperparameters import TrainingHyperparameters
from jointsearch.networks.randomness import GlobalRandomness
from jointsearch.training import accelerate
from jointsearch.training.augment import Augmentation, channels_first
from jointsearch.training.clock import Clock, Stopwatch
from jointsearch.training.image_data import ImageData
from jointsearch.training.measure import Measurement, ensemble_error, measure
from jointsearch.training.minibatches import HOST, Minibatch, Minibatches, random_generator
from jointsearch.training.schedule import Ends, learning_rate, moments
from jointsearch.training.sgd import Sgd

STEPS_BETWEEN_CHECKS = 32
"""Losses are checked this often: reading each one would make the host wait for the device each step."""
EVALUATED_PER_TRAINED = 0.1
"""Images evaluated on the way for each one trained on, at most. To evaluate an image costs 0.28 to 0.36 of training on
it (measured on a CPU): so evaluation on the way takes under 4 % of the time. Images are counted, not seconds, so that
a replayed training checks at the same moments."""
ROUNDING = 1e-9
"""A step ends a quarter of a cycle though the fractions of the budget that say so are a rounding error apart."""
REHEARSED_STEPS = 3
"""CUDA graphs are recorded in the second step and replayed from the third on."""


@dataclass(frozen=True)
class Task:
    """What to train, and for how long.

    Attributes
    ----------
    parameters
        The configuration.
    budget, unit, clock, nominal
        How long. Seconds count training alone, not start-up, compiling or evaluation; nominal ones are of this model.
    ends
        The schedule, see `schedule`.
    seed
        Every random number of the training comes from it; not negative.
    settings
        Precision, compiling, limits.
    augmentation
        Crop padding and flip, of the settings of the data.
    """

    parameters: TrainingHyperparameters
    budget: float
    unit: BudgetUnit
    ends: Ends
    seed: int
    settings: TrainingSettings
    augmentation: DataSettings
    clock: BudgetClock = "wall"
    nominal: NominalSettings | None = None


@dataclass
class Progress:
    """How far a training has come; it outlives a failure.

    Attributes
    ----------
    steps
        Optimiser steps, those at lower budgets included.
    fraction
        Spent of the budget, in [0, 1].
    evaluated
        Images that were evaluated on the way.
    losses
        Training losses since the last row of the curve.
    curve, curve_seconds
        Rows, and the training seconds at each.
    evaluation_seconds
        Wall time spent evaluating.
    snapshots
        Probabilities (N, classes) of the test images at the ends of the cycles, where they are kept.
    """

    steps: int = 0
    fraction: float = 0.0
    evaluated: int = 0
    losses: list[float] = field(default_factory=list)
    curve: list[CurvePoint] = field(default_factory=list)
    curve_seconds: list[float] = field(default_factory=list)
    evaluation_seconds: float = 0.0
    snapshots: list[Tensor] = field(default_factory=list)


class Training:
    """One training (paper, section 2).

    SGD with Nesterov momentum, cosine annealing with warm restarts driven by the progress of the clock, crop, flip,
    cutout and mixup, weight decay on all weights. The same seed gives the same bits, on one kind of device, precision
    and number of threads, if the clock gives the same answers. An epoch has `images // batch_size` steps, or one when
    the batch holds all images.

    Parameters
    ----------
    task, data
        What to train, on what. The test part is measured at the end of cycles, recorded, and used for nothing.
    device, precision
        Where and how to compute.
    progress, stopwatch
        Filled, and running, as the training goes.
    """

    def __init__(
        self,
        task: Task,
        data: ImageData,
        device: torch.device,
        precision: Precision,
        progress: Progress,
        stopwatch: Stopwatch,
    ):
        parameters, network = task.parameters, family(task.parameters)
        weight_seed, batch_seed, shake_seed = np.random.SeedSequence(task.seed).spawn(3)
        self.progress, self._stopwatch = progress, stopwatch
        self._steps_per_epoch = steps_per_epoch(task, data)
        self._task, self._data, self._device, self._precision = task, data, device, precision
        self._batch_size = batch_size(task, data)
        self._format = accelerate.memory_format(precision, device) if network.channels_last else torch.contiguous_format
        channels, height, width = data.train_images.shape[1:]
        # Drawn on the host: the same seed starts from the same weights on every device.
        weights = random_generator(weight_seed, HOST)
        self._network = network.build((channels, height, width), len(data.classes), weights).to(device)
        # One's own may come in evaluation mode; after a measurement it would be in training mode.
        self._network.train()
        if network.channels_last:
            self._network.to(memory_format=self._format)
        self._forward: Callable[[Tensor, Tensor], Tensor] = self._network
        trained = [weight for weight in self._network.parameters() if weight.requires_grad]
        self._optimiser = Sgd(trained, parameters.momentum, parameters.weight_decay)
        self._batches = self._minibatches(data, batch_seed)
        self._shake = random_generator(shake_seed, device)
        self._random = GlobalRandomness(self._shake.initial_seed(), device) if network.draws else None
        self._moments, self._ends = moments(task.ends), set(task.ends)
        self._unread: list[Tensor] = []

    def _minibatches(self, data: ImageData, seed: np.random.SeedSequence) -> Minibatches:
        """Minibatches of training images, as the task augments them."""
        parameters, settings = self._task.parameters, self._task.augmentation
        augmentation = Augmentation(settings.crop_padding, settings.horizontal_flip, parameters.cutout_length)
        return Minibatches(data, self._batch_size, augmentation, parameters.mixup_alpha, seed, self._device)

    def run(self, clock: Clock) -> Iterator[None]:
        """Train until the clock says that the budget is spent, step by step; raises where the training fails."""
        progress = self.progress
        with self._stopwatch.running():
            while progress.fraction < 1:
                rate = learning_rate(progress.fraction, self._task.parameters.learning_rate, self._task.ends)
                self._unread.append(self._step(rate))
                progress.steps += 1
                before, progress.fraction = progress.fraction, clock(progress.steps)
                passed = [moment for moment in self._moments if before < moment - ROUNDING <= progress.fraction]
                if passed:
                    with self._stopwatch.paused():
                        self._look(rate, cycle_ended=not self._ends.isdisjoint(passed))
                elif len(self._unread) == STEPS_BETWEEN_CHECKS:
                    self._read_losses()
                yield
        if progress.curve[-1].validation_loss is None:
            raise Diverged(f"the validation loss is not finite after step {progress.steps}")

    def _step(self, rate: float) -> Tensor:
        """One step; its loss, left on the device."""
        return self._learn(next(self._batches), rate)

    def _learn(self, batch: Minibatch, rate: float) -> Tensor:
        """One step on a batch; its loss, left on the device."""
        count = len(batch.images)
        noise = torch.rand(self._network.noise_rows, count, generator=self._shake, device=self._device)
        with self._drawing():
            with accelerate.autocast(self._precision, self._device):
                logits = self._forward(batch.images.contiguous(memory_format=self._format), noise)
            loss = batch.loss(logits)
            loss.backward()
        self._optimiser.step(rate)
        return loss.detach()

    def _drawing(self) -> AbstractContextManager[None]:
        """Let a network that draws from the global generators do so, in a `with` block."""
        return nullcontext() if self._random is None else self._random.in_use()

    def rehearse(self) -> None:
        """Take some steps on black images and undo them: a GPU loads its kernels before the clock starts."""
        state = self.state()
        self._practise()
        self.restore(state)

    def compile(self, limit: float) -> bool:
        """Compile the network by practising with it; whether that worked within `limit` seconds."""
        state = self.state()
        self._forward = accelerate.compiled(self._network, self._device)
        worked = accelerate.try_compiled(self._practise, limit)
        self.restore(state)
        if not worked:
            self._forward = self._network
        return worked

    def _practise(self) -> None:
        channels, height, width = self._data.train_images.shape[1:]
        # Made as batches are: the order in memory is part of what a network is compiled for.
        images = channels_first(torch.zeros(self._batch_size, height, width, channels, device=self._device))
        black = Minibatch(images, torch.zeros(self._batch_size, dtype=torch.int64, device=self._device))
        for _ in range(REHEARSED_STEPS):
            self._learn(black, self._task.parameters.learning_rate)

    def state(self) -> dict[str, Any]:
        """Everything that the next steps depend on. A training restored from it continues to the same bits."""
        self._read_losses()
        progress = asdict(self.progress) | {"curve": [row.model_dump() for row in self.progress.curve]}
        return {
            "network": copy.deepcopy(self._network.state_dict()),
            "velocities": copy.deepcopy(self._optimiser.velocities),
            "batches": self._batches.state(),
            "device": self._device.type,
            "shake": self._shake.get_state(),
            "random": None if self._random is None else self._random.state(),
            "seconds": self._stopwatch.exact(),
            "progress": progress,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the state of another training of the same configuration; before `run`.

        Raises
        ------
        UserError
            If that was trained on another type of device, whose random numbers are others.
        """
        if state["device"] != self._device.type:
            raise UserError(f"was trained on {state['device']}, and cannot continue on {self._device.type}")
        # The optimiser would continue in the very tensors of the state.
        state = copy.deepcopy(state)
        self._network.load_state_dict(state["network"])
        self._optimiser.velocities = [
            None if velocity is None else velocity.to(self._device) for velocity in state["velocities"]
        ]
        self._batches.restore(state["batches"])
        self._shake.set_state(state["shake"])
        if self._random is not None:
            self._random.restore(state["random"])
        self._stopwatch.set(state["seconds"])
        rows = [CurvePoint.model_validate(row) for row in state["progress"]["curve"]]
        for name, value in (state["progress"] | {"curve": rows}).items():
            setattr(self.progress, name, value)

    def continue_from(self, state: dict[str, Any]) -> None:
        """Continue from the end of the same configuration's training at the next lower budget; before `run`."""
        self.restore(state)
        progress = self.progress
        progress.fraction = self._task.ends[-2]
        for rows in (progress.losses, progress.curve, progress.curve_seconds):
            rows.clear()
        progress.evaluation_seconds = 0.0
        if self._task.unit == "seconds":
            self._stopwatch.set(progress.fraction * self._task.budget)

    def _read_losses(self) -> None:
        if not self._unread:
            return
        losses = torch.stack(self._unread).tolist()
        for step, loss in enumerate(losses, start=self.progress.steps - len(losses) + 1):
            if not math.isfinite(loss):
                self.progress.steps = step
                raise Diverged(f"the training loss is not finite in step {step}")
        self.progress.losses += losses
        self._unread.clear()

    def _look(self, rate: float, cycle_ended: bool) -> None:
        """Add a row to the curve: validation error, and test error at the end of a cycle, where they are affordable."""
        self._read_losses()
        started = time.perf_counter()
        data, progress = self._data, self.progress
        validation = self._measure(data.validation_images, data.validation_labels)
        keeps = cycle_ended and self._task.settings.snapshot_ensemble
        test = self._measure(data.test_images, data.test_labels, keeps) if cycle_ended else None
        if keeps and test is not None:
            progress.snapshots.append(test.probabilities)
        row = CurvePoint(
            step=progress.steps,
            epoch=progress.steps / self._steps_per_epoch,
            learning_rate=rate,
            train_loss=sum(progress.losses) / len(progress.losses),
            validation_loss=validation and validation.loss,
            validation_error=validation and validation.error,
            test_loss=test and test.loss,
            test_error=test and test.error,
        )
        progress.losses.clear()
        progress.curve.append(row)
        progress.curve_seconds.append(self._stopwatch.read())
        progress.evaluation_seconds += time.perf_counter() - started

    def snapshot_error(self) -> float | None:
        """Test error of the ensemble of the networks at the ends of the cycles; None unless they were kept."""
        snapshots = self.progress.snapshots
        return ensemble_error(snapshots, self._data.test_labels) if snapshots else None

    def architecture(self) -> LearnedArchitecture | None:
        """What it has learned of the architecture; None if that is given."""
        return None

    def _measure(self, images: Tensor, labels: Tensor, whatever_it_costs: bool = False) -> Measurement | None:
        progress = self.progress
        if progress.fraction < 1 and not whatever_it_costs:
            affordable = EVALUATED_PER_TRAINED * progress.steps * self._batch_size
            if progress.evaluated + len(images) > affordable:
                return None
            progress.evaluated += len(images)
        with self._drawing(), accelerate.autocast(self._precision, self._device):
            return measure(
                self._network,
                images,
                labels,
                self._data.mean,
                self._data.std,
                self._task.settings.evaluation_batch_size,
                self._device,
                self._format,
            )


def batch_size(task: Task, data: ImageData) -> int:
    """Images in a batch, see `TrainingHyperparameters.batch_of`."""
    return task.parameters.batch_of(len(data.train_images))


def steps_per_epoch(task: Task, data: ImageData) -> int:
    """Whole batches in a pass over the training images."""
    return len(data.train_images) // batch_size(task, data)
