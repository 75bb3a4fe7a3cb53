import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork, ResidualBlock, TwoPathSkip, parameter_count


def configuration(blocks=(1, 1, 1), branches=(1, 1, 1), **values) -> Hyperparameters:
    for index in range(3):
        values[f"residual_blocks_{index + 1}"] = blocks[index]
        values[f"residual_branches_{index + 1}"] = branches[index]
    return Hyperparameters(**({"initial_filters": 4, "learning_rate": 0.1, "batch_size": 4} | values))


def generator(seed=0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(network: MultiBranchNetwork, images: int, random: torch.Generator | None = None) -> torch.Tensor:
    return torch.rand(network.noise_rows, images, generator=random or generator())


triples = st.tuples(*[st.integers(1, 3)] * 3)
factors = st.floats(0.1, 3)


@settings(max_examples=40)
@given(triples, triples, st.integers(1, 6), factors, factors, factors, st.integers(1, 3), st.integers(2, 12))
def test_parameter_count_is_that_of_the_network(blocks, branches, filters, one, two, three, channels, classes):
    parameters = configuration(
        blocks,
        branches,
        initial_filters=filters,
        widen_factor_1=one,
        widen_factor_2=two,
        widen_factor_3=three,
    )
    network = MultiBranchNetwork(parameters, channels, classes)
    real = sum(weight.numel() for weight in network.parameters())
    assert parameter_count(parameters, channels, classes) == real


@pytest.mark.parametrize(("width", "millions"), [(32, 2.9), (64, 11.7), (96, 26.2)])
def test_parameter_count_of_published_shake_shake_networks(width, millions):
    """Gastaldi (2017), tables 1 and 2: 26 2x32d, 2x64d and 2x96d."""
    parameters = configuration(
        (4, 4, 4), (2, 2, 2), initial_filters=16, widen_factor_1=width / 16, widen_factor_2=2, widen_factor_3=2
    )
    assert parameter_count(parameters, 3, 10) / 1e6 == pytest.approx(millions, abs=0.05)


def test_parameter_count_of_the_largest_network_of_the_space_needs_no_network():
    parameters = configuration(
        (16, 16, 16), (5, 5, 5), initial_filters=32, widen_factor_1=8, widen_factor_2=4, widen_factor_3=4
    )
    assert parameter_count(parameters, 3, 10) > 10**10


def test_depth_width_and_resolution():
    parameters = configuration(
        (1, 2, 3), (1, 2, 3), initial_filters=5, widen_factor_1=1.5, widen_factor_2=0.5, widen_factor_3=3
    )
    network = MultiBranchNetwork(parameters, 1, 7)
    shapes = []
    for last in (0, 2, 5):
        network.residual_blocks[last].register_forward_hook(
            lambda _, __, output: shapes.append(tuple(output.shape[1:]))
        )
    logits = network(torch.randn(2, 1, 9, 9), noise(network, 2))
    # round(5 * 1.5) = 8, round(8 * 0.5) = 4, round(4 * 3) = 12; 9 pixels, then 5, then 3.
    assert shapes == [(8, 9, 9), (4, 5, 5), (12, 3, 3)]
    assert logits.shape == (2, 7)
    large = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(large) == 1 + 2 * (1 * 1 + 2 * 2 + 3 * 3)


def test_no_convolution_has_a_bias():
    network = MultiBranchNetwork(configuration(), 3, 10)
    assert all(m.bias is None for m in network.modules() if isinstance(m, torch.nn.Conv2d))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [5, 6])
@pytest.mark.parametrize("width", [1, 4, 7])
def test_two_path_skip_pixel_by_pixel(stride, side, width):
    skip = TwoPathSkip(3, width, stride).eval()
    for path in skip.paths:
        path.weight.data.normal_(generator=generator())
    rectified = torch.randn(2, 3, side, side, generator=generator(1)).relu()
    output = skip(rectified)
    first, second = torch.cat([path.weight[:, :, 0, 0] for path in skip.paths]).tensor_split([math.ceil(width / 2)])
    assert [len(path.weight) for path in skip.paths] == [len(half) for half in (first, second) if len(half)]
    for row in range(output.shape[2]):
        for column in range(output.shape[3]):
            y, x = row * stride, column * stride
            inside = y + 1 < side and x + 1 < side
            moved = rectified[:, :, y + 1, x + 1] if inside else torch.zeros(2, 3)
            expected = torch.cat([rectified[:, :, y, x] @ first.T, moved @ second.T], 1)
            # A fresh batch norm in evaluation mode divides by sqrt(1 + eps).
            torch.testing.assert_close(output[:, :, row, column] * math.sqrt(1 + skip.norm.eps), expected)
    assert output.shape[2:] == (math.ceil(side / stride),) * 2


