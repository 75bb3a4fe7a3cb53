"""What the training engine has to know of the network of a configuration, ours or one of one's own."""

from typing import Protocol

import torch

from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.cost import StepCost, step_cost
from jointsearch.networks.hyperparameters import Hyperparameters, OwnHyperparameters, TrainingHyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork
from jointsearch.networks.network import ImageShape, TrainableNetwork
from jointsearch.networks.shared import SharedNetwork


class NetworkFamily(Protocol):
    """The network of a configuration, before it is built.

    Attributes
    ----------
    draws
        Whether it draws from torch's global generators while it is trained.
    channels_last
        Whether it may be given images whose channels are last in memory.
    compiles
        Whether it may be compiled.
    """

    draws: bool
    channels_last: bool
    compiles: bool

    def cost(self, image_shape: ImageShape, classes: int, batch_size: int, activation_bytes: int) -> StepCost:
        """Cost of one training step; `activation_bytes` are 4 for float32, 2 for bfloat16 autocast."""
        ...

    def build(self, image_shape: ImageShape, classes: int, generator: torch.Generator) -> TrainableNetwork:
        """Build it on the host; the initial weights come from the generator."""
        ...


class MultiBranch:
    """The multi-branch residual network; its noise is handed in, so it draws nothing itself."""

    draws = False
    channels_last = True
    compiles = True

    def __init__(self, parameters: Hyperparameters):
        self._parameters = parameters

    def cost(self, image_shape: ImageShape, classes: int, batch_size: int, activation_bytes: int) -> StepCost:
        """See `step_cost`."""
        return step_cost(self._parameters, image_shape, classes, batch_size, activation_bytes)

    def build(self, image_shape: ImageShape, classes: int, generator: torch.Generator) -> MultiBranchNetwork:
        """See `MultiBranchNetwork`."""
        return MultiBranchNetwork(self._parameters, image_shape[0], classes, generator)


class Shared(MultiBranch):
    """The weight-sharing network of choices; its steps take turns, so that it is two networks to a compiler."""

    compiles = False

    def __init__(self, parameters: SharedHyperparameters):
        super().__init__(parameters)
        self._choices = parameters

    def build(self, image_shape: ImageShape, classes: int, generator: torch.Generator) -> SharedNetwork:
        """See `SharedNetwork`."""
        return SharedNetwork(self._choices, image_shape[0], classes, generator)


def family(parameters: TrainingHyperparameters) -> NetworkFamily:
    """Choose the network that a configuration describes."""
    if isinstance(parameters, OwnHyperparameters):
        # Imported only here: it needs torch's counter, which takes a while.
        from jointsearch.networks.own import OwnNetwork

        return OwnNetwork(parameters)
    if isinstance(parameters, SharedHyperparameters):
        return Shared(parameters)
    assert isinstance(parameters, Hyperparameters)
    return MultiBranch(parameters)
