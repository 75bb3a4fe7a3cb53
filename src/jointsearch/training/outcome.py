"""What comes of training a configuration for a budget: an error, or a failure, which is a result too."""

import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from jointsearch.core.config import TrainingSettings
from jointsearch.core.errors import UserError
from jointsearch.core.records import CurvePoint, Precision, Status
from jointsearch.networks.cost import StepCost, step_cost
from jointsearch.training import accelerate
from jointsearch.training.clock import Clock, SecondClock, make_clock, pack, stopwatch_for, unpack
from jointsearch.training.image_data import ImageData
from jointsearch.training.keeper import Keeper
from jointsearch.training.loop import DivergedError, Progress, Task, Training, batch_size, steps_per_epoch


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    `loss` is the final validation error in [0, 1]; it and `test_error` are None unless `status` is
    "success". `snapshot_test_error` is that of the ensemble of the cycle ends, where the settings ask for it. Steps and
    epochs include those at lower budgets that the training went on from; the curve and the seconds do not. An epoch is
    one pass over the training images less the last incomplete batch. `curve_seconds` holds the seconds at each row of
    `curve`; `readings` the clock's, in ticks, where the budget is in seconds; `startup_seconds` what building,
    compiling and rehearsing took. `end` is the state of the training, see `Training.state`.
    """

    status: Status
    message: str | None
    parameters: int
    precision: Precision
    compiled: bool = False
    loss: float | None = None
    test_error: float | None = None
    snapshot_test_error: float | None = None
    epochs: float = 0.0
    steps: int = 0
    curve: tuple[CurvePoint, ...] = ()
    curve_seconds: tuple[float, ...] = ()
    training_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    startup_seconds: float = 0.0
    readings: tuple[int, ...] | None = None
    end: dict[str, Any] | None = None


def train(
    task: Task,
    data: ImageData,
    device: torch.device,
    clock: Clock | None = None,
    start: dict[str, Any] | None = None,
    keep_end: bool = False,
    keeper: Keeper | None = None,
) -> Outcome:
    """Train a configuration for a budget and measure it on the validation part; a failure is an outcome.

    Parameters
    ----------
    task, data, device
        What to train, on what, where.
    clock
        Tells the progress in place of the budget, such as one that replays recorded readings.
    start
        The `end` of a training at the next lower budget: this one goes on from there.
    keep_end
        Whether the outcome has an `end`, for the next higher budget.
    keeper
        Keeps the state while it trains; where it has one already, the training goes on from there, to the same bits
        and with the same seconds spent as if it had not been interrupted.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    UserError
        If the saved state is of a compiled network, and compiling fails.
    """
    precision = accelerate.choose_precision(task.settings, device)
    _, channels, height, width = data.train_images.shape
    cost = step_cost(
        task.parameters,
        (channels, height, width),
        len(data.classes),
        batch_size(task, data),
        2 if precision == "bfloat16" else 4,
    )
    begun = Outcome("success", None, cost.parameters, precision)
    refusal = _refusal(task.settings, cost)
    if refusal is not None:
        return replace(begun, status="too_large", message=refusal)
    progress, stopwatch = Progress(), stopwatch_for(device, task.clock)
    epoch = steps_per_epoch(task, data)
    clock = clock or make_clock(task.budget, task.unit, epoch, stopwatch)
    saved = keeper.load() if keeper is not None else None
    # Compiled or not, a network computes other bits: one that goes on does so as it began.
    compiles = (
        saved["start"]["compiled"]
        if saved is not None
        else accelerate.should_compile(task.settings, task.budget, task.unit, device)
    )
    status: Status = "success"
    message, began, begin = None, time.perf_counter(), _Start()
    training = end = snapshot_error = None
    try:
        with accelerate.deterministic():
            training = Training(task, data, device, precision, progress, stopwatch)
            if compiles:
                begin.compiled = training.compile(accelerate.compile_limit(task.budget, task.unit))
            if device.type == "cuda" and not begin.compiled:
                training.rehearse()
            if start is not None:
                training.go_on_from(start)
            begin.seconds, begin.steps = stopwatch.read(), progress.steps
            if saved is not None:
                if saved["start"]["compiled"] != begin.compiled:
                    raise UserError(
                        "the saved state is of a network that was compiled, which failed here (see above); "
                        "try again, or remove the state to train from the beginning"
                    )
                _go_on(training, clock, saved)
                begin = _Start(**saved["start"])
            begin.startup_seconds += time.perf_counter() - began
            for _ in training.run(clock):
                if keeper is not None and keeper.due():
                    with stopwatch.paused():
                        is_saved = _save(keeper, training, clock, begin)
                    keeper.interruption.check("; its state is saved" if is_saved else "; its state is not saved")
            snapshot_error = training.snapshot_error()
            end = training.state() if keep_end else None
    except DivergedError as error:
        status, message = "diverged", str(error)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        status, message = "out_of_memory", f"no memory left on the device after {progress.steps} steps"
    # Now that the error and the network are gone: the next training finds all as this one did.
    training = None
    if compiles:
        torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    if status == "success" and progress.steps == begin.steps + 1 and _shorter_than_a_step(task, epoch):
        message = "the budget is shorter than one step; one step was trained"
    final = progress.curve[-1] if status == "success" else None
    return replace(
        begun,
        status=status,
        message=message,
        compiled=begin.compiled,
        loss=final.validation_error if final else None,
        test_error=final.test_error if final else None,
        snapshot_test_error=snapshot_error,
        epochs=progress.steps / epoch,
        steps=progress.steps,
        curve=tuple(progress.curve),
        curve_seconds=tuple(seconds - begin.seconds for seconds in progress.curve_seconds),
        training_seconds=stopwatch.read() - begin.seconds,
        evaluation_seconds=progress.evaluation_seconds,
        startup_seconds=begin.startup_seconds,
        readings=tuple(clock.readings) if isinstance(clock, SecondClock) else None,
        end=end,
    )


@dataclass
class _Start:
    """How a training begins: what it brings along from a lower budget, and what preparing it took."""

    compiled: bool = False
    seconds: float = 0.0
    steps: int = 0
    startup_seconds: float = 0.0


def _save(keeper: Keeper, training: Training, clock: Clock, begin: _Start) -> bool:
    try:
        readings = pack(clock.readings) if isinstance(clock, SecondClock) else None
        return keeper.save({"training": training.state(), "readings": readings, "start": asdict(begin)})
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        # That there is no room for a copy says nothing about the training.
        print("warning: the state of this training is not saved: not enough memory", file=sys.stderr)
        return False


def _go_on(training: Training, clock: Clock, saved: dict[str, Any]) -> None:
    training.restore(saved["training"])
    if isinstance(clock, SecondClock):
        clock.readings.extend(unpack(saved["readings"]))


def _shorter_than_a_step(task: Task, steps_per_epoch: int) -> bool:
    """Whether a budget is, given that a training took one step."""
    return task.unit == "seconds" or task.budget * (steps_per_epoch if task.unit == "epochs" else 1) < 1


def _refusal(settings: TrainingSettings, cost: StepCost) -> str | None:
    """Say which limit of the configuration a network breaks, if any."""
    for what, amount, limit in (
        ("{:,.0f} parameters", cost.parameters, settings.maximum_parameters),
        ("an estimated {:.3g} GB of memory", cost.memory / 1e9, settings.maximum_memory_gb),
        ("{:.3g} GFLOP a step", cost.operations / 1e9, settings.maximum_step_gflop),
    ):
        if limit is not None and amount > limit:
            return f"{what.format(amount)}, the limit is {limit:,}"
    return None


def _is_out_of_memory(error: Exception) -> bool:
    # torch has a type of error for a full GPU only; elsewhere the words of its allocators tell.
    words = ("not enough memory", "can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error) for word in words)
