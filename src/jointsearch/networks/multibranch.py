"""The multi-branch residual network: ten architectural choices span it (paper, section 2)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.network import TrainableNetwork
from jointsearch.networks.shake import SHAKEDROP_NOISE, shake_shake, shake_shake_noise, shakedrop

STRIDES = (1, 2, 2)
"""Stride of the first residual block in each main block."""


class _Convolution(nn.Conv2d):
    """Without a bias, and left uninitialised: the network draws all weights, from its own generator."""

    def __init__(self, in_channels: int, out_channels: int, size: int, stride: int = 1):
        super().__init__(in_channels, out_channels, size, stride, padding=size // 2, bias=False)

    def reset_parameters(self) -> None:
        pass


class _Linear(nn.Linear):
    """Left uninitialised, for the same reason."""

    def reset_parameters(self) -> None:
        pass


class TwoPathSkip(nn.Module):
    """Skip path where width or stride changes (Gastaldi 2017), behind the ReLU that it shares with the branches.

    Two 1x1 convolutions of half the width each, the second one on the image moved by one pixel
    up and left (zeros come in), so that a stride of 2 sees other pixels on either path; concatenated and
    normalised. An odd width gives the first path one filter more. Both paths see the ReLU; the authors'
    code applies it to the first one only. The image is subsampled before the convolutions: with a stride of its own,
    the weight gradient of a 1x1 convolution with channels last writes past its memory on CPUs that have AVX2 and no
    AVX-512 (oneDNN in torch 2.14.1). The copies cost 2 to 6 % of a training step on a CPU.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.stride = stride
        # A width of 1 leaves nothing for the second path.
        widths = (out_channels - out_channels // 2, out_channels // 2)
        self.paths = nn.ModuleList(_Convolution(in_channels, width, 1) for width in widths if width)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, ceil(H / stride), ceil(W / stride))."""
        normalised: Tensor = self.norm(self.convolved(images))
        return normalised

    def convolved(self, images: Tensor) -> Tensor:
        """What is normalised."""
        kept = images[:, :, :: self.stride, :: self.stride]
        moved = images[:, :, 1 :: self.stride, 1 :: self.stride]
        if moved.shape != kept.shape:
            # With an even side and a stride of 2 none of the pixels that come in is seen.
            moved = F.pad(moved, (0, kept.shape[3] - moved.shape[3], 0, kept.shape[2] - moved.shape[2]))
        outputs = [path(pixels) for path, pixels in zip(self.paths, (kept, moved), strict=False)]
        return torch.cat(outputs, dim=1)


class ResidualBlock(nn.Module):
    """A skip path plus parallel branches, mixed by Shake-Shake or, a single one, disturbed by ShakeDrop."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, branches: int, death_rate: float):
        super().__init__()
        self.death_rate = death_rate
        if branches > 1:
            self.noise_rows = shake_shake_noise(branches)
        else:
            self.noise_rows = SHAKEDROP_NOISE if death_rate > 0 else 0
        # Each branch starts with a ReLU too: it is the same for all, so `forward` computes it once.
        self.branches = nn.ModuleList(
            nn.Sequential(
                _Convolution(in_channels, out_channels, 3, stride),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
                _Convolution(out_channels, out_channels, 3),
                nn.BatchNorm2d(out_channels),
            )
            for _ in range(branches)
        )
        changes = stride != 1 or in_channels != out_channels
        self.skip = TwoPathSkip(in_channels, out_channels, stride) if changes else None

    def forward(self, images: Tensor, noise: Tensor | None) -> Tensor:
        """Map (N, in, H, W) to (N, out, ceil(H / stride), ceil(W / stride)).

        `noise` has the shape (noise_rows, N); without it, the expectation.
        """
        rectified = F.relu(images)
        outputs = [branch(rectified) for branch in self.branches]
        skipped = images if self.skip is None else self.skip(rectified)
        if len(outputs) > 1:
            return shake_shake(skipped, outputs, noise)
        return shakedrop(skipped, outputs[0], self.death_rate, noise)


class MultiBranchNetwork(TrainableNetwork):
    """Stem, three main blocks of residual blocks, ReLU, global average pooling, linear classifier.

    Parameters
    ----------
    parameters
        The configuration; its architectural choices and its ShakeDrop death rate are used.
    in_channels
        Channels of the images.
    classes
        Number of classes.
    generator
        Source of the initial weights, on the CPU. The default gives the same weights each time.
    """

    def __init__(
        self,
        parameters: Hyperparameters,
        in_channels: int,
        classes: int,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        # No ReLU after the stem: every branch starts with one.
        self.stem = nn.Sequential(
            _Convolution(in_channels, parameters.initial_filters, 3),
            nn.BatchNorm2d(parameters.initial_filters),
        )
        # Of each main block, the first residual block changes width and resolution.
        blocks_in_order = [
            ResidualBlock(
                wide if index else narrow, wide, 1 if index else stride, branches, parameters.shakedrop_death_rate
            )
            for (narrow, wide), stride, blocks, branches in zip(
                pairwise((parameters.initial_filters, *parameters.widths)),
                STRIDES,
                parameters.residual_blocks,
                parameters.residual_branches,
                strict=True,
            )
            for index in range(blocks)
        ]
        self.residual_blocks = nn.ModuleList(blocks_in_order)
        self._noise_rows = [block.noise_rows for block in blocks_in_order]
        self.classifier = _Linear(parameters.widths[-1], classes)
        self._initialise(generator or torch.Generator())

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        """He initialisation for convolutions, the usual one by fan-in for the classifier."""
        initialise_convolutions(self, generator)
        bound = 1 / math.sqrt(self.classifier.in_features)
        self.classifier.weight.uniform_(-bound, bound, generator=generator)
        self.classifier.bias.zero_()

    @property
    def noise_rows(self) -> int:
        """Random numbers that a training step needs for each image."""
        return sum(self._noise_rows)

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Map images (N, in_channels, H, W) to logits (N, classes), as float32.

        Parameters
        ----------
        images
            Normalised.
        noise
            Shape (noise_rows, N), uniform in [0, 1): what Shake-Shake and ShakeDrop draw in training mode.

        Raises
        ------
        ValueError
            In training mode without noise.
        """
        if self.training and noise is None:
            raise ValueError("a network in training mode needs random numbers: pass noise")
        features = self.stem(images)
        rows = noise.split(self._noise_rows) if noise is not None and self.training else [None] * len(self._noise_rows)
        for block, drawn in zip(self.residual_blocks, rows, strict=True):
            features = block(features, drawn)
        logits: Tensor = self.classifier(F.relu(features).mean((2, 3)))
        return logits.float()


def initialise_convolutions(module: nn.Module, generator: torch.Generator) -> None:
    """He initialisation by fan-out of the convolutions in a module."""
    for one in module.modules():
        if isinstance(one, nn.Conv2d):
            nn.init.kaiming_normal_(one.weight, mode="fan_out", nonlinearity="relu", generator=generator)


def parameter_count(parameters: Hyperparameters, in_channels: int, classes: int) -> int:
    """Number of trainable weights of `MultiBranchNetwork`, without building it."""
    width = parameters.initial_filters
    total = 9 * in_channels * width + 2 * width
    for wide, stride, blocks, branches in zip(
        parameters.widths, STRIDES, parameters.residual_blocks, parameters.residual_branches, strict=True
    ):
        if stride != 1 or width != wide:
            total += width * wide + 2 * wide
        total += branches * (9 * width * wide + 9 * wide * wide + 4 * wide)
        total += (blocks - 1) * branches * (18 * wide * wide + 4 * wide)
        width = wide
    return total + width * classes + classes
