import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.training.clock import Stopwatch, make_clock

CPU = torch.device("cpu")


class Now:
    """A time that a test moves."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


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
    assert steps_done(make_clock(budget, unit, 20, Stopwatch(CPU))) == steps


@given(st.integers(1, 300))
def test_progress_of_steps_is_their_share(total):
    clock = make_clock(total, "steps", 20, Stopwatch(CPU))
    assert [clock(step) for step in range(total + 1)] == [step / total for step in range(total + 1)]


@given(st.floats(0.5, 50), st.floats(0.01, 3))
def test_a_budget_of_seconds_ends_less_than_one_step_late(budget, step_seconds):
    now = Now()
    stopwatch = Stopwatch(CPU, now)
    clock = make_clock(budget, "seconds", 20, stopwatch)
    with stopwatch.running():
        while clock(0) < 1:
            now.seconds += step_seconds
    assert budget * (1 - 1e-9) <= stopwatch.read() < budget + step_seconds + 1e-9


def test_stopwatch_counts_neither_pauses_nor_what_is_outside():
    now = Now()
    stopwatch = Stopwatch(CPU, now)
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
    stopwatch = Stopwatch(CPU, now)
    with pytest.raises(RuntimeError), stopwatch.running():
        now.seconds += 2
        raise RuntimeError
    now.seconds += 100
    assert stopwatch.read() == 2
