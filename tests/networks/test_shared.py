"""The weight-sharing network against the networks that it holds, and its gradients against finite differences."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork
from jointsearch.networks.shared import SharedNetwork
from jointsearch.space.file import SpaceFile

TRAINING = {"learning_rate": 0.1, "batch_size": 4}
CLASSES = 3


def shared(choices: dict[str, list], **values) -> SharedHyperparameters:
    space = {
        name: {"type": "ordinal", "sequence": of} if len(of) > 1 else {"type": "constant", "value": of[0]}
        for name, of in choices.items()
    }
    fixed = {name: of[0] for name, of in choices.items() if len(of) == 1}
    return SharedHyperparameters.of(SpaceFile.parse({"hyperparameters": space}), TRAINING | values | fixed, {})


EVERYTHING = shared(
    {
        "initial_filters": [2, 3, 5],
        "widen_factor_1": [0.6, 1, 1.7],
        "widen_factor_2": [0.5, 1, 2],
        "widen_factor_3": [0.5, 1.4],
        **{f"residual_blocks_{number}": [1, 2, 3] for number in (1, 2, 3)},
        **{f"residual_branches_{number}": [1, 2, 3] for number in (1, 2, 3)},
    },
    shakedrop_death_rate=0.4,
)
NARROWING = shared(
    {
        "residual_blocks_1": [1, 2],
        "residual_blocks_2": [1],
        "residual_blocks_3": [1],
        "initial_filters": [4],
        "widen_factor_1": [0.5, 1],
    }
)
"""The largest network keeps the width of the stem, so that it has no skip with convolutions."""
KEEPING = shared(
    {
        "residual_blocks_1": [1, 2],
        "residual_blocks_2": [1, 2],
        "residual_blocks_3": [1],
        "initial_filters": [3, 4],
        "residual_branches_2": [2, 4],
    }
)
"""No configuration changes the width in the first main block."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(parameters: SharedHyperparameters, seed: int = 0) -> SharedNetwork:
    made = SharedNetwork(parameters, 2, CLASSES, generator(seed))
    with torch.no_grad():
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                    tensor.uniform_(0.5, 1.5, generator=generator(seed + 1))
    return made


def images(seed: int = 0, side: int = 7) -> torch.Tensor:
    return torch.randn(4, 2, side, side, generator=generator(seed))


def one_hot(parameters: SharedHyperparameters, values: dict) -> torch.Tensor:
    """Logits whose softmax is 1 for the given choices."""
    parts = []
    for name in ARCHITECTURE_PARAMETERS:
        known = parameters.values_of(name)
        parts.append(torch.full((len(known),), -1e4))
        parts[-1][known.index(values[name])] = 1e4
    return torch.cat(parts)


def discretised(whole: SharedNetwork, parameters: SharedHyperparameters, values: dict) -> MultiBranchNetwork:
    """The network of a configuration with the weights that the shared one has of it."""
    chosen = Hyperparameters.from_values({**parameters.model_dump(exclude={"choices", "gradients"}), **values})
    alone = MultiBranchNetwork(chosen, 2, CLASSES)
    relaxed = whole.relaxation(one_hot(parameters, values))
    there = [mask.nonzero().flatten() for mask in relaxed.filters]
    assert [len(one) for one in there] == [chosen.initial_filters, *chosen.widths]

    def copy(name: str, path: str, outputs: torch.Tensor, inputs: torch.Tensor | None = None) -> None:
        to, source = alone.get_submodule(path), whole.get_submodule(name)
        for key, tensor in source.state_dict().items():
            if tensor.dim():
                kept = tensor[outputs]
                to.state_dict()[key].copy_(kept[:, inputs] if inputs is not None and tensor.dim() > 1 else kept)

    copy("stem.0", "stem.0", there[0])
    copy("stem.1", "stem.1", there[0])
    place = 0
    for number in (1, 2, 3):
        begin = sum(parameters.residual_blocks[: number - 1])
        for index in range(chosen.residual_blocks[number - 1]):
            outputs, inputs = there[number], there[number if index else number - 1]
            block, to = f"residual_blocks.{begin + index}", f"residual_blocks.{place}"
            for branch in range(chosen.residual_branches[number - 1]):
                here, path = f"{block}.branches.{branch}", f"{to}.branches.{branch}"
                copy(f"{here}.0", f"{path}.0", outputs, inputs)
                copy(f"{here}.3", f"{path}.3", outputs, outputs)
                for norm in (1, 4):
                    copy(f"{here}.{norm}", f"{path}.{norm}", outputs)
            if (skip := alone.residual_blocks[place].skip) is not None:
                first = whole.residual_blocks[begin + index].skip.paths[0].out_channels
                halves = outputs[outputs < first], outputs[outputs >= first] - first
                for half, kept in enumerate(halves[: len(skip.paths)]):
                    copy(f"{block}.skip.paths.{half}", f"{to}.skip.paths.{half}", kept, inputs)
                copy(f"{block}.skip.norm", f"{to}.skip.norm", outputs)
            place += 1
    alone.classifier.weight.data = whole.classifier.weight.data[:, there[3]]
    alone.classifier.bias.data = whole.classifier.bias.data
    return alone


def random_choice(parameters: SharedHyperparameters, seed: int) -> dict:
    random = np.random.default_rng(seed)
    return {name: random.choice(parameters.values_of(name)).item() for name in ARCHITECTURE_PARAMETERS}


