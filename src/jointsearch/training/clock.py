"""How much of the budget is spent: the training loop checks after each step."""

import base64
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from jointsearch.core.config.budget import BudgetClock
from jointsearch.core.errors import UserError
from jointsearch.core.fields import BudgetUnit
from jointsearch.training.schedule import whole_steps

TICKS = 2**14
"""Readings of a budget of seconds are whole ticks, this many to a budget: in three hours a tick is 0.7 s. So a record
stays small however many steps there were."""


class Clock(Protocol):
    """Progress of a training.

    The loop asks after each step, and stops at the first answer that is not below 1. The answers alone steer it, so
    that the same answers make the same training again.
    """

    def __call__(self, steps: int) -> float:
        """Fraction of the budget spent when `steps` steps are done, in [0, 1], never falling."""
        ...


class Event(Protocol):
    """A moment on the device, as `torch.cuda.Event` has it."""

    def record(self) -> None:
        """Happen when what is queued is done."""

    def synchronize(self) -> None:
        """Wait until it has happened."""

    def elapsed_time(self, end_event: Any) -> float:
        """Milliseconds from it to a later one."""


class Stopwatch:
    """Seconds of the time that it ran, on the host.

    Parameters
    ----------
    now
        The time in seconds, from any fixed moment.
    gathered
        Seconds to start from.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter, gathered: float = 0.0):
        self._now = now
        self._gathered = gathered
        self._since: float | None = None

    def read(self) -> float:
        """Seconds so far."""
        return self._gathered if self._since is None else self._gathered + self._now() - self._since

    def exact(self) -> float:
        """Seconds so far, once everything that is queued is done."""
        return self.read()

    def set(self, seconds: float) -> None:
        """Start from other seconds; only while it stands still."""
        self._gathered = seconds

    def start(self) -> None:
        """Let it run."""
        self._since = self._now()

    def stop(self) -> None:
        """Let it stand still."""
        self._gathered, self._since = self.read(), None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for the length of a `with` block."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause it for the length of a `with` block inside `running`."""
        self.stop()
        try:
            yield
        finally:
            self.start()


class DeviceStopwatch(Stopwatch):
    """Seconds on a GPU, read once a step without letting it run out of work.

    Each reading marks the end of the step that was just queued, and waits for the end of the step before; the last step
    is taken to be as long as that one. So the host is one step ahead of the GPU; waiting for each step would leave the
    GPU idle while the next one is being queued. The very first step is waited for, and what it stands at after `stop`
    is exact.

    Parameters
    ----------
    event
        Makes a new event.
    """

    def __init__(self, event: Callable[[], Event]):
        super().__init__()
        self._event = event
        self._last: Event | None = None
        self._waiting: Event | None = None
        self._step = 0.0
        self._latest = 0.0

    def read(self) -> float:
        """Seconds so far; the last step is an estimate while it runs."""
        if self._last is None:
            return self._gathered
        mark = self._mark()
        if self._step == 0:
            # Nothing is known of a step yet: this one is waited for.
            self._pass(mark)
            self._latest = self._gathered
            return self._latest
        if self._waiting is not None:
            self._pass(self._waiting)
        self._waiting = mark
        self._latest = max(self._latest, self._gathered + self._step)
        return self._latest

    def exact(self) -> float:
        """Seconds so far, once everything that is queued is done."""
        if self._last is not None:
            self.stop()
            self.start()
        return self._gathered

    def start(self) -> None:
        """Let it run, from here in the queue on."""
        self._last, self._waiting = self._mark(), None
        self._latest = self._gathered

    def stop(self) -> None:
        """Wait for the device, and let it stand still."""
        if self._last is None:
            return
        end = self._mark()
        if self._waiting is not None:
            self._pass(self._waiting)
        step = self._step
        self._pass(end)
        self._step, self._last, self._waiting = step, None, None

    def _mark(self) -> Event:
        event = self._event()
        event.record()
        return event

    def _pass(self, event: Event) -> None:
        assert self._last is not None
        event.synchronize()
        self._step = self._last.elapsed_time(event) / 1000
        self._gathered += self._step
        self._last = event


