import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.training.schedule import cycle_count, cycle_ends, learning_rate


@pytest.mark.parametrize(
    ("level", "budget", "lengths"),
    [
        (0, 400, [400]),
        (1, 1200, [400, 800]),
        (2, 3600, [514.29, 1028.57, 2057.14]),
        (3, 10800, [720, 1440, 2880, 5760]),
    ],
)
def test_cycles_of_the_papers_budgets(level, budget, lengths):
    ends = [0.0, *(budget * end for end in cycle_ends(cycle_count(level)))]
    assert [end - start for start, end in itertools.pairwise(ends)] == pytest.approx(lengths, abs=0.01)


@pytest.mark.parametrize(("cycles", "first"), [(1, 720), (2, 240), (4, 48)])
def test_learning_rate_is_that_of_torch(cycles, first):
    total = first * (2**cycles - 1)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, T_0=first, T_mult=2)
    for step in range(total):
        theirs.step(step)
        assert learning_rate(step / total, 0.3, cycles) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)


@given(st.floats(0, 1), st.floats(1e-3, 1), st.integers(1, 8))
def test_learning_rate_stays_between_zero_and_its_peak(progress, peak, cycles):
    assert 0 <= learning_rate(progress, peak, cycles) <= peak


@given(st.integers(1, 8))
def test_each_cycle_starts_at_the_peak_and_the_last_ends_at_zero(cycles):
    starts = [0.0, *cycle_ends(cycles)[:-1]]
    assert {learning_rate(start, 0.5, cycles) for start in starts} == {0.5}
    assert learning_rate(1, 0.5, cycles) == 0
