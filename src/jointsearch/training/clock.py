"""How much of the budget is spent: the training loop asks once a step."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch

from jointsearch.records import BudgetUnit


class Clock(Protocol):
    """Progress of a training.

    The loop asks once before the first step and once after each, and stops at the first answer that is not
    below 1. The answers alone steer it, so that the same answers make the same training again.
    """

    def __call__(self, steps: int) -> float:
        """Fraction of the budget spent when `steps` steps are done: 0 at the start, never falling."""
        ...


class Stopwatch:
    """Seconds of the time that it ran; work queued on the device counts where it was queued.

    Parameters
    ----------
    device
        The device that is waited for before each reading.
    now
        The time in seconds, from any fixed moment.
    """

    def __init__(self, device: torch.device, now: Callable[[], float] = time.perf_counter):
        self._device = device
        self._now = now
        self._gathered = 0.0
        self._since: float | None = None

    def _settled(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return self._now()

    def read(self) -> float:
        """Seconds so far."""
        return self._gathered if self._since is None else self._gathered + self._settled() - self._since

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for the length of a `with` block."""
        self._since = self._settled()
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause it for the length of a `with` block inside `running`."""
        self._stop()
        try:
            yield
        finally:
            self._since = self._settled()

    def _stop(self) -> None:
        self._gathered, self._since = self.read(), None


@dataclass(frozen=True)
class StepClock:
    """A budget of `total` steps, exact."""

    total: int

    def __call__(self, steps: int) -> float:
        """Fraction of the steps done."""
        return steps / self.total


@dataclass(frozen=True)
class SecondClock:
    """A budget of seconds. The training ends with the first step that reaches it: up to one step late."""

    budget: float
    stopwatch: Stopwatch

    def __call__(self, steps: int) -> float:
        """Fraction of the seconds that have run, whatever the steps."""
        return self.stopwatch.read() / self.budget


def make_clock(budget: float, unit: BudgetUnit, steps_per_epoch: int, stopwatch: Stopwatch) -> Clock:
    """Clock of a budget.

    Epochs and steps may be fractions (a ladder of budgets makes them): the budget is then the nearest whole
    number of steps, at least one.
    """
    if unit == "seconds":
        return SecondClock(budget, stopwatch)
    return StepClock(max(1, round(budget * steps_per_epoch if unit == "epochs" else budget)))
