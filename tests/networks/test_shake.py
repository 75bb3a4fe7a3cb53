"""Facts of Gastaldi (2017) and Yamada et al. (2018), checked on branches whose weights can be read off."""

import math

import pytest
import torch

from jointsearch.networks.shake import SHAKEDROP_NOISE, mix, shake_shake, shake_shake_noise, shakedrop

IMAGES = 20_000
ZERO = torch.zeros(1, 1, 1, 1)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def shaken(branches: list[torch.Tensor]) -> torch.Tensor:
    noise = torch.rand(shake_shake_noise(len(branches)), len(branches[0]), generator=generator())
    return shake_shake(torch.zeros_like(branches[0]), branches, noise)


def dropped(branch: torch.Tensor, death_rate: float, random: torch.Generator) -> torch.Tensor:
    noise = torch.rand(SHAKEDROP_NOISE, len(branch), generator=random)
    return shakedrop(torch.zeros_like(branch), branch, death_rate, noise)


def one_hot_branches(count: int) -> list[torch.Tensor]:
    """Branches whose mixture shows the forward weight of the first, and their gradients the backward ones."""
    values = [1.0] + [0.0] * (count - 1)
    return [torch.full((IMAGES, 1, 1, 1), value, requires_grad=True) for value in values]


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()


def test_equal_weights_both_ways_give_the_true_gradient():
    branches = [torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True) for _ in range(4)]
    weights = torch.rand(3, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda skip, *b: mix(skip, b, weights, weights), branches)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shake_shake_weights_sum_to_one_and_differ_between_passes(count):
    branches = one_hot_branches(count)
    forward = shaken(branches)
    forward.sum().backward()
    backward = torch.stack([branch.grad for branch in branches])
    torch.testing.assert_close(backward.sum(0), torch.ones(IMAGES, 1, 1, 1))
    assert abs(correlation(forward.detach(), backward[0])) < 5 / math.sqrt(IMAGES)
    ones = [torch.ones(IMAGES, 1, 1, 1)] * count
    torch.testing.assert_close(shaken(ones), ones[0])


def test_shake_shake_weights_of_two_branches_are_a_logistic_of_a_difference_of_uniforms():
    weights = shaken(one_hot_branches(2)).detach()
    logits = torch.logit(weights)
    assert logits.abs().max() <= 1
    assert logits.var().item() == pytest.approx(1 / 6, rel=0.05)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shake_shake_evaluates_to_its_expectation(count):
    branches = [torch.full((IMAGES, 1, 1, 1), float(value)) for value in range(count)]
    drawn = shaken(branches)
    expected = shake_shake(ZERO, branches, None)
    torch.testing.assert_close(expected, torch.full_like(expected, (count - 1) / 2))
    assert abs(drawn.mean() - expected[0, 0, 0, 0]) < 5 * drawn.std() / math.sqrt(IMAGES)


@pytest.mark.parametrize("death_rate", [0.2, 0.7, 1.0])
def test_shakedrop_evaluates_to_its_expectation(death_rate):
    branch, random, batches = torch.full((4, 1, 1, 1), 3.0), generator(), 4000
    means = torch.stack([dropped(branch, death_rate, random).mean() for _ in range(batches)])
    expected = shakedrop(ZERO, branch, death_rate, None)
    torch.testing.assert_close(expected, (1 - death_rate) * branch)
    assert abs(means.mean() - expected[0, 0, 0, 0]) < 5 * means.std() / math.sqrt(batches)


def test_shakedrop_disturbs_whole_batches_at_its_rate():
    branch, random = torch.ones(3, 1, 1, 1), generator()
    disturbed = [bool((dropped(branch, 0.3, random) != 1).any()) for _ in range(4000)]
    assert sum(disturbed) / 4000 == pytest.approx(0.3, abs=5 * math.sqrt(0.3 * 0.7 / 4000))
    untouched = [dropped(branch, 0.5, random) for _ in range(50)]
    assert {int((output != 1).sum()) for output in untouched} == {0, 3}


def test_shakedrop_factors_have_their_ranges_and_differ_between_passes():
    branch = torch.ones(IMAGES, 1, 1, 1, requires_grad=True)
    forward = dropped(branch, 1.0, generator())
    forward.sum().backward()
    backward, forward = branch.grad, forward.detach()
    assert forward.min() >= -1
    assert forward.max() <= 1
    assert backward.min() >= 0
    assert backward.max() <= 1
    assert forward.var().item() == pytest.approx(1 / 3, rel=0.05)
    assert backward.var().item() == pytest.approx(1 / 12, rel=0.05)
    assert abs(correlation(forward, backward)) < 5 / math.sqrt(IMAGES)


def test_shakedrop_without_deaths_adds_the_branch():
    skip, branch = torch.randn(2, 2, 3, 4, 4)
    assert torch.equal(shakedrop(skip, branch, 0.0, None), skip + branch)


def test_both_add_to_what_skips_the_branches():
    skip, one, other = torch.randn(3, 2, 3, 4, 4)
    noise = torch.rand(4, 2)
    mixed = shake_shake(torch.zeros_like(skip), [one, other], noise)
    torch.testing.assert_close(shake_shake(skip, [one, other], noise), skip + mixed)
    disturbed = shakedrop(torch.zeros_like(skip), one, 1.0, noise[:3])
    torch.testing.assert_close(shakedrop(skip, one, 1.0, noise[:3]), skip + disturbed)


def test_branches_in_bfloat16_are_mixed_in_bfloat16():
    skip, one, other = torch.randn(3, 2, 3, 4, 4).bfloat16()
    assert shake_shake(skip, [one, other], torch.rand(4, 2)).dtype == torch.bfloat16
    assert shakedrop(skip, one, 0.5, torch.rand(3, 2)).dtype == torch.bfloat16
