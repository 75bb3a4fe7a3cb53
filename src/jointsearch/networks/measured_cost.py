"""What a training step of any network costs, measured without computing it."""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from jointsearch.core.errors import Failure, UserError
from jointsearch.networks.cost import FLOAT32, StepCost
from jointsearch.networks.network import ImageShape, TrainableNetwork
from jointsearch.networks.randomness import GlobalRandomness


def measure(
    build: Callable[[], TrainableNetwork],
    image_shape: ImageShape,
    batch_size: int,
    activation_bytes: int = FLOAT32,
    has_momentum: bool = True,
) -> StepCost:
    """Measure the cost of one training step.

    The step is taken on tensors that have shapes and no numbers: it needs neither memory nor time. A network that
    cannot be built of them is built once more with numbers, and one that cannot be trained on them, as it decides by
    numbers, takes one real step on the CPU.

    Operations are those that `torch.utils.flop_counter` counts, attention written out as products of matrices. `saved`
    is what the forward pass leaves in memory, weights aside, and `memory` the most that is there at once, with weights,
    gradients and momentum. What a kernel needs to work in is not counted.

    Parameters
    ----------
    build
        Builds the network on the CPU, the same each time.
    image_shape
        Channels, height, width in pixels.
    batch_size
        Images in a batch.
    activation_bytes
        4 for float32, 2 for bfloat16 autocast.
    has_momentum
        Whether the optimiser keeps a velocity for each weight.

    Raises
    ------
    UserError, Failure
        What building and training raise of these.
    Exception
        What the real step raises.
    """

    def without_numbers() -> StepCost:
        with FakeTensorMode():
            return step(build())

    def built_with_numbers() -> StepCost:
        network, mode = build(), FakeTensorMode(allow_non_fake_inputs=True)
        tensors = {name: mode.from_tensor(tensor) for name, tensor in _tensors(network)}
        with mode:
            return step(network, tensors)

    def step(network: TrainableNetwork, tensors: Mapping[str, Tensor] | None = None) -> StepCost:
        return _step(network, tensors or {}, image_shape, batch_size, activation_bytes, has_momentum)

    for attempt in (without_numbers, built_with_numbers):
        try:
            return attempt()
        except (UserError, Failure):
            raise
        except Exception:  # whatever needs numbers fails in its own way, and may do without a measurement like this
            continue
    with GlobalRandomness(0, torch.device("cpu")).in_use():
        return step(build())


def _tensors(network: TrainableNetwork) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _step(
    network: TrainableNetwork,
    tensors: Mapping[str, Tensor],
    image_shape: ImageShape,
    batch_size: int,
    activation_bytes: int,
    has_momentum: bool,
) -> StepCost:
    kept = [tensors.get(name, tensor) for name, tensor in _tensors(network)]
    trained = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    velocities = sum(_bytes(weight) for weight in network.parameters() if weight.requires_grad) if has_momentum else 0
    network.train()
    # The counter knows none of the fused kernels for attention on a CPU.
    with (
        FlopCounterMode(display=False) as operations,
        _Memory(kept) as memory,
        sdpa_kernel(SDPBackend.MATH),
    ):
        images = torch.zeros(batch_size, *image_shape)
        labels = torch.zeros(batch_size, dtype=torch.int64)
        with torch.autocast("cpu", torch.bfloat16, enabled=activation_bytes < FLOAT32):
            logits = functional_call(network, dict(tensors), (images,)) if tensors else network(images)
        saved = memory.live - memory.before
        F.cross_entropy(logits, labels).backward()
    # Layers that multiply: what else has weights scales and shifts.
    layers = sum(weight.dim() >= 2 for weight in network.parameters())
    return StepCost(trained, operations.get_total_flops(), memory.peak + velocities, saved, layers)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


class _Memory(TorchDispatchMode):
    """Bytes of all tensors that are alive, now and at the most, by their storages.

    Parameters
    ----------
    kept
        Tensors that are there before.
    """

    def __init__(self, kept: Sequence[Tensor]):
        super().__init__()
        self.live = self.peak = 0
        self._seen: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()
        for tensor in kept:
            self._see(tensor)
        self.before = self.live

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, Tensor):
                self._see(one)
        return result

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, size).atexit = False

    def _forget(self, size: int) -> None:
        self.live -= size
