"""The images of an experiment, divided into training, validation and test part, and what identifies them."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jointsearch.training.raw_data import Part


@dataclass(frozen=True)
class ImageData:
    """The parts of one data set, disjoint unless the training part has the validation part in it.

    Images are uint8 (N, C, H, W); labels int64 (N,), indices into `classes`. `mean` and `std` are per
    channel (C,), on the scale of the pixels (0..255), of the training part alone. `digest` is the SHA-256 of
    all pixels, labels and class names; `split` that of the validation images' places in the training set.
    """

    train_images: Tensor
    train_labels: Tensor
    validation_images: Tensor
    validation_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor
    digest: str
    split: str


@dataclass(frozen=True)
class Division:
    """A data set and how it is divided, in the order of its source: what `ImageData` follows from.

    `validation` (V,), int64, in order, are the places in `train` of the images that are held out to choose by.
    """

    classes: tuple[str, ...]
    train: Part
    test: Part
    validation: NDArray[np.int64]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all pixels, labels and class names."""
        hashed = hashlib.sha256(repr(self.classes).encode())
        for part in (self.train, self.test):
            hashed.update(repr(part.images.shape).encode())
            hashed.update(part.images.data)
            hashed.update(part.labels.astype("<i8").tobytes())
        return hashed.hexdigest()

    @cached_property
    def split(self) -> str:
        """SHA-256 of the validation images' places."""
        return hashlib.sha256(self.validation.astype("<i8").tobytes()).hexdigest()

    def image_data(self, trains_on_validation: bool = False) -> ImageData:
        """Take the parts out of it; the training part with the validation images, or without them."""
        kept = np.arange(len(self.train.labels))
        if not trains_on_validation:
            kept = np.delete(kept, self.validation)
        images, labels = _tensors(self.train.select(kept))
        mean, std = _statistics(images)
        return ImageData(
            images,
            labels,
            *_tensors(self.train.select(self.validation)),
            *_tensors(self.test),
            classes=self.classes,
            mean=mean,
            std=std,
            digest=self.digest,
            split=self.split,
        )


def _tensors(part: Part) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.images), torch.from_numpy(part.labels)


def _statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per channel, from exact counts of the 256 values."""
    counts = torch.stack([torch.bincount(channel.flatten(), minlength=256) for channel in images.unbind(1)])
    values = torch.arange(256, dtype=torch.float64)
    total = counts.sum(1)
    mean = counts.double() @ values / total
    variance = counts.double() @ values.square() / total - mean.square()
    # A channel that is constant says nothing; a deviation of 1 keeps it finite.
    std = torch.where(variance > 1e-6, variance.clamp(min=0).sqrt(), 1.0)
    return mean.float(), std.float()
