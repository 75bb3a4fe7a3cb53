"""Shake-Shake and ShakeDrop: branches are weighted one way going forward and another way going backward.

Both take a generator on the device of the branches. Without one they give the expectation, for evaluation.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class _Mix(torch.autograd.Function):
    """Weighted sum of branches whose gradient uses other weights; each branch is computed once."""

    @staticmethod
    def forward(ctx: Any, forward_weights: Tensor, backward_weights: Tensor, *branches: Tensor) -> Tensor:
        ctx.save_for_backward(backward_weights)
        first, *others = branches
        total = first * forward_weights[0]
        for branch, weight in zip(others, forward_weights[1:], strict=True):
            total.addcmul_(branch, weight)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (backward_weights,) = ctx.saved_tensors
        return None, None, *(gradients[0] * weight for weight in backward_weights)


def mix(branches: Sequence[Tensor], forward_weights: Tensor, backward_weights: Tensor) -> Tensor:
    """Sum branches with `forward_weights`, and hand their gradients back with `backward_weights`.

    Parameters
    ----------
    branches
        B tensors of shape (N, C, H, W).
    forward_weights, backward_weights
        Shape (B, N): one weight for each branch and image.
    """
    each_pixel = (*forward_weights.shape, 1, 1, 1)
    mixed: Tensor = _Mix.apply(forward_weights.view(each_pixel), backward_weights.view(each_pixel), *branches)
    return mixed


def shake_shake(branches: Sequence[Tensor], generator: torch.Generator | None) -> Tensor:
    """Mix two or more branches (Gastaldi 2017; for more than two, Zela et al. 2018).

    The weights of an image are the softmax over branches of uniform random numbers, drawn anew for the
    forward and the backward pass. Their expectation is equal weights.
    """
    count, images = len(branches), len(branches[0])
    if generator is None:
        return sum(branches[1:], start=branches[0]) / count
    uniform = torch.rand(2, count, images, generator=generator, device=generator.device)
    forward_weights, backward_weights = uniform.softmax(1)
    return mix(branches, forward_weights, backward_weights)


def shakedrop(branch: Tensor, death_rate: float, generator: torch.Generator | None) -> Tensor:
    """Disturb a single branch with probability `death_rate`, one draw for the batch (Yamada et al. 2018).

    When it happens, the output of each image is multiplied by a factor uniform in [-1, 1], and its gradient
    by another, uniform in [0, 1]. The expectation of the output is `1 - death_rate` times the branch.
    """
    if death_rate == 0:
        return branch
    if generator is None:
        return branch * (1 - death_rate)
    images = len(branch)
    uniform = torch.rand(1 + 2 * images, generator=generator, device=generator.device)
    # Decided on the device, so that the host need not wait for it.
    disturbed = uniform[0] < death_rate
    forward_factor, backward_factor = uniform[1:].view(2, 1, images)
    return mix(
        [branch],
        torch.where(disturbed, 2 * forward_factor - 1, 1.0),
        torch.where(disturbed, backward_factor, 1.0),
    )
