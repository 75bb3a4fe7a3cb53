"""A network of one's own: built by a function that the configuration names."""

import io
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from jointsearch.core import dotted
from jointsearch.core.errors import UserError, shown
from jointsearch.networks import measured_cost
from jointsearch.networks.cost import StepCost
from jointsearch.networks.hyperparameters import OwnHyperparameters
from jointsearch.networks.network import ImageShape, TrainableNetwork
from jointsearch.networks.randomness import GlobalRandomness

KEY = "training.network"
HOST = torch.device("cpu")


def builder(name: str) -> Callable[..., Any]:
    """Import the function that builds a network.

    Raises
    ------
    UserError
        If there is no such function, or it cannot be called with the three arguments.
    """
    call = "build(values, image_shape, classes)"
    return dotted.callable_with(dotted.own(name, KEY), f"{KEY}: {name}", call, {}, (1, 1, 1), 2)


class OwnNetwork:
    """A network of one's own.

    Its images are in torch's usual order: code that flattens them with `view` would fail on another one.
    """

    draws = True
    channels_last = False
    compiles = True

    def __init__(self, parameters: OwnHyperparameters):
        self._parameters = parameters
        self._build = builder(parameters.network)

    def cost(self, image_shape: ImageShape, classes: int, batch_size: int, activation_bytes: int) -> StepCost:
        """Measure the cost of one training step, see `measured_cost.measure`."""
        return measured_cost.measure(
            lambda: self._built(image_shape, classes, 0),
            image_shape,
            batch_size,
            activation_bytes,
            has_momentum=self._parameters.momentum > 0,
        )

    def build(self, image_shape: ImageShape, classes: int, generator: torch.Generator) -> "OwnModule":
        """Call the user's function.

        Raises
        ------
        UserError
            If it returns what cannot be trained.
        Exception
            What the function raises, such as `Invalid`.
        """
        network = self._built(image_shape, classes, generator.initial_seed())
        for name, weight in network.module.named_parameters():
            if not weight.isfinite().all():
                raise network.refused(f"{name} has weights that are not finite; initialise it")
        if not _can_be_saved(network.module):
            raise network.refused("its extra state cannot be saved; use tensors, numbers, strings, lists, dictionaries")
        return network

    def _built(self, image_shape: ImageShape, classes: int, seed: int) -> "OwnModule":
        values = dict(self._parameters.values)
        source = f"{KEY}: {self._parameters.network}: with {values}"
        try:
            with GlobalRandomness(seed, HOST).in_use():
                module = self._build(dict(values), image_shape, classes)
        except SystemExit as end:
            raise UserError(f"{source}: called sys.exit({end.code!r}); return a module, or raise") from None
        return OwnModule(module, classes, source)


def _can_be_saved(module: nn.Module) -> bool:
    """Whether the extra state of a module, such as it is when it is built, can be read back without running code."""
    extra = {name: value for name, value in module.state_dict().items() if not isinstance(value, Tensor)}
    file = io.BytesIO()
    try:
        torch.save(extra, file)
        file.seek(0)
        torch.load(file, weights_only=True)
    except (pickle.PickleError, AttributeError, TypeError):
        return False
    return True


class OwnModule(TrainableNetwork):
    """A module of one's own, as the training loop sees it.

    Parameters
    ----------
    module
        Maps images (N, C, H, W) to logits (N, classes); in any type of numbers.
    classes
        Number of classes.
    source
        The function that returned it and the configuration, for messages.

    Raises
    ------
    UserError
        If it is no module, or has nothing to train.
    """

    def __init__(self, module: nn.Module, classes: int, source: str):
        super().__init__()
        self._classes, self._source = classes, source
        if not isinstance(module, nn.Module):
            raise self.refused(f"returns {shown(module)}; it must return a torch.nn.Module")
        self.module = module
        for name, weight in module.named_parameters():
            if isinstance(weight, nn.UninitializedParameter):
                raise self.refused(f"{name} has no size before the first call; give its layer all sizes")
        if not any(weight.requires_grad for weight in module.parameters()):
            raise self.refused("returns a module without weights to train")

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes), as float32; the noise is not used.

        Raises
        ------
        UserError
            If the module returns anything else.
        """
        logits = self.module(images)
        if not isinstance(logits, Tensor):
            raise self.refused(f"its module returns {type(logits).__name__}; it must return logits (N, classes)")
        if logits.shape != (expected := (len(images), self._classes)):
            raise self.refused(f"its module returns the shape {tuple(logits.shape)}; logits have {expected}")
        return logits.float()

    def refused(self, problem: str) -> UserError:
        """One line on what is wrong with the network: which function, with which configuration."""
        return UserError(f"{self._source}: {problem}")

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Restore a state.

        Raises
        ------
        UserError
            If other weights or buffers are in it than the module has.
        """
        if other := sorted(state_dict.keys() ^ self.state_dict().keys()):
            name = other[0].removeprefix("module.")
            raise self.refused(f"{name} came after it was built, so it cannot be restored; register it in __init__")
        return super().load_state_dict(state_dict, strict, assign)

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Buffers that are not in the module's own state."""
        buffers = {name: getattr(owner, key) for name, owner, key in self._buffers_beside()}
        return {name: None if buffer is None else buffer.clone() for name, buffer in buffers.items()}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Restore them; those that came with a later call of the module come, or go."""
        for name, owner, key in [*self._buffers_beside()]:
            if name not in state:
                delattr(owner, key)
        device = next(self.parameters()).device
        for name, value in state.items():
            path, _, key = name.rpartition(".")
            owner = self.module.get_submodule(path)
            there = getattr(owner, key, None)
            if value is not None and there is not None and (there.shape, there.dtype) == (value.shape, value.dtype):
                # In place: what was compiled reads this tensor.
                there.copy_(value)
            else:
                restored = None if value is None else value.to(device, copy=True)
                owner.register_buffer(key, restored, persistent=False)

    def _buffers_beside(self) -> Iterator[tuple[str, nn.Module, str]]:
        """Name, owner and key in that of each buffer that is not in the module's own state."""
        for path, owner in self.module.named_modules():
            for key in owner._non_persistent_buffers_set:
                yield f"{path}.{key}" if path else key, owner, key
