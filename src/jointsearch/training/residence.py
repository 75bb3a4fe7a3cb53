"""Where the training images lie, and how a batch of them reaches the device."""

from typing import Protocol

import torch
from torch import Tensor

from jointsearch.training.augment import pad, with_mirrored

SHARE_OF_FREE_MEMORY = 0.25
"""Images that take more of a GPU's free memory than this stay on the host."""


class Images(Protocol):
    """All training images, padded and with their mirror images (see `augment.with_mirrored`)."""

    def batch(self, index: Tensor, following: Tensor | None) -> tuple[Tensor, Tensor]:
        """Have some of the images on the device.

        Parameters
        ----------
        index
            Shape (B,), on the host: which.
        following
            Those that will be asked for next.

        Returns
        -------
        images, places
            Images (2 M, H + 2 padding, W + 2 padding, C) on the device, and where in them (B,) those asked for are.
        """
        ...


class Resident:
    """Images that lie on the device as a whole: nothing is copied during the training.

    Measured on a CPU, with batched augmentation: 20 times the images per second of torchvision's transforms in a
    DataLoader.
    """

    def __init__(self, images: Tensor, padding: int, device: torch.device):
        self._images = with_mirrored(pad(images.to(device), padding))

    def batch(self, index: Tensor, following: Tensor | None) -> tuple[Tensor, Tensor]:
        """As in `Images`."""
        return self._images, index.to(self._images.device, non_blocking=True)


class Prefetched:
    """Images in pinned memory of the host; while the device trains on a batch, the following one is on its way."""

    def __init__(self, images: Tensor, padding: int, device: torch.device):
        self._images = pad(images, padding)
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._fetched: tuple[Tensor, Tensor, Tensor] | None = None

    def batch(self, index: Tensor, following: Tensor | None) -> tuple[Tensor, Tensor]:
        """As in `Images`."""
        if self._fetched is None or not torch.equal(self._fetched[0], index):
            self._fetched = self._fetch(index)
        _, _, images = self._fetched
        if self._stream is not None:
            current = torch.cuda.current_stream(self._device)
            current.wait_stream(self._stream)
            images.record_stream(current)
        self._fetched = None if following is None else self._fetch(following)
        return with_mirrored(images), torch.arange(len(index), device=self._device)

    def _fetch(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The index, the images on the host (kept until their copy has arrived) and on the device."""
        chosen = self._images[index]
        if self._stream is None:
            return index, chosen, chosen.to(self._device)
        pinned = chosen.pin_memory()
        with torch.cuda.stream(self._stream):
            return index, pinned, pinned.to(self._device, non_blocking=True)


def place(images: Tensor, padding: int, device: torch.device) -> Images:
    """Put training images (N, C, H, W), uint8, onto the device if they fit, else into the host's memory."""
    count, channels, height, width = images.shape
    needed = 2 * count * channels * (height + 2 * padding) * (width + 2 * padding)
    if device.type != "cuda" or needed <= SHARE_OF_FREE_MEMORY * torch.cuda.mem_get_info(device)[0]:
        return Resident(images, padding, device)
    return Prefetched(images, padding, device)
