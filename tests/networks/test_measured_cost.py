"""The cost of a training step, measured without computing it."""

import pytest
import torch
from torch import nn

from jointsearch.core.errors import Invalid
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.measured_cost import measure
from jointsearch.networks.multibranch import MultiBranchNetwork

SHAPE = (3, 16, 16)
BLOCKS = {f"residual_blocks_{block}": 1 for block in (1, 2, 3)}
PARAMETERS = Hyperparameters(
    **BLOCKS, initial_filters=16, residual_branches_1=2, momentum=0.9, learning_rate=0.1, batch_size=16
)


class Noisy(MultiBranchNetwork):
    """Makes its own noise."""

    def forward(self, images, noise=None):
        return super().forward(images, torch.rand(self.noise_rows, len(images)))


def with_numbers():
    """Needs a number when it is built."""
    torch.linspace(0, 1, 3).tolist()
    return Noisy(PARAMETERS, 3, 10)


class Deciding(Noisy):
    """Needs a number in each step."""

    def forward(self, images, noise=None):
        assert torch.rand(()).item() < 1
        return super().forward(images)


@pytest.mark.parametrize(
    "build",
    [lambda: Noisy(PARAMETERS, 3, 10), with_numbers, lambda: Deciding(PARAMETERS, 3, 10)],
    ids=["without numbers", "built with numbers", "a real step"],
)
@pytest.mark.parametrize("activation_bytes", [4, 2])
def test_our_network_costs_what_its_closed_form_says(build, activation_bytes):
    expected = step_cost(PARAMETERS, SHAPE, 10, 16, activation_bytes)
    state = torch.get_rng_state()
    measured = measure(build, SHAPE, 16, activation_bytes)
    assert (measured.parameters, measured.operations) == (expected.parameters, expected.operations)
    assert measured.saved == pytest.approx(expected.saved, rel=0.05)
    assert measured.memory == pytest.approx(expected.memory, rel=0.1)
    assert torch.equal(torch.get_rng_state(), state)


class Attention(nn.Linear):
    def forward(self, images):
        tokens = images.flatten(2)
        mixed = nn.functional.scaled_dot_product_attention(*(self.weight.sum() * tokens for _ in range(3)))
        return super().forward(mixed.flatten(1))


def test_attention_is_counted_as_products_of_matrices():
    """Two products forward, and for each two backward, for the gradients of both factors."""
    measured = measure(lambda: Attention(768, 10), SHAPE, 8)
    product, linear = 2 * 8 * 3 * 3 * 256, 2 * 8 * 768 * 10
    assert measured.operations == 6 * product + 3 * linear


def test_momentum_is_a_number_for_each_weight_that_is_trained():
    def build():
        module = nn.Sequential(nn.Flatten(), nn.Linear(768, 4), nn.Linear(4, 4))
        module[1].requires_grad_(False)
        return module

    with_momentum, without = (measure(build, SHAPE, 8, has_momentum=has) for has in (True, False))
    assert with_momentum.parameters == 20
    assert with_momentum.memory - without.memory == 4 * 20


def test_a_network_too_large_for_any_memory_is_measured():
    def build():
        return nn.Sequential(nn.Flatten(), nn.Linear(768, 10**9), nn.Linear(10**9, 10))

    measured = measure(build, SHAPE, 8)
    assert measured.parameters == 768 * 10**9 + 10**9 + 10**10 + 10
    assert measured.operations == 2 * 8 * (2 * 768 + 3 * 10) * 10**9


def test_what_the_network_says_of_itself_is_raised_at_once():
    calls = []

    def build():
        calls.append(1)
        raise Invalid("no such network")

    with pytest.raises(Invalid):
        measure(build, SHAPE, 8)
    assert len(calls) == 1
