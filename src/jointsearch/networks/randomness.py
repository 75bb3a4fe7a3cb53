"""Torch's global generators, lent to one training at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class GlobalRandomness:
    """States of torch's global generators for one training alone.

    Layers such as dropout draw from the global generators. Within `in_use` these go on from where this training left
    them; outside they are as if it had drawn nothing.

    Parameters
    ----------
    seed
        Every random number drawn within `in_use` comes from it.
    device
        Where the training computes; the generator of the host is among them in any case.
    """

    def __init__(self, seed: int, device: torch.device):
        self._generators = [torch.default_generator]
        if device.type == "cuda":
            index = torch.cuda.current_device() if device.index is None else device.index
            self._generators.append(torch.cuda.default_generators[index])
        self._states = [torch.Generator(one.device).manual_seed(seed).get_state() for one in self._generators]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Draw from here in a `with` block."""
        outside = self._now()
        self._set(self._states)
        try:
            yield
        finally:
            self._states = self._now()
            self._set(outside)

    def state(self) -> list[Tensor]:
        """What the numbers to come depend on."""
        return [state.clone() for state in self._states]

    def restore(self, states: list[Tensor]) -> None:
        """Continue from another one's `state`."""
        self._states = [state.clone() for state in states]

    def _now(self) -> list[Tensor]:
        return [one.get_state() for one in self._generators]

    def _set(self, states: list[Tensor]) -> None:
        for one, state in zip(self._generators, states, strict=True):
            one.set_state(state)
