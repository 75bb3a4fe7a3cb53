import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.errors import UserError
from jointsearch.training.clock import (
    TICKS,
    DeviceStopwatch,
    ReplayClock,
    Stopwatch,
    make_clock,
    pack,
    stopwatch_for,
    unpack,
)

CPU = torch.device("cpu")


class Now:
    """A time that a test moves."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def steps_done(clock) -> int:
    steps = 1
    while clock(steps) < 1:
        steps += 1
    return steps


@pytest.mark.parametrize(
    ("budget", "unit", "steps"),
    [
        (1, "epochs", 20),
        (27, "epochs", 540),
        (2.5, "epochs", 50),
        (10 / 3, "epochs", 67),
        (0.001, "epochs", 1),
        (100, "steps", 100),
        (100 / 3, "steps", 33),
        (0.2, "steps", 1),
    ],
)
def test_budgets_of_epochs_and_steps_are_exact(budget, unit, steps):
    assert steps_done(make_clock(budget, unit, 20, Stopwatch())) == steps


@given(st.integers(1, 300))
def test_progress_of_steps_is_their_share(total):
    clock = make_clock(total, "steps", 20, Stopwatch())
    assert [clock(step) for step in range(total + 1)] == [step / total for step in range(total + 1)]


@given(st.floats(0.5, 50), st.floats(0.01, 3))
def test_a_budget_of_seconds_ends_less_than_one_step_late(budget, step_seconds):
    now = Now()
    stopwatch = Stopwatch(now)
    clock = make_clock(budget, "seconds", 20, stopwatch)
    with stopwatch.running():
        while clock(0) < 1:
            now.seconds += step_seconds
    assert budget * (1 - 1e-9) <= stopwatch.read() < budget + step_seconds + 1e-9


def test_stopwatch_counts_neither_pauses_nor_what_is_outside():
    now = Now()
    stopwatch = Stopwatch(now)
    now.seconds += 1
    with stopwatch.running():
        now.seconds += 10
        with stopwatch.paused():
            now.seconds += 100
            assert stopwatch.read() == 10
        now.seconds += 1000
        assert stopwatch.read() == 1010
    now.seconds += 10000
    with stopwatch.running():
        now.seconds += 5
    assert stopwatch.read() == 1015


def test_stopwatch_stops_when_the_training_fails():
    now = Now()
    stopwatch = Stopwatch(now)
    with pytest.raises(RuntimeError), stopwatch.running():
        now.seconds += 2
        raise RuntimeError
    now.seconds += 100
    assert stopwatch.read() == 2


@given(st.lists(st.floats(0, 3), min_size=1, max_size=50), st.floats(0.5, 50))
def test_progress_in_seconds_is_whole_ticks_that_never_fall(durations, budget):
    now = Now()
    stopwatch = Stopwatch(now)
    clock = make_clock(budget, "seconds", 20, stopwatch)
    with stopwatch.running():
        progress = []
        for step, seconds in enumerate(durations, start=1):
            now.seconds += seconds
            progress.append(clock(step))
            assert (progress[-1] == 1) == (stopwatch.read() / budget >= 1)
    assert progress == sorted(progress)
    assert [one * TICKS for one in progress] == clock.readings


def test_a_replay_gives_the_readings_after_the_first_steps():
    replay = ReplayClock([3, 5, TICKS], first=10)
    assert [replay(step) for step in (11, 12, 13)] == [3 / TICKS, 5 / TICKS, 1]


@given(st.lists(st.integers(0, TICKS)).map(sorted))
def test_packed_readings_come_back(readings):
    assert unpack(pack(readings)) == readings


def test_readings_of_a_million_steps_stay_small():
    random = np.random.default_rng(0)
    moments = np.cumsum(random.lognormal(0, 0.2, 1_000_000))
    readings = (moments / moments[-1] * TICKS).astype(int).tolist()
    assert len(pack(readings)) < 60_000


def test_processor_time_is_for_processors_only():
    assert stopwatch_for(CPU, "process")._now is time.process_time
    assert stopwatch_for(CPU)._now is time.perf_counter
    with pytest.raises(UserError, match=r"budget\.clock"):
        stopwatch_for(torch.device("cuda"), "process")


class Device:
    """A GPU with scripted times: each step ends this many seconds after the one before."""

    def __init__(self):
        self.seconds = 0.0
        self.waited_for = []

    def event(self):
        return Event(self)


class Event:
    def __init__(self, device):
        self.device = device

    def record(self):
        self.seconds = self.device.seconds

    def synchronize(self):
        self.device.waited_for.append(self)

    def elapsed_time(self, end):
        return 1000 * (end.seconds - self.seconds)


@given(st.lists(st.floats(0.001, 0.1), min_size=3, max_size=30))
def test_a_gpu_is_read_one_step_behind_and_exactly_at_the_end(durations):
    device = Device()
    stopwatch = DeviceStopwatch(device.event)
    readings = []
    with stopwatch.running():
        for index, seconds in enumerate(durations):
            device.seconds += seconds
            readings.append(stopwatch.read())
            # The last step is taken to be as long as the one before.
            known = sum(durations[:index]) + (durations[index - 1] if index else 0)
            assert readings[-1] == pytest.approx(max([known, *readings[:-1]]))
            assert len(device.waited_for) == index
    assert stopwatch.read() == pytest.approx(sum(durations))
    assert readings == sorted(readings)


def test_a_gpu_stopwatch_counts_no_pauses():
    device = Device()
    stopwatch = DeviceStopwatch(device.event)
    with stopwatch.running():
        for _ in range(4):
            device.seconds += 1
            stopwatch.read()
        with stopwatch.paused():
            device.seconds += 100
            assert stopwatch.read() == pytest.approx(4)
        for _ in range(2):
            device.seconds += 1
            assert stopwatch.read() < 7.1
    assert stopwatch.read() == pytest.approx(6)
