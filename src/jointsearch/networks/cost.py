"""What a training step costs, in closed form: a network that would not fit need not be built to know."""

import math
from dataclasses import dataclass

from jointsearch.core.config.budget import NominalSettings
from jointsearch.core.config.training import TrainingSettings
from jointsearch.core.errors import UserError
from jointsearch.core.fields import COMPUTATION_UNITS, BudgetUnit
from jointsearch.core.units import unit_name
from jointsearch.networks.choices import SharedHyperparameters, narrowed
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import STRIDES, parameter_count

FLOAT32 = 4
"""Bytes of a weight, its gradient and its momentum; autocast leaves these alone."""


@dataclass(frozen=True)
class StepCost:
    """Trainable weights, layers, floating-point operations (a multiply-add is two), and bytes of one training step.

    `convolutions` is how many there are, the classifier included; of a network of one's own, its weights of two or more
    dimensions. `operations` are those of the convolutions and the classifier, forward and backward. `memory` is the
    peak. `saved` is the part of it that the forward pass keeps for the backward pass, without the weights themselves.
    """

    parameters: int
    operations: int
    memory: int
    saved: int
    convolutions: int

    @property
    def nominal_parts(self) -> tuple[float, ...]:
        """What `NominalSettings` gives seconds for, in its order: a step, convolutions, GFLOP, megabytes kept."""
        return 1, self.convolutions, self.operations / 1e9, self.saved / 1e6


def in_unit(cost: StepCost, unit: BudgetUnit, nominal: NominalSettings | None) -> float | None:
    """Say what a step takes of a budget of computation, in its unit; None if the budget counts something else.

    Parameters
    ----------
    cost, unit
        Of the step; of the budget.
    nominal
        The model behind nominal seconds.

    Raises
    ------
    UserError
        If a step takes nothing of it, so that there would be no end.
    """
    if unit not in COMPUTATION_UNITS:
        return None
    if nominal is None:
        of_step = cost.operations / 1e9
    else:
        # An exact sum: the plain one is rounded differently by other versions of Python.
        of_step = math.fsum(seconds * part for (_, seconds), part in zip(nominal, cost.nominal_parts, strict=True))
    if of_step == 0:
        raise UserError(f"budget.unit: a training step of this network takes no {unit_name(unit)}; use another unit")
    return of_step


