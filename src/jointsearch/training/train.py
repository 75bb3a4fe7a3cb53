"""What comes of training a configuration for a budget: an error, or a failure, which is a result too."""

import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from jointsearch.core.errors import Failure, UserError, reason
from jointsearch.core.evaluation import Result
from jointsearch.core.fields import Precision, Status
from jointsearch.core.interruption import InterruptedTrainingError
from jointsearch.core.observed import Timing
from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.cost import StepCost, broken_limit, fitted, in_unit
from jointsearch.networks.family import family
from jointsearch.networks.network import ImageShape
from jointsearch.training import accelerate
from jointsearch.training.architecture import training_of
from jointsearch.training.checkpointing import Checkpointer
from jointsearch.training.clock import Clock, SecondClock, make_clock, pack, steps_in, stopwatch_for, unpack
from jointsearch.training.image_data import ImageData
from jointsearch.training.loop import Progress, Task, Training, batch_size, steps_per_epoch


@dataclass(frozen=True)
class Trained:
    """A training that has come to its end.

    Attributes
    ----------
    result
        What came of it.
    precision, compiled
        How it computed.
    timing
        How long it took.
    end
        The state of the training, see `Training.state`, if it was requested.
    """

    result: Result
    precision: Precision
    compiled: bool
    timing: Timing
    end: dict[str, Any] | None = None


def train(
    task: Task,
    data: ImageData,
    device: torch.device,
    clock: Clock | None = None,
    start: dict[str, Any] | None = None,
    keep_end: bool = False,
    checkpointer: Checkpointer | None = None,
) -> Trained:
    """Train a configuration for a budget and measure it on the validation part; a failure is a result.

    Parameters
    ----------
    task, data, device
        What to train, on what, where.
    clock
        Measures the progress in place of the budget, such as one that replays recorded readings.
    start
        The `end` of a training at the next lower budget: this one continues from there.
    keep_end
        Whether to give the `end`, for the next higher budget.
    checkpointer
        Keeps the state while it trains; if it has one already, the training resumes from it, to the same bits
        and with the same seconds spent as if it had not been interrupted.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    UserError
        If the saved state is of a compiled network, and compiling fails; if a network of one's own cannot be trained.
    Exception
        What a network of one's own raises, with a note that has the configuration; but `Failure` is a result.
    """
    try:
        return _train(task, data, device, clock, start, keep_end, checkpointer)
    except (UserError, InterruptedTrainingError, OSError):
        # A full disk, say, whatever is trained.
        raise
    except Exception as error:
        error.add_note(f"configuration: {task.parameters.model_dump_json()}")
        raise