@pytest.mark.parametrize(("branches", "death_rate", "share"), [(1, 0.3, 0.7), (1, 0, 1), (3, 0.3, 1 / 3)])
def test_residual_block_at_evaluation_is_skip_plus_expected_branches(branches, death_rate, share):
    block = ResidualBlock(4, 4, 1, branches, death_rate).eval()
    for module in block.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data.normal_(generator=generator())
    images = torch.randn(2, 4, 5, 5, generator=generator(1))
    expected = images.clone()
    for branch in block.branches:
        hidden = F.conv2d(images.relu(), branch[0].weight, padding=1) / math.sqrt(1 + 1e-5)
        expected += share * F.conv2d(hidden.relu(), branch[3].weight, padding=1) / math.sqrt(1 + 1e-5)
    torch.testing.assert_close(block(images, None), expected, rtol=1e-4, atol=1e-4)


def test_each_branch_is_computed_once_in_a_pass():
    network = MultiBranchNetwork(configuration((2, 1, 1), (3, 2, 1)), 1, 10)
    calls = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda module, *_: calls.append(id(module)))
    network(torch.randn(4, 1, 8, 8), noise(network, 4)).sum().backward()
    assert len(calls) == len(set(calls))


def test_initial_weights_have_he_deviation_by_fan_out():
    network = MultiBranchNetwork(configuration(initial_filters=64, widen_factor_1=0.5), 1, 10)
    for convolution in (module for module in network.modules() if isinstance(module, torch.nn.Conv2d)):
        fan_out = convolution.out_channels * math.prod(convolution.kernel_size)
        error = 5 / math.sqrt(2 * convolution.weight.numel())
        assert convolution.weight.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=error)
    assert not network.classifier.bias.any()


def test_random_numbers_come_from_the_generator_and_the_noise_only():
    parameters = configuration(branches=(2, 1, 1), shakedrop_death_rate=0.5)
    images = torch.randn(4, 1, 8, 8)
    state = torch.get_rng_state()
    outputs = []
    for seed in (1, 1, 2):
        network = MultiBranchNetwork(parameters, 1, 10, generator(seed))
        outputs.append([network(images, noise(network, 4, generator(draw))) for draw in (1, 2)])
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(outputs[0][0], outputs[1][0])
    assert not torch.equal(outputs[0][0], outputs[0][1])
    assert not torch.equal(outputs[0][0], outputs[2][0])


def test_training_mode_needs_noise_and_evaluation_uses_none():
    network = MultiBranchNetwork(configuration(branches=(2, 1, 1), shakedrop_death_rate=0.5), 1, 10)
    images = torch.randn(4, 1, 8, 8)
    with pytest.raises(ValueError, match="pass noise"):
        network(images)
    network.eval()
    assert torch.equal(network(images), network(images, noise(network, 4)))


def test_gradients_are_finite_within_the_space_and_at_its_edges():
    """The ranges of the paper's table 1, but 1 or 2 initial filters and at most 2 blocks, for speed."""
    random, draws = np.random.default_rng(0), generator()
    for number in range(60):
        # Every fifth one from a corner, where each hyperparameter is as small or as large as can be.
        one = random.integers(0, 2, 10).astype(float) if number % 5 == 0 else random.random(10)
        parameters = configuration(
            (1 + (one[:3] > 0.7)).tolist(),
            (1 + np.rint(4 * one[3:6])).astype(int).tolist(),
            initial_filters=1 + int(random.integers(0, 2)),
            widen_factor_1=0.5 * 16 ** one[6],
            widen_factor_2=0.5 * 8 ** one[7],
            widen_factor_3=0.5 * 8 ** one[8],
            shakedrop_death_rate=one[9],
        )
        network = MultiBranchNetwork(parameters, 1, 10, draws)
        images = torch.randn(2, 1, 8, 8, generator=draws)
        F.cross_entropy(network(images, noise(network, 2, draws)), torch.tensor([0, 1])).backward()
        gradients = [weight.grad for weight in network.parameters()]
        finite = torch.stack(torch._foreach_norm(gradients)).isfinite().all()
        assert finite, parameters