def step_cost(
    parameters: Hyperparameters,
    image_shape: tuple[int, int, int],
    classes: int,
    batch_size: int,
    activation_bytes: int = FLOAT32,
) -> StepCost:
    """Cost of one training step of `MultiBranchNetwork`, without building it.

    The operations are exactly those that `torch.utils.flop_counter` counts: the output of a layer, the gradient of
    its input and that of its weights cost the same. The stem goes without the second: images need no gradient.

    What is saved is what autograd saves, but for the weights of Shake-Shake and ShakeDrop. A convolution and the
    classifier keep their input, under autocast also their weights as bfloat16; batch norm keeps its input and two
    numbers for each filter. A ReLU keeps its output, which is the input of the convolution behind it. Adding keeps
    nothing. So the maps kept are

    - of the stem: the images and its convolution's output;
    - of a residual block: its input behind the ReLU; three of the output's size for each branch; where the skip has
      convolutions, one more, and the moved input where it is padded;
    - at the end: the ReLU's output and the pooled features.

    Backward goes from the last block to the first: what is saved leaves, gradients of weights come. The peak is at
    the block where the sum of what is saved up to it, its own gradients of maps, and the gradients of the weights
    behind it is largest. Weights and momentum are there all the time.

    Measured on a CPU over 232 random configurations with widths of 8 or more and peaks above 1 MB, `memory` is 0.95 to
    1.08 times the true peak, in float32 and in bfloat16. Fewer filters need more, as kernels fill up channels. What a
    GPU's kernels need to work in is not counted.

    Of a weight-sharing network (`shared.SharedNetwork`) the cost is that of the largest network in it. Steps on the
    weights and on the architecture take turns, and the operations are the mean of both: a step on the architecture
    needs the gradients of inputs, but not of weights. (Those of the inputs of the first residual block count, although
    they are not needed if the filters of the stem are not learned.) All else is of the steps on the weights.

    Parameters
    ----------
    parameters
        The configuration; its batch size is not used.
    image_shape
        Channels, height, width in pixels.
    classes
        Number of classes.
    batch_size
        Images in a batch.
    activation_bytes
        4 for float32, 2 for bfloat16 autocast.
    """
    channels, height, width = image_shape
    filters = parameters.initial_filters
    pixels = batch_size * height * width
    shared = parameters if isinstance(parameters, SharedHyperparameters) else None
    # Operations for each one of the forward pass.
    of_stem, of_others = (2, 3) if shared is None else (1.5, 2.5)
    has_both_skips = shared is not None and shared.has_both_skips
    total = parameter_count(parameters, channels, classes)
    if has_both_skips and filters == parameters.widths[0]:
        total += filters * filters + 2 * filters
    stem = _Layers(9 * channels * filters, 2 * filters, pixels, pixels * (channels + filters))
    weights, multiply_adds, saved, peak = stem.weights, of_stem * stem.multiply_adds, stem.saved(activation_bytes), 0
    # Those of the stem and the classifier.
    convolutions = 2
    for wide, first_stride, blocks, branches in zip(
        parameters.widths, STRIDES, parameters.residual_blocks, parameters.residual_branches, strict=True
    ):
        for stride in (first_stride, *(1,) * (blocks - 1)):
            changes = stride != 1 or filters != wide or has_both_skips
            has_both_skips = False
            block = _residual_block(filters, wide, stride, branches, batch_size, height, width, changes)
            filters, height, width = wide, -(-height // stride), -(-width // stride)
            weights += block.weights
            convolutions += block.convolutions
            multiply_adds += of_others * block.multiply_adds
            saved += block.saved(activation_bytes)
            peak = max(peak, saved + activation_bytes * block.gradients + FLOAT32 * (total - weights))
    end = _Layers(filters * classes, 0, batch_size, batch_size * (height * width + 1) * filters)
    multiply_adds += of_others * end.multiply_adds
    saved += end.saved(activation_bytes)
    peak += FLOAT32 * total * (2 if parameters.momentum > 0 else 1)
    if activation_bytes < FLOAT32:
        # What is saved of the images is a copy then.
        peak += FLOAT32 * pixels * channels
    return StepCost(total, round(2 * multiply_adds), peak, saved, convolutions)


def broken_limit(settings: TrainingSettings, cost: StepCost) -> str | None:
    """Say which limit of the configuration a network breaks, if any."""
    for what, amount, limit in (
        ("{:,.0f} parameters", cost.parameters, settings.maximum_parameters),
        ("an estimated {:.3g} GB of memory", cost.memory / 1e9, settings.maximum_memory_gb),
        ("{:.3g} GFLOP a step", cost.operations / 1e9, settings.maximum_step_gflop),
    ):
        if limit is not None and amount > limit:
            return f"{what.format(amount)}, the limit is {limit:,}"
    return None


def fitted(
    parameters: SharedHyperparameters,
    settings: TrainingSettings,
    image_shape: tuple[int, int, int],
    classes: int,
    batch_size: int,
    activation_bytes: int,
) -> SharedHyperparameters:
    """Narrow choices until a step of the weight-sharing network is within the limits, see `choices.narrowed`.

    The cost that is saved is that of the operations; all else is as in `step_cost`.
    """

    def cost(some: SharedHyperparameters) -> StepCost:
        return step_cost(some, image_shape, classes, batch_size, activation_bytes)

    return narrowed(
        parameters, lambda some: broken_limit(settings, cost(some)) is None, lambda some: cost(some).operations
    )


@dataclass(frozen=True)
class _Layers:
    """Weights of convolutions, of batch norms, pixels of the output; elements saved and of gradients; convolutions."""

    kernels: int
    norms: int
    pixels: int
    maps: int
    gradients: int = 0
    convolutions: int = 1

    @property
    def weights(self) -> int:
        return self.kernels + self.norms

    @property
    def multiply_adds(self) -> int:
        return self.kernels * self.pixels

    def saved(self, activation_bytes: int) -> int:
        copies = activation_bytes * self.kernels if activation_bytes < FLOAT32 else 0
        # Batch norm keeps as many numbers as it has weights.
        return activation_bytes * self.maps + copies + FLOAT32 * self.norms


def _residual_block(
    narrow: int, wide: int, stride: int, branches: int, batch_size: int, height: int, width: int, changes: bool
) -> _Layers:
    pixels = batch_size * -(-height // stride) * -(-width // stride)
    inputs, outputs = batch_size * height * width * narrow, pixels * wide
    kernels, norms = branches * 9 * wide * (narrow + wide), branches * 4 * wide
    maps = inputs + branches * 3 * outputs
    # Most at once: for each branch what the mixture hands back, the block's own, and of a layer's output and input.
    gradients = (branches + 3) * outputs
    convolutions = 2 * branches
    if changes:
        padded = stride == 1 or height % 2 or width % 2
        kernels, norms = kernels + narrow * wide, norms + 2 * wide
        maps += outputs + (pixels * narrow if padded and wide > 1 else 0)
        convolutions += min(wide, 2)
        # Of the two paths and the branches.
        gradients += 3 * inputs
    return _Layers(kernels, norms, pixels, maps, gradients, convolutions)
