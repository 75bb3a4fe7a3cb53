"""Shake-Shake and ShakeDrop: branches are weighted one way going forward and another way going backward.

Both add the branches to what skips them. Random numbers are handed in, so that a network is a pure function of its
inputs; without them both give the expectation, for evaluation.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

SHAKEDROP_NOISE = 3
"""Rows of random numbers that `shakedrop` takes."""


def shake_shake_noise(branches: int) -> int:
    """Rows of random numbers that `shake_shake` takes."""
    return 2 * branches


class _Mix(torch.autograd.Function):
    """Weighted sum of branches, on top of the skip, whose gradient uses other weights; each branch is computed once."""

    @staticmethod
    def forward(ctx: Any, forward_weights: Tensor, backward_weights: Tensor, skip: Tensor, *branches: Tensor) -> Tensor:
        ctx.save_for_backward(backward_weights)
        total = skip
        for branch, weight in zip(branches, forward_weights, strict=True):
            total = total.addcmul(branch, weight)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (backward_weights,) = ctx.saved_tensors
        return None, None, gradients[0], *(gradients[0] * weight for weight in backward_weights)


def mix(skip: Tensor, branches: Sequence[Tensor], forward_weights: Tensor, backward_weights: Tensor) -> Tensor:
    """Add branches to `skip` with `forward_weights`, and hand their gradients back with `backward_weights`.

    Weights take the branches' type: in a network that computes in bfloat16, float32 weights would lead everything
    after them back to float32 (measured without: training 8 % slower, medium network, on a CPU).

    Parameters
    ----------
    skip
        Shape (N, C, H, W).
    branches
        B tensors of the same shape.
    forward_weights, backward_weights
        Shape (B, N): one weight for each branch and image.
    """
    each_pixel, dtype = (*forward_weights.shape, 1, 1, 1), branches[0].dtype
    forward_weights, backward_weights = (
        weights.to(dtype).view(each_pixel) for weights in (forward_weights, backward_weights)
    )
    mixed: Tensor = _Mix.apply(forward_weights, backward_weights, skip, *branches)
    return mixed


def shake_shake(skip: Tensor, branches: Sequence[Tensor], noise: Tensor | None) -> Tensor:
    """Add a mixture of two or more branches to `skip` (Gastaldi 2017; for more than two, Zela et al. 2018).

    The weights of an image are the softmax over branches of uniform random numbers, one set for the forward and one
    for the backward pass. Their expectation is equal weights.

    Parameters
    ----------
    skip, branches
        As in `mix`.
    noise
        Shape (2 B, N), uniform in [0, 1).
    """
    if noise is None:
        return skip + sum(branches[1:], start=branches[0]) / len(branches)
    forward_weights, backward_weights = shake_shake_weights(noise, len(branches))
    return mix(skip, branches, forward_weights, backward_weights)


def shake_shake_weights(noise: Tensor, branches: int) -> tuple[Tensor, Tensor]:
    """Weights (B, N) of branches in the forward and in the backward pass, from noise (2 B, N)."""
    forward_weights, backward_weights = noise.view(2, branches, -1).softmax(1)
    return forward_weights, backward_weights


def shakedrop(skip: Tensor, branch: Tensor, death_rate: float, noise: Tensor | None) -> Tensor:
    """Add a branch to `skip`, disturbed with probability `death_rate`, one draw a batch (Yamada et al. 2018).

    When it happens, the output of each image is multiplied by a factor uniform in [-1, 1], and its gradient
    by another, uniform in [0, 1]. The expectation of the output is `1 - death_rate` times the branch.

    Parameters
    ----------
    skip, branch
        Shape (N, C, H, W).
    death_rate
        In [0, 1]; at 0 `noise` is not used.
    noise
        Shape (3, N), uniform in [0, 1); of the first row, which decides, the first number counts.
    """
    if death_rate == 0:
        return skip + branch
    if noise is None:
        return skip + branch * (1 - death_rate)
    return mix(skip, [branch], *shakedrop_weights(noise, death_rate))


def shakedrop_weights(noise: Tensor, death_rate: float) -> tuple[Tensor, Tensor]:
    """Weights (1, N) of the branch in the forward and in the backward pass, from noise (3, N)."""
    # Decided on the device, so that the host need not wait for it.
    disturbed = noise[0, :1] < death_rate
    return torch.where(disturbed, 2 * noise[1:2] - 1, 1.0), torch.where(disturbed, noise[2:], 1.0)