CASES = [
    *((EVERYTHING, seed) for seed in range(12)),
    *((NARROWING, seed) for seed in range(4)),
    *((KEEPING, seed) for seed in range(4)),
]


@pytest.mark.parametrize(("parameters", "seed"), CASES)
def test_with_weights_of_one_it_is_the_network_of_that_configuration(parameters, seed):
    whole, values = network(parameters), random_choice(parameters, seed)
    alone = discretised(whole, parameters, values)
    whole.logits.copy_(one_hot(parameters, values))
    # Evaluated, and, without noise that only one of them has, trained.
    assert torch.allclose(whole.eval()(images()), alone.eval()(images()), atol=1e-5)
    whole.train()
    alone.train()
    drawn = torch.rand(whole.noise_rows, 4, generator=generator(seed))
    assert torch.allclose(whole(images(), drawn), alone(images(), rows_of(parameters, values, drawn)), atol=1e-5)


def rows_of(parameters: SharedHyperparameters, values: dict, noise: torch.Tensor) -> torch.Tensor:
    """Rows of the noise of the shared network that the network of a configuration sees."""
    taken, place = [], 0
    for number in (1, 2, 3):
        for index in range(parameters.residual_blocks[number - 1]):
            for branches in parameters.values_of(f"residual_branches_{number}"):
                rows = 2 * branches if branches > 1 else 3 * (parameters.shakedrop_death_rate > 0)
                if branches == values[f"residual_branches_{number}"] and index < values[f"residual_blocks_{number}"]:
                    taken.append(noise[place : place + rows])
                place += rows
    assert place == len(noise)
    return torch.cat(taken)


@pytest.mark.parametrize("parameters", [EVERYTHING, NARROWING, KEEPING], ids=["everything", "narrowing", "keeping"])
def test_gradients_of_the_architecture_are_those_of_finite_differences(parameters):
    whole, pictures, labels = network(parameters).double(), images().double(), torch.tensor([0, 1, 2, 1])
    # What it returns is in float32, too coarse for differences.
    exact: list[torch.Tensor] = []
    whole.classifier.register_forward_hook(lambda module, inputs, output: exact.append(output))

    def loss(logits: torch.Tensor) -> torch.Tensor:
        whole(pictures, logits=logits)
        return F.cross_entropy(exact.pop(), labels)

    logits = torch.randn(whole.logits.shape, generator=generator(3), dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits), logits)
    assert gradient.abs().max() > 1e-3
    for place, moved in enumerate(1e-5 * torch.eye(len(logits), dtype=torch.float64)):
        with torch.no_grad():
            difference = (loss(logits + moved) - loss(logits - moved)) / 2e-5
        assert gradient[place].item() == pytest.approx(difference.item(), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("parameters", [EVERYTHING, KEEPING], ids=["everything", "keeping"])
def test_its_cost_is_that_of_a_step_on_the_weights_and_one_on_the_architecture(parameters):
    whole, pictures = network(parameters), images()
    logits = whole.logits.clone().requires_grad_()
    cost = step_cost(parameters, (2, 7, 7), CLASSES, len(pictures))
    with FlopCounterMode(display=False) as counter:
        whole(pictures, torch.rand(whole.noise_rows, len(pictures))).sum().backward()
        whole(pictures, logits=logits).sum().backward(inputs=[logits])
    # It also counts the products that make weights of filters from those of choices: a number or two for each.
    assert 0 <= counter.get_total_flops() - 2 * cost.operations < 5e-4 * cost.operations
    assert cost.parameters == sum(weight.numel() for weight in whole.parameters())
    assert cost.convolutions == sum(isinstance(one, nn.Conv2d | nn.Linear) for one in whole.modules())


@pytest.mark.parametrize("parameters", [NARROWING, KEEPING], ids=["narrowing", "keeping"])
def test_skips_are_there_as_configurations_need_them(parameters):
    whole = network(parameters)
    cost = step_cost(parameters, (2, 7, 7), CLASSES, 4)
    assert cost.parameters == sum(weight.numel() for weight in whole.parameters())
    assert (whole.residual_blocks[0].skip is None) == (parameters is KEEPING)


@pytest.mark.parametrize("of_weights", [True, False], ids=["weights", "architecture"])
def test_its_weights_cost_no_maps(of_weights):
    """The largest network, of wide maps, keeps for its backward pass what the closed form says, and little else."""
    side, pictures = 12, images(side=12)
    whole = network(EVERYTHING)
    saved: dict[int, torch.Tensor] = {}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: saved.setdefault(tensor.untyped_storage().data_ptr(), tensor), lambda tensor: tensor
    ):
        if of_weights:
            whole(pictures, torch.rand(whole.noise_rows, len(pictures)))
        else:
            whole(pictures, logits=whole.logits.clone().requires_grad_())
    own = {tensor.untyped_storage().data_ptr() for tensor in (*whole.parameters(), *whole.buffers())}
    total = sum(one.untyped_storage().nbytes() for address, one in saved.items() if address not in own)
    cost = step_cost(EVERYTHING, (2, side, side), CLASSES, len(pictures))
    # What is kept beside is a number for each filter, and of the two skips the map of one.
    assert cost.saved <= total <= 1.1 * cost.saved
