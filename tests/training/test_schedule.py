import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.training.schedule import continued, doubling, learning_rate, moments

ladders = st.builds(
    lambda maximum, eta, levels: [maximum / eta**level for level in reversed(range(levels))],
    st.floats(0.5, 1e5),
    st.integers(2, 10),
    st.integers(1, 8),
)
schedules = st.integers(0, 7).map(doubling) | ladders.map(continued)


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
    ends = [0.0, *(budget * end for end in doubling(level))]
    assert [end - start for start, end in itertools.pairwise(ends)] == pytest.approx(lengths, abs=0.01)


def test_a_continued_training_ends_a_cycle_at_each_budget():
    assert continued([400, 1200, 3600]) == pytest.approx((1 / 9, 1 / 3, 1))
    assert continued([400]) == (1.0,)


@given(schedules)
def test_cycles_end_in_order_and_the_last_with_the_budget(ends):
    assert list(ends) == sorted(ends)
    assert ends[0] > 0
    assert ends[-1] == 1


@pytest.mark.parametrize(("cycles", "first"), [(1, 720), (2, 240), (4, 48)])
def test_learning_rate_is_that_of_torch(cycles, first):
    total = first * (2**cycles - 1)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, T_0=first, T_mult=2)
    ends = doubling(cycles - 1)
    for step in range(total):
        theirs.step(step)
        assert learning_rate(step / total, 0.3, ends) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)


@given(st.floats(0, 1), st.floats(1e-3, 1), schedules)
def test_learning_rate_stays_between_zero_and_its_peak(progress, peak, ends):
    assert 0 <= learning_rate(progress, peak, ends) <= peak


@given(schedules)
def test_each_cycle_starts_at_the_peak_and_the_last_ends_at_zero(ends):
    starts = [0.0, *ends[:-1]]
    assert {learning_rate(start, 0.5, ends) for start in starts} == {0.5}
    assert learning_rate(1, 0.5, ends) == 0


@given(schedules, st.data())
def test_learning_rate_falls_within_a_cycle(ends, data):
    start, end = data.draw(st.sampled_from(list(itertools.pairwise((0.0, *ends)))))
    earlier, later = sorted(data.draw(st.tuples(*[st.floats(start, end, exclude_max=True)] * 2)))
    assert learning_rate(earlier, 0.5, ends) >= learning_rate(later, 0.5, ends)


@given(schedules)
def test_moments_are_the_quarters_of_each_cycle(ends):
    looks = moments(ends)
    assert list(looks) == sorted(looks)
    assert len(looks) == 4 * len(ends)
    assert looks[3::4] == ends
    assert looks[-1] == 1
    for cycle, (start, end) in enumerate(itertools.pairwise((0.0, *ends))):
        parts = [(look - start) / (end - start) for look in looks[4 * cycle : 4 * cycle + 4]]
        assert parts == pytest.approx([0.25, 0.5, 0.75, 1], abs=1e-6)


def test_moments_of_two_cycles():
    assert moments((0.2, 1.0)) == pytest.approx((0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8, 1))