def stopwatch_for(device: torch.device, clock: BudgetClock = "wall") -> Stopwatch:
    """Stopwatch of a device: GPU events on a GPU; on a CPU wall time, or the time of the processor.

    Raises
    ------
    UserError
        If processor time is requested on a GPU.
    """
    if device.type == "cuda":
        if clock == "process":
            raise UserError("budget.clock: process counts the processor's time, which says nothing on a GPU; use wall")
        return DeviceStopwatch(lambda: torch.cuda.Event(enable_timing=True))
    return Stopwatch(time.process_time if clock == "process" else time.perf_counter)


@dataclass(frozen=True)
class StepClock:
    """A budget of `total` steps, exact."""

    total: int

    def __call__(self, steps: int) -> float:
        """Fraction of the steps done."""
        # A training that continues makes a step, even if the one before took more than its budget.
        return min(1.0, steps / self.total)


@dataclass(frozen=True)
class SecondClock:
    """A budget of seconds. The training ends with the first step that reaches it: up to one step late.

    `readings` gathers its answers, in ticks: with them a `ReplayClock` makes the same training again.
    """

    budget: float
    stopwatch: Stopwatch
    readings: list[int] = field(default_factory=list)

    def __call__(self, steps: int) -> float:
        """Fraction of the seconds that have run, whatever the steps."""
        # A stopwatch on a GPU estimates the last step, and may find a moment later that it was shorter.
        before = self.readings[-1] if self.readings else 0
        self.readings.append(min(TICKS, max(before, int(self.stopwatch.read() / self.budget * TICKS))))
        return self.readings[-1] / TICKS


@dataclass(frozen=True)
class ReplayClock:
    """Gives recorded readings again.

    Parameters
    ----------
    readings
        Ticks after each step.
    first
        Steps that were done before the first of them.
    """

    readings: Sequence[int]
    first: int = 0

    def __call__(self, steps: int) -> float:
        """Fraction of the budget that was spent then.

        Raises
        ------
        UserError
            If the readings end before the training does.
        """
        if steps - self.first > len(self.readings):
            raise UserError(f"the clock readings end after {len(self.readings)} steps, but the training continues")
        return self.readings[steps - self.first - 1] / TICKS


def make_clock(
    budget: float, unit: BudgetUnit, steps_per_epoch: int, stopwatch: Stopwatch, step_cost: float | None = None
) -> StepClock | SecondClock:
    """Clock of a budget.

    One that is not in seconds is the nearest whole number of steps, at least one, and needs no stopwatch. `step_cost`
    is what a step takes of a budget of computation.
    """
    if unit == "seconds":
        return SecondClock(budget, stopwatch)
    return StepClock(whole_steps(steps_in(budget, unit, steps_per_epoch, step_cost)))


def steps_in(budget: float, unit: BudgetUnit, steps_per_epoch: int, step_cost: float | None = None) -> float:
    """Steps, and parts of one, in a budget that is not in seconds."""
    if step_cost is not None:
        return budget / step_cost
    return budget * steps_per_epoch if unit == "epochs" else budget


def pack(readings: Sequence[int]) -> str:
    """Compress clock readings: base64 of zlib of the differences as little-endian 16-bit numbers."""
    differences = np.diff(np.asarray(readings, dtype=np.int64), prepend=0).astype("<u2")
    return base64.b64encode(zlib.compress(differences.tobytes(), 9)).decode()


def unpack(text: str) -> list[int]:
    """Undo `pack`.

    Raises
    ------
    ValueError
        If the text is not from `pack`.
    """
    try:
        differences = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype="<u2")
    except (ValueError, zlib.error):
        raise ValueError("not packed clock readings") from None
    readings: list[int] = differences.astype(np.int64).cumsum().tolist()
    return readings
