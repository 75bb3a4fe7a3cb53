"""What an ensemble of networks answers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.training.measure import ensemble_error

IMAGES, CLASSES = 40, 3


def members(number: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(torch.randn(number, IMAGES, CLASSES, generator=generator).softmax(2))


def labels(seed: int) -> torch.Tensor:
    return torch.randint(CLASSES, (IMAGES,), generator=torch.Generator().manual_seed(seed))


@given(st.integers(1, 5), st.integers(0, 1000))
def test_copies_of_one_network_answer_as_it_does(copies, seed):
    [one], answers = members(1, seed), labels(seed)
    alone = (one.argmax(1) != answers).sum().item() / IMAGES
    assert ensemble_error([one] * copies, answers) == alone


@given(st.integers(1, 5), st.integers(0, 1000))
def test_where_all_members_agree_so_does_the_ensemble(number, seed):
    some, answers = members(number, seed), labels(seed)
    right = torch.stack([one.argmax(1) == answers for one in some])
    assert ensemble_error(some, answers) <= 1 - right.all(0).sum().item() / IMAGES + 1e-12


def test_the_order_of_the_members_does_not_matter():
    some, answers = members(4, 0), labels(0)
    assert ensemble_error(some[::-1], answers) == ensemble_error(some, answers)


def test_members_that_err_apart_are_right_together():
    """Each is wrong on another image, and unsure where it is."""
    wrong, right = torch.tensor([0.4, 0.6]), torch.tensor([0.9, 0.1])
    some = [torch.stack([wrong if image == member else right for image in range(3)]) for member in range(3)]
    answers = torch.zeros(3, dtype=torch.int64)
    assert [ensemble_error([one], answers) for one in some] == pytest.approx([1 / 3] * 3)
    assert ensemble_error(some, answers) == 0