def _train(
    task: Task,
    data: ImageData,
    device: torch.device,
    clock: Clock | None,
    start: dict[str, Any] | None,
    keep_end: bool,
    checkpointer: Checkpointer | None,
) -> Trained:
    precision = accelerate.choose_precision(task.settings, device)
    if isinstance(task.parameters, SharedHyperparameters):
        fitting = fitted(task.parameters, task.settings, *_of_step(task, data, precision))
        task = replace(task, parameters=fitting)
    try:
        cost = cost_of(task, data, precision)
    except Failure as failure:
        return Trained(_untrained(failure.status, reason(failure)), precision, False, _NO_TIME)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        result = _untrained("out_of_memory", "no memory left to build the network and measure a step")
        return Trained(result, precision, False, _NO_TIME)
    of_step = in_unit(cost, task.unit, task.nominal)
    refusal = broken_limit(task.settings, cost)
    if refusal is not None:
        return Trained(_untrained("too_large", refusal, cost.parameters, of_step), precision, False, _NO_TIME)
    progress, stopwatch = Progress(), stopwatch_for(device, task.clock)
    epoch = steps_per_epoch(task, data)
    clock = clock or make_clock(task.budget, task.unit, epoch, stopwatch, of_step)
    saved = checkpointer.load() if checkpointer is not None else None
    # Compiled or not, a network computes other bits: one that continues stays as it began.
    compiles = (
        saved["start"]["compiled"]
        if saved is not None
        else family(task.parameters).compiles
        and accelerate.should_compile(task.settings, task.budget, task.unit, device)
    )
    status: Status = "success"
    message, began, begin = None, time.perf_counter(), _Start()
    training = end = snapshot_error = architecture = None
    try:
        with accelerate.deterministic(any_operation=family(task.parameters).draws):
            training = training_of(task)(task, data, device, precision, progress, stopwatch)
            if compiles:
                begin.compiled = training.compile(accelerate.compile_limit(task.budget, task.unit))
            if device.type == "cuda" and not begin.compiled:
                training.rehearse()
            if start is not None:
                training.continue_from(start)
            begin.seconds, begin.steps = stopwatch.read(), progress.steps
            if saved is not None:
                if saved["start"]["compiled"] != begin.compiled:
                    raise UserError(
                        "the saved state is of a network that was compiled, which failed here (see above); "
                        "try again, or remove the state to train from the beginning"
                    )
                _resume(training, clock, saved)
                begin = _Start(**saved["start"])
            begin.startup_seconds += time.perf_counter() - began
            for _ in training.run(clock):
                if checkpointer is not None and checkpointer.due():
                    with stopwatch.paused():
                        is_saved = _save(checkpointer, training, clock, begin)
                    checkpointer.interruption.check("; its state is saved" if is_saved else "; its state is not saved")
            snapshot_error, architecture = training.snapshot_error(), training.architecture()
            end = training.state() if keep_end else None
    except Failure as failure:
        status, message = failure.status, reason(failure)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        status, message = "out_of_memory", f"no memory left on the device after {progress.steps} steps"
        if isinstance(task.parameters, SharedHyperparameters):
            message += "; set training.maximum_memory_gb to less than there is: the largest choices are then left out"
    # Now that the error and the network are gone: the next training finds all as this one did.
    training = None
    if compiles:
        torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    if status == "success" and progress.steps == begin.steps + 1 and _shorter_than_a_step(task, epoch, of_step):
        message = "the budget is shorter than one step; one step was trained"
    final = progress.curve[-1] if status == "success" else None
    result = Result(
        status=status,
        message=message,
        loss=final.validation_error if final else None,
        test_error=final.test_error if final else None,
        snapshot_test_error=snapshot_error,
        parameters=cost.parameters,
        epochs=progress.steps / epoch,
        steps=progress.steps,
        step_cost=of_step,
        curve=tuple(progress.curve),
        architecture=architecture,
    )
    timing = Timing(
        training_seconds=stopwatch.read() - begin.seconds,
        evaluation_seconds=progress.evaluation_seconds,
        startup_seconds=begin.startup_seconds,
        clock=_readings(clock),
        curve_seconds=tuple(seconds - begin.seconds for seconds in progress.curve_seconds),
    )
    return Trained(result, precision, begin.compiled, timing, end)


_NO_TIME = Timing(training_seconds=0, evaluation_seconds=0, startup_seconds=0, curve_seconds=())


def cost_of(task: Task, data: ImageData, precision: Precision) -> StepCost:
    """What a step of a training costs."""
    return family(task.parameters).cost(*_of_step(task, data, precision))


def _of_step(task: Task, data: ImageData, precision: Precision) -> tuple[ImageShape, int, int, int]:
    """Shape of the images, classes, images in a batch, bytes of an activation."""
    channels, height, width = data.train_images.shape[1:]
    shape, activation_bytes = (channels, height, width), 2 if precision == "bfloat16" else 4
    return shape, len(data.classes), batch_size(task, data), activation_bytes


def _untrained(
    status: Status, message: str | None, parameters: int | None = None, of_step: float | None = None
) -> Result:
    """What comes of a network that cannot be built, or is refused before."""
    return Result(
        status=status,
        message=message,
        loss=None,
        test_error=None,
        parameters=parameters,
        epochs=0,
        steps=0,
        step_cost=of_step,
        curve=(),
    )


@dataclass
class _Start:
    """How a training begins: what it brings along from a lower budget, and what preparing it took."""

    compiled: bool = False
    seconds: float = 0.0
    steps: int = 0
    startup_seconds: float = 0.0


def _save(checkpointer: Checkpointer, training: Training, clock: Clock, begin: _Start) -> bool:
    try:
        return checkpointer.save({"training": training.state(), "readings": _readings(clock), "start": asdict(begin)})
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        # That there is no room for a copy says nothing about the training.
        print("warning: the state of this training is not saved: not enough memory", file=sys.stderr)
        return False


def _readings(clock: Clock) -> str | None:
    return pack(clock.readings) if isinstance(clock, SecondClock) else None


def _resume(training: Training, clock: Clock, saved: dict[str, Any]) -> None:
    training.restore(saved["training"])
    if isinstance(clock, SecondClock):
        clock.readings.extend(unpack(saved["readings"]))


def _shorter_than_a_step(task: Task, steps_per_epoch: int, of_step: float | None) -> bool:
    """Whether a budget is, after a training took one step."""
    return task.unit == "seconds" or steps_in(task.budget, task.unit, steps_per_epoch, of_step) < 1


def _is_out_of_memory(error: Exception) -> bool:
    # torch has a type of error for a full GPU only; elsewhere the words of its allocators are compared.
    words = ("not enough memory", "can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error) for word in words)
