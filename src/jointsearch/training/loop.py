"""Training one network on one budget."""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from jointsearch.config import DataSettings, TrainingSettings
from jointsearch.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork, parameter_count
from jointsearch.records import BudgetUnit, CurvePoint, Status
from jointsearch.training.augment import Augmentation
from jointsearch.training.batches import random_generator, stream
from jointsearch.training.clock import Clock, Stopwatch, make_clock
from jointsearch.training.data import ImageData
from jointsearch.training.measure import measure
from jointsearch.training.schedule import cycle_count, cycle_ends, learning_rate

STEPS_BETWEEN_CHECKS = 32
"""Losses are looked at this often: reading each one would make the host wait for the device each step."""


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    `loss` is the final validation error in [0, 1]; it and `test_error` are None unless `status` is
    "success". `curve_seconds` holds the training seconds at each row of `curve`. An epoch is one pass over
    the training images less the last incomplete batch.
    """

    status: Status
    message: str | None
    loss: float | None
    test_error: float | None
    parameters: int
    epochs: float
    steps: int
    curve: tuple[CurvePoint, ...]
    curve_seconds: tuple[float, ...]
    training_seconds: float
    evaluation_seconds: float


def train(
    parameters: Hyperparameters,
    budget: float,
    unit: BudgetUnit,
    level: int,
    data: ImageData,
    settings: TrainingSettings,
    augmentation: DataSettings,
    seed: int,
    device: torch.device,
    clock: Clock | None = None,
) -> Outcome:
    """Train a configuration from scratch for a budget, and measure it on the validation part.

    SGD with Nesterov momentum, cosine annealing with warm restarts driven by the progress of the clock,
    crop, flip, cutout and mixup; weight decay on all weights (paper, section 2). The same seed gives the same
    bits, on one device and number of threads, when the budget counts epochs or steps. An epoch has
    `images // batch_size` steps, or one when the batch holds all images: the last incomplete batch is left
    out. A failed training is an outcome, not an exception.

    Parameters
    ----------
    parameters
        The configuration.
    budget, unit
        How long to train. Seconds count training alone, not start-up or evaluation.
    level
        Which of the ladder's budgets this is, 0 the lowest: it sets the number of cosine cycles.
    data
        The images; the test part is measured at the end of each cycle, recorded, and used for nothing.
    settings
        Limits.
    augmentation
        Crop padding and flip.
    seed
        Every random number of the training comes from it; not negative.
    device
        Where to train.
    clock
        Tells the progress in place of the budget, such as one that replays recorded readings.
    """
    training = _Training(parameters, level, data, settings, augmentation, device)
    status: Status = "success"
    message = None
    limit = settings.maximum_parameters
    if limit is not None and training.parameter_count > limit:
        status, message = "too_large", f"{training.parameter_count} parameters, the limit is {limit}"
    else:
        clock = clock or make_clock(budget, unit, training.steps_per_epoch, training.stopwatch)
        try:
            # cuDNN's other algorithms add in an order that changes from run to run, or with fewer bits.
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
                training.run(clock, np.random.SeedSequence(seed))
        except _DivergedError as error:
            status, message = "diverged", str(error)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            status, message = "out_of_memory", f"no memory left on the device after {training.steps} steps"
    if status == "out_of_memory" and device.type == "cuda":
        # Now that the error, and the network with it, is gone: leave room for the next training.
        torch.cuda.empty_cache()
    final = training.curve[-1] if status == "success" else None
    return Outcome(
        status=status,
        message=message,
        loss=final.validation_error if final else None,
        test_error=final.test_error if final else None,
        parameters=training.parameter_count,
        epochs=training.steps / training.steps_per_epoch,
        steps=training.steps,
        curve=tuple(training.curve),
        curve_seconds=tuple(training.curve_seconds),
        training_seconds=training.stopwatch.read(),
        evaluation_seconds=training.evaluation_stopwatch.read(),
    )


def warm_up(network: MultiBranchNetwork, image_shape: torch.Size, batch_size: int) -> None:
    """Let a GPU load its kernels before the clock starts: one step of a copy of the network, on black images."""
    device = next(network.parameters()).device
    images = torch.zeros(batch_size, *image_shape, device=device)
    copy.deepcopy(network)(images, torch.Generator(device)).sum().backward()


class _DivergedError(Exception):
    """A loss that is not finite."""


def _is_out_of_memory(error: Exception) -> bool:
    # torch has a type of error for a full GPU only; elsewhere the words of its allocators tell.
    words = ("not enough memory", "can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error) for word in words)


def _optimiser(network: nn.Module, parameters: Hyperparameters) -> torch.optim.SGD:
    return torch.optim.SGD(
        network.parameters(),
        lr=parameters.learning_rate,
        momentum=parameters.momentum,
        # Without momentum Nesterov's step is the plain one, and torch refuses the combination.
        nesterov=parameters.momentum > 0,
        weight_decay=parameters.weight_decay,
        fused=True,
    )


class _Training:
    """A training and how far it came, readable after a failure too."""

    def __init__(
        self,
        parameters: Hyperparameters,
        level: int,
        data: ImageData,
        settings: TrainingSettings,
        augmentation: DataSettings,
        device: torch.device,
    ):
        self._parameters = parameters
        self._cycles = cycle_count(level)
        self._data = data
        self._settings = settings
        self._augmentation = augmentation
        self._device = device
        self._batch_size = min(parameters.batch_size, len(data.train_images))
        self._unread_losses: list[Tensor] = []
        self._losses_of_row: list[float] = []
        self.parameter_count = parameter_count(parameters, data.train_images.shape[1], len(data.classes))
        self.steps_per_epoch = len(data.train_images) // self._batch_size
        self.steps = 0
        self.curve: list[CurvePoint] = []
        self.curve_seconds: list[float] = []
        self.stopwatch = Stopwatch(device)
        self.evaluation_stopwatch = Stopwatch(device)

    def run(self, clock: Clock, seed: np.random.SeedSequence) -> None:
        """Train until the clock says that the budget is spent; raises where the training fails."""
        weight_seed, batch_seed, shake_seed = seed.spawn(3)
        # Drawn on the CPU: the same seed starts from the same weights on every device.
        network = MultiBranchNetwork(
            self._parameters,
            self._data.train_images.shape[1],
            len(self._data.classes),
            random_generator(weight_seed, torch.device("cpu")),
        ).to(self._device)
        optimiser = _optimiser(network, self._parameters)
        augmentation = Augmentation(
            self._augmentation.crop_padding,
            self._augmentation.horizontal_flip,
            self._parameters.cutout_length,
        )
        alpha = self._parameters.mixup_alpha
        batches = stream(self._data, self._batch_size, augmentation, alpha, batch_seed, self._device)
        shake = random_generator(shake_seed, self._device)
        ends = cycle_ends(self._cycles)
        if self._device.type == "cuda":
            warm_up(network, self._data.train_images.shape[1:], self._batch_size)
        with self.stopwatch.running():
            progress = clock(0)
            while progress < 1:
                rate = learning_rate(progress, self._parameters.learning_rate, self._cycles)
                optimiser.param_groups[0]["lr"] = rate
                batch = next(batches)
                loss = batch.loss(network(batch.images, shake))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                self.steps += 1
                self._unread_losses.append(loss.detach())
                before, progress = progress, clock(self.steps)
                cycle_ended = any(before < end <= progress for end in ends)
                if cycle_ended or self.steps % self.steps_per_epoch == 0:
                    with self.stopwatch.paused(), self.evaluation_stopwatch.running():
                        self._add_row(network, rate, with_test=cycle_ended)
                elif len(self._unread_losses) == STEPS_BETWEEN_CHECKS:
                    self._read_losses()
        if self.curve[-1].validation_loss is None:
            raise _DivergedError(f"the validation loss is not finite after step {self.steps}")

    def _read_losses(self) -> None:
        losses = torch.stack(self._unread_losses).tolist()
        for step, loss in enumerate(losses, start=self.steps - len(losses) + 1):
            if not math.isfinite(loss):
                self.steps = step
                raise _DivergedError(f"the training loss is not finite in step {step}")
        self._losses_of_row += losses
        self._unread_losses.clear()

    def _add_row(self, network: MultiBranchNetwork, rate: float, with_test: bool) -> None:
        self._read_losses()
        data = self._data
        validation = self._measure(network, data.validation_images, data.validation_labels)
        test = self._measure(network, data.test_images, data.test_labels) if with_test else (None, None)
        row = CurvePoint(
            step=self.steps,
            epoch=self.steps / self.steps_per_epoch,
            learning_rate=rate,
            train_loss=sum(self._losses_of_row) / len(self._losses_of_row),
            validation_loss=validation[0],
            validation_error=validation[1],
            test_loss=test[0],
            test_error=test[1],
        )
        self._losses_of_row.clear()
        self.curve.append(row)
        self.curve_seconds.append(self.stopwatch.read())

    def _measure(self, network: MultiBranchNetwork, images: Tensor, labels: Tensor) -> tuple[float | None, float]:
        images, labels, mean, std = (
            tensor.to(self._device) for tensor in (images, labels, self._data.mean, self._data.std)
        )
        return measure(network, images, labels, mean, std, self._settings.evaluation_batch_size)
