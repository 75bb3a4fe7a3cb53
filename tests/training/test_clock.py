import itertools
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.core.errors import UserError
from jointsearch.training.clock import (
    TICKS,
    DeviceStopwatch,
    ReplayClock,
    SecondClock,
    StepClock,
    Stopwatch,
    make_clock,
    pack,
    stopwatch_for,
    unpack,
)

CPU, GPU = torch.device("cpu"), torch.device("cuda")


class Now:
    """A time that a test moves."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Device:
    """A GPU whose events happen at given times, in milliseconds, in the order in which they are recorded."""

    def __init__(self, times):
        self._times = iter(times)
        self.recorded = []
        self.waits = []

    def event(self) -> "ScriptedEvent":
        return ScriptedEvent(self)

    def record(self, event) -> float:
        self.recorded.append(event)
        return next(self._times)


class ScriptedEvent:
    def __init__(self, device):
        self._device, self.time = device, None

    def record(self):
        self.time = self._device.record(self)

    def synchronize(self):
        self._device.waits.append(self)

    def elapsed_time(self, end_event) -> float:
        """As on a GPU, both have to have happened: one of them or a later one was waited for."""
        recorded = self._device.recorded
        done = max((recorded.index(event) for event in self._device.waits), default=-1)
        assert recorded.index(self) <= done
        assert recorded.index(end_event) <= done
        return end_event.time - self.time


def steps_done(clock) -> int:
    steps = 0
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
    clock = make_clock(budget, unit, 20, Stopwatch())
    assert clock == StepClock(steps)
    assert steps_done(clock) == steps


@pytest.mark.parametrize(
    ("budget", "step_cost", "steps"), [(9, 0.5, 18), (9, 2, 4), (9, 1.9, 5), (0.1, 4, 1), (1e-9, 3e-11, 33)]
)
@pytest.mark.parametrize("unit", ["gflop", "nominal_seconds"])
def test_budgets_of_computation_are_whole_steps_by_what_a_step_costs(budget, unit, step_cost, steps):
    clock = make_clock(budget, unit, 20, Stopwatch(), step_cost)
    assert clock == StepClock(steps)
    assert steps_done(clock) == steps


def test_progress_is_never_above_one():
    assert [StepClock(2)(steps) for steps in (1, 2, 3)] == [0.5, 1, 1]


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


@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), min_size=1, max_size=100))
def test_progress_of_seconds_never_falls_and_is_at_most_one_in_whole_ticks(budget, lengths):
    now = Now()
    stopwatch = Stopwatch(now)
    clock = SecondClock(budget, stopwatch)
    answers = []
    with stopwatch.running():
        for step, length in enumerate(lengths, start=1):
            now.seconds += length
            answers.append(clock(step))
            assert answers[-1] == pytest.approx(min(1, stopwatch.read() / budget), abs=1 / TICKS)
    assert answers == sorted(answers)
    assert max(answers) <= 1
    assert [answer * TICKS for answer in answers] == clock.readings
    assert all(isinstance(reading, int) for reading in clock.readings)


def test_progress_is_not_ahead_of_the_seconds():
    now = Now()
    stopwatch = Stopwatch(now)
    clock = SecondClock(1.0, stopwatch)
    with stopwatch.running():
        now.seconds += 1 - 2**-20
        assert clock(1) == 1 - 1 / TICKS
        now.seconds += 2**-20
        assert clock(2) == 1


@given(st.lists(st.floats(0, 3), min_size=1, max_size=50), st.integers(0, 1000))
def test_a_replay_gives_the_readings_again(lengths, first):
    """Also where other steps were done before, at lower budgets."""
    now = Now()
    stopwatch = Stopwatch(now)
    clock = SecondClock(20.0, stopwatch)
    steps, answers = range(first + 1, first + len(lengths) + 1), []
    with stopwatch.running():
        for step, length in zip(steps, lengths, strict=True):
            now.seconds += length
            answers.append(clock(step))
    replay = ReplayClock(unpack(pack(clock.readings)), first)
    assert [replay(step) for step in steps] == answers


def test_a_replay_starts_at_the_first_step():
    assert [ReplayClock([0, TICKS // 2, TICKS])(step) for step in (1, 2, 3)] == [0, 0.5, 1]


@given(st.lists(st.integers(0, TICKS)).map(sorted))
def test_readings_survive_packing(readings):
    assert unpack(pack(readings)) == readings


@pytest.mark.parametrize("spread", [0.0, 0.1, 2.0])
def test_readings_of_a_million_steps_pack_to_less_than_60_kilobytes(spread):
    """Steps of equal, of similar and of very different length."""
    ends = np.random.default_rng(0).lognormal(0, spread, 1_000_000).cumsum()
    readings = np.minimum(TICKS, ends / ends[-1] * TICKS).astype(int).tolist()
    packed = pack(readings)
    assert len(packed) < 60_000
    assert packed.isascii()
    assert unpack(packed) == readings


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


def test_stopwatch_starts_from_the_seconds_it_is_set_to():
    now = Now()
    stopwatch = Stopwatch(now, 7)
    assert stopwatch.read() == 7
    stopwatch.set(30)
    with stopwatch.running():
        now.seconds += 2
        assert stopwatch.read() == 32
    assert stopwatch.read() == 32


lengths = st.lists(st.floats(0.1, 1000), min_size=1, max_size=20)
"""Milliseconds of steps on a device."""


@given(lengths, st.floats(0, 1000))
def test_readings_on_a_device_are_wrong_by_at_most_one_steps_difference(steps, rest):
    ends = list(itertools.accumulate(steps, initial=500.0))
    device = Device([*ends, ends[-1] + rest])
    stopwatch = DeviceStopwatch(device.event)
    readings = []
    with stopwatch.running():
        for _ in steps:
            readings.append(stopwatch.read())
            # But for the first step, waiting for the one just queued would leave the device idle.
            assert (device.recorded[-1] in device.waits) == (len(readings) == 1)
    assert readings == sorted(readings)
    assert readings[0] == pytest.approx(steps[0] / 1000)
    differences = [0.0, *(later - earlier for earlier, later in itertools.pairwise(steps))]
    for reading, end, difference in zip(readings, ends[1:], differences, strict=True):
        behind = (end - 500) - 1000 * reading
        assert min(differences) - 1e-6 <= behind <= max(0, difference) + 1e-6
    assert stopwatch.read() == pytest.approx((ends[-1] + rest - 500) / 1000)


def test_each_reading_but_the_first_waits_for_the_step_before():
    device = Device([0, 10, 20, 30, 45])
    stopwatch = DeviceStopwatch(device.event)
    stopwatch.start()
    assert stopwatch.read() == pytest.approx(0.01)
    assert device.waits == device.recorded[1:2]
    assert stopwatch.read() == pytest.approx(0.02)
    assert device.waits == device.recorded[1:2]
    assert stopwatch.read() == pytest.approx(0.03)
    assert device.waits == device.recorded[1:3]
    stopwatch.stop()
    assert device.recorded[-1] in device.waits
    assert stopwatch.read() == pytest.approx(0.045)


@given(st.lists(st.tuples(lengths, st.floats(0, 1e5)), min_size=1, max_size=4))
def test_pauses_are_not_counted_on_a_device(attempts):
    """Of each attempt, a start, the ends of its steps and a stop right after the last."""
    moment, times = 0.0, []
    for steps, pause in attempts:
        ends = list(itertools.accumulate(steps, initial=moment))
        times += [*ends, ends[-1]]
        moment = ends[-1] + pause
    device = Device(times)
    stopwatch = DeviceStopwatch(device.event)
    total = 0.0
    for steps, _ in attempts:
        with stopwatch.running():
            for _ in steps:
                stopwatch.read()
        total += sum(steps) / 1000
        recorded = len(device.recorded)
        assert stopwatch.read() == pytest.approx(total)
        assert len(device.recorded) == recorded


def test_an_attempt_starts_from_the_length_of_the_last_step_before_the_pause():
    device = Device([0, 10, 20, 20, 900, 910])
    stopwatch = DeviceStopwatch(device.event)
    with stopwatch.running():
        stopwatch.read(), stopwatch.read()
    stopwatch.start()
    assert stopwatch.read() == pytest.approx(0.03)


@given(st.lists(lengths, min_size=1, max_size=4))
def test_progress_on_a_device_never_falls_even_over_pauses(attempts):
    """A step that was shorter than expected shows in the exact time of a pause."""
    moment, times = 0.0, []
    for steps in attempts:
        ends = list(itertools.accumulate(steps, initial=moment))
        times += [*ends, ends[-1]]
        moment = ends[-1] + 50
    stopwatch = DeviceStopwatch(Device(times).event)
    clock = SecondClock(moment / 1000, stopwatch)
    for steps in attempts:
        with stopwatch.running():
            for _ in steps:
                clock(0)
    assert clock.readings == sorted(clock.readings)
    assert unpack(pack(clock.readings)) == clock.readings


def test_a_device_stopwatch_starts_from_the_seconds_it_is_set_to():
    stopwatch = DeviceStopwatch(Device([0, 10, 20, 20, 500, 510, 520]).event)
    with stopwatch.running():
        stopwatch.read(), stopwatch.read()
    stopwatch.set(0.005)
    assert stopwatch.read() == 0.005
    with stopwatch.running():
        assert stopwatch.read() == pytest.approx(0.015)
    assert stopwatch.read() == pytest.approx(0.025)


def test_a_device_stopwatch_can_be_stopped_twice():
    device = Device([0, 10])
    stopwatch = DeviceStopwatch(device.event)
    stopwatch.start()
    stopwatch.stop()
    stopwatch.stop()
    assert stopwatch.read() == 0.01


def test_a_cpu_has_wall_time_and_processor_time():
    watches = {clock: stopwatch_for(CPU, clock) for clock in ("wall", "process")}
    with watches["wall"].running(), watches["process"].running():
        time.sleep(0.2)
        idle = watches["process"].read()
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
    assert idle < 0.1
    assert watches["process"].read() >= 0.05
    assert watches["wall"].read() >= 0.2 + 0.05 * 0.9


def test_the_clock_of_a_cpu_is_wall_time_unless_asked_otherwise():
    stopwatch = stopwatch_for(CPU)
    with stopwatch.running():
        time.sleep(0.05)
    assert stopwatch.read() >= 0.05


def test_a_gpu_is_read_by_its_own_events():
    assert isinstance(stopwatch_for(GPU), DeviceStopwatch)
    assert isinstance(stopwatch_for(GPU, "wall"), DeviceStopwatch)


def test_processor_time_says_nothing_on_a_gpu():
    with pytest.raises(UserError, match=r"budget\.clock: process .* use wall"):
        stopwatch_for(GPU, "process")


@pytest.mark.parametrize("text", ["", "?", "AAAA", pack([1, 2, 3])[:-8]])
def test_what_is_not_packed_readings_is_refused(text):
    with pytest.raises(ValueError, match="not packed clock readings"):
        unpack(text)


def test_a_replay_that_outlasts_its_readings_says_so():
    replay = ReplayClock([3, 5])
    with pytest.raises(UserError, match="end after 2 steps"):
        replay(3)


def test_the_exact_time_of_a_device_can_be_had_while_it_runs():
    device = Device([0, 10, 20, 24, 24, 34, 34])
    stopwatch = DeviceStopwatch(device.event)
    with stopwatch.running():
        stopwatch.read(), stopwatch.read()
        assert stopwatch.exact() == pytest.approx(0.024)
        # The step before the one of 4 ms was the last that it waited for.
        assert stopwatch.read() == pytest.approx(0.034)
    assert stopwatch.read() == pytest.approx(0.034)
    assert stopwatch.exact() == stopwatch.read()
