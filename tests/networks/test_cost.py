"""The closed form against a network that is built and trained for a step."""

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from jointsearch.core.config import TrainingSettings
from jointsearch.core.config.budget import NominalSettings
from jointsearch.core.errors import UserError
from jointsearch.networks.cost import StepCost, in_unit, step_cost
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork
from jointsearch.training import accelerate

SHAPES = [(1, 8, 8), (3, 32, 32), (3, 9, 7), (2, 6, 5), (1, 1, 1)]
CLASSES = 3


def configuration(
    filters: int, blocks: Sequence[int], branches: Sequence[int], factors: Sequence[float], **others: Any
) -> Hyperparameters:
    values: dict[str, Any] = {}
    for number, (block, branch, factor) in enumerate(zip(blocks, branches, factors, strict=True), start=1):
        values |= {
            f"residual_blocks_{number}": block,
            f"residual_branches_{number}": branch,
            f"widen_factor_{number}": factor,
        }
    return Hyperparameters(initial_filters=filters, learning_rate=0.1, batch_size=2, **values, **others)


def random_configuration(seed: int) -> Hyperparameters:
    random = np.random.default_rng(seed)
    return configuration(
        int(random.integers(1, 10)),
        random.integers(1, 4, 3).tolist(),
        random.integers(1, 4, 3).tolist(),
        np.exp(random.uniform(np.log(0.3), np.log(3), 3)).tolist(),
        shakedrop_death_rate=random.choice([0, 0.5]),
    )


def forward(network: MultiBranchNetwork, images: torch.Tensor) -> torch.Tensor:
    return network(images, torch.rand(network.noise_rows, len(images)))


def precision(activation_bytes: int) -> contextlib.AbstractContextManager:
    return torch.autocast("cpu", torch.bfloat16) if activation_bytes == 2 else contextlib.nullcontext()


def saved_bytes(network: MultiBranchNetwork, images: torch.Tensor, activation_bytes: int) -> int:
    """Bytes of what autograd saves, each storage once, without the network's own."""
    storages: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        # Kept, so that no later one is found at the same address.
        storages[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), precision(activation_bytes):
        forward(network, images)
    own = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
    return sum(tensor.untyped_storage().nbytes() for address, tensor in storages.items() if address not in own)


def peak_bytes(
    network: MultiBranchNetwork, images: torch.Tensor, activation_bytes: int, optimiser: torch.optim.Optimizer
) -> int:
    """Most bytes in use at once in a training step, on top of what is there before."""

    def step() -> None:
        with precision(activation_bytes):
            loss = forward(network, images).square().mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    # The first one makes the momentum.
    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(itertools.accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


@pytest.mark.parametrize("seed", range(20))
def test_parameters_operations_and_saved_bytes_are_those_of_the_network(seed):
    parameters, shape, batch_size = random_configuration(seed), SHAPES[seed % len(SHAPES)], 2 + seed % 3
    network = MultiBranchNetwork(parameters, shape[0], CLASSES)
    images = torch.randn(batch_size, *shape)
    with FlopCounterMode(display=False) as counter:
        forward(network, images).sum().backward()
    for activation_bytes in (4, 2):
        cost = step_cost(parameters, shape, CLASSES, batch_size, activation_bytes)
        assert cost.parameters == sum(weight.numel() for weight in network.parameters())
        assert cost.operations == counter.get_total_flops()
        layers = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d | torch.nn.Linear)]
        assert cost.convolutions == len(layers)
        # The weights of Shake-Shake and ShakeDrop are left out.
        rest = saved_bytes(network, images, activation_bytes) - cost.saved
        assert 0 <= rest <= 4 * network.noise_rows * batch_size


def test_a_step_is_of_a_budget_what_the_unit_counts():
    cost = StepCost(parameters=7, operations=3 * 10**9, memory=9, saved=5 * 10**6, convolutions=4)
    nominal = NominalSettings(step=1000, convolution=100, gflop=10, megabyte=1)
    assert in_unit(cost, "nominal_seconds", nominal) == 1000 + 4 * 100 + 3 * 10 + 5
    assert in_unit(cost, "gflop", None) == 3
    assert [in_unit(cost, unit, None) for unit in ("seconds", "epochs", "steps", "trees")] == [None] * 4


def test_a_step_that_takes_nothing_of_the_budget_is_refused():
    cost = StepCost(parameters=7, operations=0, memory=9, saved=0, convolutions=0)
    with pytest.raises(UserError, match="a training step of this network takes no GFLOP; use another unit"):
        in_unit(cost, "gflop", None)
    with pytest.raises(UserError, match="takes no nominal seconds"):
        in_unit(cost, "nominal_seconds", NominalSettings(step=0, convolution=1, gflop=1, megabyte=1))


@pytest.mark.parametrize("activation_bytes", [4, 2])
@pytest.mark.parametrize(
    ("filters", "blocks", "branches", "factors", "others"),
    [
        (8, (2, 2, 2), (2, 2, 2), (2, 2, 2), {"momentum": 0.9}),
        (16, (1, 1, 1), (5, 1, 3), (1, 0.5, 2), {}),
        (12, (4, 1, 1), (1, 1, 1), (1, 1, 1), {"shakedrop_death_rate": 0.5}),
        # Most is for weights and their gradients.
        (8, (1, 1, 3), (1, 2, 1), (1, 4, 4), {"momentum": 0.9}),
    ],
)
def test_memory_is_the_measured_peak(filters, blocks, branches, factors, others, activation_bytes):
    if activation_bytes == 2 and accelerate.choose_precision(TrainingSettings(), torch.device("cpu")) != "bfloat16":
        pytest.skip("this processor computes bfloat16 in float32, which takes memory of its own")
    parameters, shape, batch_size = configuration(filters, blocks, branches, factors, **others), (3, 32, 32), 8
    network = MultiBranchNetwork(parameters, shape[0], CLASSES)
    optimiser = torch.optim.SGD(network.parameters(), 0.1, parameters.momentum, fused=True)
    images = torch.randn(batch_size, *shape)
    there_before = images.nbytes + sum(weight.nbytes for weight in network.parameters()) * (
        2 if parameters.momentum else 1
    )
    peak = there_before + peak_bytes(network, images, activation_bytes, optimiser)
    cost = step_cost(parameters, shape, CLASSES, batch_size, activation_bytes)
    assert cost.memory == pytest.approx(peak, rel=0.1)
