"""The weight-sharing network: all choices of an architecture at once, each by its weight (Liu et al. 2019).

The weights of the choices of a hyperparameter are the softmax of its logits. In the network

- a residual block is added by the sum of the weights of all numbers of blocks that include it;
- a filter is there by the sum of the weights of all widths that include it. A width is a product of filters and
  factors: its weight is the sum over all combinations that give it, each the product of its weights;
- the branches of a residual block are mixed as each number of branches mixes them, by the weight of that number.

At weights of 0 and 1 this is `MultiBranchNetwork` with the choices that have the ones. All of these weights that are
the same for each image are folded into the batch norm in front, so that they cost neither maps nor operations.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS
from jointsearch.networks.multibranch import MultiBranchNetwork, ResidualBlock, TwoPathSkip, initialise_convolutions
from jointsearch.networks.relaxation import MAIN_BLOCKS, Branches, Relaxation, branches_of
from jointsearch.networks.shake import mix


class SharedNetwork(MultiBranchNetwork):
    """The largest network of some choices, which holds all others.

    It has the weights of `MultiBranchNetwork`. If the first main block keeps the width of the stem in some
    configurations, and changes it in others, its first residual block has both skips.

    Parameters
    ----------
    parameters
        The choices, and the ShakeDrop death rate.
    in_channels, classes, generator
        As of `MultiBranchNetwork`.

    Attributes
    ----------
    logits
        Of the choices of all ten hyperparameters, in the order of `ARCHITECTURE_PARAMETERS`. All 0 at first: equal
        weights. They are in its state, but no parameters: another optimiser moves them.
    """

    logits: Tensor

    def __init__(
        self,
        parameters: SharedHyperparameters,
        in_channels: int,
        classes: int,
        generator: torch.Generator | None = None,
    ):
        generator = generator or torch.Generator()
        super().__init__(parameters, in_channels, classes, generator)
        self.relaxation = Relaxation(parameters)
        self.register_buffer(
            "logits", torch.zeros(sum(len(parameters.values_of(one)) for one in ARCHITECTURE_PARAMETERS))
        )
        self._has_both_skips = parameters.has_both_skips
        # A list of its own, as torch's forgets what they are.
        self._blocks = [block for block in self.residual_blocks if isinstance(block, ResidualBlock)]
        if self._has_both_skips and (first := self._blocks[0]).skip is None:
            first.skip = TwoPathSkip(parameters.initial_filters, parameters.widths[0], 1)
            initialise_convolutions(first.skip, generator)
        self._branches = [branches_of(parameters, number) for number in MAIN_BLOCKS]
        self._rows = [
            sum(one.noise_rows for one in choices)
            for choices, blocks in zip(self._branches, parameters.residual_blocks, strict=True)
            for _ in range(blocks)
        ]

    @property
    def noise_rows(self) -> int:
        """Random numbers that a step on the weights needs for each image: those of each number of branches."""
        return sum(self._rows)

    def forward(self, images: Tensor, noise: Tensor | None = None, logits: Tensor | None = None) -> Tensor:
        """Map images (N, in_channels, H, W) to logits (N, classes), as float32.

        Parameters
        ----------
        images
            Normalised.
        noise
            Shape (noise_rows, N), uniform in [0, 1): what Shake-Shake and ShakeDrop draw in training mode. Without it,
            their expectation.
        logits
            Of the choices, in place of its own. Gradients flow back to them, but with noise not to those of branches.
        """
        relaxed = self.relaxation(self.logits if logits is None else logits)
        convolution, norm = self.stem
        features = _normalised(convolution(images), norm, relaxed.filters[0])
        rows = None if noise is None or not self.training else iter(noise.split(self._rows))
        blocks = iter(self._blocks)
        for number, choices in zip(MAIN_BLOCKS, self._branches, strict=True):
            filters = relaxed.filters[number]
            mixture, expected = relaxed.branches[number - 1], relaxed.expected[number - 1]
            for there in relaxed.blocks[number - 1]:
                block = next(blocks)
                rectified = F.relu(features)
                if block.skip is None:
                    skipped = features
                elif number == 1 and self._has_both_skips:
                    changed = _normalised(
                        block.skip.convolved(rectified), block.skip.norm, filters * (1 - relaxed.keeps)
                    )
                    skipped = changed + relaxed.keeps.to(changed.dtype) * _resized(features, changed.shape[1])
                else:
                    skipped = _normalised(block.skip.convolved(rectified), block.skip.norm, filters)
                if rows is None:
                    features = _add_expected(block, rectified, skipped, filters, there * expected)
                else:
                    weights = _drawn(choices, mixture, next(rows))
                    features = _add_drawn(block, rectified, skipped, filters, *(there * one for one in weights))
        found: Tensor = self.classifier(F.relu(features).mean((2, 3)))
        return found.float()


def _drawn(choices: tuple[Branches, ...], mixture: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (branches, N) in the forward and in the backward pass."""
    most, count = choices[-1].number, noise.shape[1]
    forward, backward = (torch.zeros(most, count, device=noise.device) for _ in range(2))
    for one, weight, rows in zip(choices, mixture, noise.split([one.noise_rows for one in choices]), strict=True):
        for total, drawn in zip((forward, backward), one.drawn(rows), strict=True):
            total[: one.number] += weight * drawn
    return forward, backward


def _normalised(maps: Tensor, norm: nn.Module, scale: Tensor) -> Tensor:
    """Batch norm whose output is multiplied by a number for each filter."""
    assert isinstance(norm, nn.BatchNorm2d)
    return F.batch_norm(
        maps,
        norm.running_mean,
        norm.running_var,
        norm.weight * scale,
        norm.bias * scale,
        norm.training,
        norm.momentum or 0.0,
        norm.eps,
    )


def _outputs(block: ResidualBlock, rectified: Tensor, filters: Tensor, scales: Iterator[Tensor]) -> Iterator[Tensor]:
    """Outputs of the branches, each multiplied by a number."""
    for branch, scale in zip(block.branches, scales, strict=True):
        assert isinstance(branch, nn.Sequential)
        first, inner, relu, second, outer = branch
        hidden = relu(_normalised(first(rectified), inner, filters))
        yield _normalised(second(hidden), outer, filters * scale)


def _add_expected(block: ResidualBlock, rectified: Tensor, skipped: Tensor, filters: Tensor, weights: Tensor) -> Tensor:
    for output in _outputs(block, rectified, filters, iter(weights)):
        skipped = skipped + output
    return skipped


def _add_drawn(
    block: ResidualBlock, rectified: Tensor, skipped: Tensor, filters: Tensor, forward: Tensor, backward: Tensor
) -> Tensor:
    ones = iter(torch.ones(len(forward), device=forward.device))
    return mix(skipped, list(_outputs(block, rectified, filters, ones)), forward, backward)


def _resized(maps: Tensor, filters: int) -> Tensor:
    """Bring maps to another number of filters, each half of them by zeros behind it, or without its last ones."""
    halves = maps.split((maps.shape[1] - maps.shape[1] // 2, maps.shape[1] // 2), dim=1)
    wanted = filters - filters // 2, filters // 2
    return torch.cat(
        [F.pad(half, (0, 0, 0, 0, 0, size - half.shape[1])) for half, size in zip(halves, wanted, strict=True)], dim=1
    )
