"""What the weights of the choices mean for the weight-sharing network: how far each of its parts is there."""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, widened
from jointsearch.networks.shake import SHAKEDROP_NOISE, shake_shake_noise, shake_shake_weights, shakedrop_weights

MAIN_BLOCKS = (1, 2, 3)
"""Numbers of the main blocks, as in the names of their hyperparameters."""


@dataclass(frozen=True)
class Relaxed:
    """An architecture between all choices, for each main block where not said otherwise.

    Attributes
    ----------
    filters
        Of the stem and of each main block, shape (filters of the largest): how far each filter is there, in [0, 1].
    blocks
        Shape (residual blocks): how far each is there.
    branches
        Shape (choices): weight of each number of branches.
    expected
        Shape (branches): expected weight of each branch in the mixture of all numbers of branches.
    keeps
        Weight of the configurations in which the first main block keeps the width of the stem.
    """

    filters: tuple[Tensor, ...]
    blocks: tuple[Tensor, ...]
    branches: tuple[Tensor, ...]
    expected: tuple[Tensor, ...]
    keeps: Tensor


class Relaxation(nn.Module):
    """What the logits of the choices mean for the network: sums of products of their softmax.

    Parameters
    ----------
    parameters
        The choices.
    """

    def __init__(self, parameters: SharedHyperparameters):
        super().__init__()
        self._sizes = [len(parameters.values_of(name)) for name in ARCHITECTURE_PARAMETERS]
        widths = tuple(int(one) for one in parameters.values_of("initial_filters"))
        self._keep("same", torch.tensor([float(wide == filters) for filters, wide in parameters.first_widths]))
        self._keep("filters_0", _includes(widths, _ranks(parameters.initial_filters)))
        for number, wide in zip(MAIN_BLOCKS, parameters.widths, strict=True):
            pairs = product(widths, parameters.values_of(f"widen_factor_{number}"))
            products = [widened(filters, factor) for filters, factor in pairs]
            widths = tuple(sorted(set(products)))
            self._keep(f"gives_{number}", torch.tensor([[float(one == width) for width in widths] for one in products]))
            self._keep(f"filters_{number}", _includes(widths, _ranks(wide)))
        for number, blocks in zip(MAIN_BLOCKS, parameters.residual_blocks, strict=True):
            known = tuple(int(one) for one in parameters.values_of(f"residual_blocks_{number}"))
            self._keep(f"blocks_{number}", _includes(known, range(blocks)))
        for number, most in zip(MAIN_BLOCKS, parameters.residual_branches, strict=True):
            rows = [one.expected(most) for one in branches_of(parameters, number)]
            self._keep(f"expected_{number}", torch.tensor(rows))

    def _keep(self, name: str, matrix: Tensor) -> None:
        # A buffer moves to the device; it follows from the choices, so that no state needs it.
        self.register_buffer(name, matrix, persistent=False)

    def weights(self, logits: Tensor) -> dict[str, Tensor]:
        """Weights of the choices of each hyperparameter, from the logits of all."""
        parts = logits.split(self._sizes)
        return {name: part.softmax(0) for name, part in zip(ARCHITECTURE_PARAMETERS, parts, strict=True)}

    def forward(self, logits: Tensor) -> Relaxed:
        """Relax the architecture."""
        # Not in bfloat16, as these are few and weigh everything.
        with torch.autocast(logits.device.type, enabled=False):
            weights = self.weights(logits)
            width = weights["initial_filters"]
            filters, keeps = [width @ self.get_buffer("filters_0")], width
            for number in MAIN_BLOCKS:
                pairs = torch.outer(width, weights[f"widen_factor_{number}"]).flatten()
                if number == 1:
                    keeps = (pairs * self.get_buffer("same")).sum()
                width = pairs @ self.get_buffer(f"gives_{number}")
                filters.append(width @ self.get_buffer(f"filters_{number}"))
            blocks = (weights[f"residual_blocks_{one}"] @ self.get_buffer(f"blocks_{one}") for one in MAIN_BLOCKS)
            branches = tuple(weights[f"residual_branches_{one}"] for one in MAIN_BLOCKS)
            expected = (branches[one - 1] @ self.get_buffer(f"expected_{one}") for one in MAIN_BLOCKS)
            return Relaxed(tuple(filters), tuple(blocks), branches, tuple(expected), keeps)


def _ranks(filters: int) -> list[int]:
    """In which order filters are left out when a width shrinks: the one with the highest rank first.

    A skip of two paths has one half of the filters on each. So the first half has the even ranks, and the second one
    the odd ranks: what is left is the skip of the smaller width.
    """
    return [*range(0, filters, 2), *range(1, filters, 2)]


def _includes(sizes: tuple[int, ...], ranks: list[int] | range) -> Tensor:
    """Shape (sizes, ranks): 1 where so many include one of that rank, else 0."""
    return torch.tensor([[float(rank < size) for rank in ranks] for size in sizes])


class Branches:
    """How a number of branches is mixed: by Shake-Shake or, a single one, with ShakeDrop."""

    def __init__(self, number: int, death_rate: float):
        self.number, self._death_rate = number, death_rate
        shakedrop = SHAKEDROP_NOISE if death_rate > 0 else 0
        self.noise_rows = shake_shake_noise(number) if number > 1 else shakedrop

    def expected(self, most: int) -> list[float]:
        """Expected weights of so many branches, of which it mixes the first ones."""
        weight = 1 / self.number if self.number > 1 else 1 - self._death_rate
        return [weight if branch < self.number else 0.0 for branch in range(most)]

    def drawn(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (number, N), or (1, 1), of its branches in the forward and in the backward pass."""
        if self.number > 1:
            return shake_shake_weights(noise, self.number)
        if self._death_rate > 0:
            return shakedrop_weights(noise, self._death_rate)
        one = torch.ones(1, 1, device=noise.device)
        return one, one


def branches_of(parameters: SharedHyperparameters, number: int) -> tuple[Branches, ...]:
    """The choices of the number of branches in a main block."""
    known = parameters.values_of(f"residual_branches_{number}")
    return tuple(Branches(int(one), parameters.shakedrop_death_rate) for one in known)
