"""The images: where they come from and how they are split into training, validation and test part."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jointsearch.config import DataSettings
from jointsearch.errors import UserError
from jointsearch.training import image_folder
from jointsearch.training.source import Part, Source

TEST_SEED = 1807_06906
"""Seed of the test part of data that comes without one: the same for every experiment."""


@dataclass(frozen=True)
class ImageData:
    """Three disjoint parts of one data set.

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


def load(settings: DataSettings, root: Path | None, seed: int) -> ImageData:
    """Read a data set and hold out its validation part.

    Both splits are stratified: each class gives its share. The validation part is drawn from `seed`; a test
    part, where the data has none, from a constant.

    Parameters
    ----------
    settings
        Which data, and the shares of the splits.
    root
        Folder that holds the images, or is to hold them: CIFAR-10, CIFAR-100 and SVHN are downloaded when
        missing, and checked. `digits` needs none.
    seed
        Seed of the validation split, not negative.

    Raises
    ------
    UserError
        If images are missing, damaged, or too few; see `image_folder.read` for a folder of your own.
    """
    source = _SOURCES[settings.name](settings, root)
    train, test = source.train, source.test
    if test is None:
        kept, held_out = _split(train.labels, settings.test_fraction, TEST_SEED, "data.test_fraction")
        train, test = train.select(kept), train.select(held_out)
    chosen, validation = _split(train.labels, settings.validation_fraction, seed, "data.validation_fraction")
    images, labels = _tensors(train.select(chosen))
    mean, std = _statistics(images)
    return ImageData(
        images,
        labels,
        *_tensors(train.select(validation)),
        *_tensors(test),
        classes=source.classes,
        mean=mean,
        std=std,
        digest=_digest(source.classes, train, test),
        split=hashlib.sha256(validation.astype("<i8").tobytes()).hexdigest(),
    )


def _digits(settings: DataSettings, root: Path | None) -> Source:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:, None] * (255 / 16)).round().astype(np.uint8)
    return Source(tuple(map(str, range(10))), Part(images, digits.target.astype(np.int64)))


def _folder(settings: DataSettings, root: Path | None) -> Source:
    return image_folder.read(_needed(root), settings.image_size)


def _cifar(settings: DataSettings, root: Path | None) -> Source:
    from torchvision import datasets  # type: ignore[import-untyped]

    kind = datasets.CIFAR10 if settings.name == "cifar10" else datasets.CIFAR100
    archive = [(kind.filename, kind.tgz_md5)]
    train, test = _fetched(
        lambda: [kind(root, train=part, download=True) for part in (True, False)], _needed(root), archive
    )
    parts = [
        Part(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)), np.array(part.targets, dtype=np.int64))
        for part in (train, test)
    ]
    return Source(tuple(train.classes), *parts)


def _svhn(settings: DataSettings, root: Path | None) -> Source:
    from torchvision.datasets import SVHN  # type: ignore[import-untyped]

    files = [tuple(SVHN.split_list[part][1:]) for part in ("train", "test")]
    parts = _fetched(
        lambda: [SVHN(root, split=part, download=True) for part in ("train", "test")], _needed(root), files
    )
    return Source(
        tuple(map(str, range(10))),
        *(Part(np.ascontiguousarray(part.data), part.labels.astype(np.int64)) for part in parts),
    )


_SOURCES: dict[str, Callable[[DataSettings, Path | None], Source]] = {
    "cifar10": _cifar,
    "cifar100": _cifar,
    "svhn": _svhn,
    "digits": _digits,
    "image_folder": _folder,
}


def _needed(root: Path | None) -> Path:
    if root is None:
        raise UserError("data_root: not given; set it to the folder that holds the images")
    return root


def _fetched(read: Callable[[], list[Any]], root: Path, files: list[tuple[str, str]]) -> list[Any]:
    """Read with torchvision, which checks the md5 sums and downloads what is missing."""
    try:
        return read()
    except (OSError, RuntimeError, HTTPException) as error:
        wanted = " and ".join(f"{name} (md5 {md5})" for name, md5 in files)
        raise UserError(
            f"{root}: images missing or damaged, and the download failed "
            f"({' '.join(str(error).split())}); put {wanted} into this folder"
        ) from None


def _split(
    labels: NDArray[np.int64], fraction: float, seed: int, setting: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stratified split into the indices that stay and the rounded `fraction` held out, each in order."""
    from sklearn.model_selection import train_test_split

    total, classes = len(labels), np.unique(labels, return_counts=True)[1]
    held_out = round(fraction * total)
    if classes.min() < 2 or not len(classes) <= held_out <= total - len(classes):
        raise UserError(
            f"{setting}: too few images: {held_out} of {total} would be held out, of {len(classes)} classes "
            f"with {classes.min()} or more each; both parts need one of each class: add images or change it"
        )
    random = np.random.RandomState(np.random.MT19937(seed))
    kept, rest = train_test_split(np.arange(total), test_size=held_out, random_state=random, stratify=labels)
    return np.sort(kept), np.sort(rest)


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


def _digest(classes: tuple[str, ...], *parts: Part) -> str:
    hashed = hashlib.sha256(repr(classes).encode())
    for part in parts:
        hashed.update(repr(part.images.shape).encode())
        hashed.update(part.images.data)
        hashed.update(part.labels.astype("<i8").tobytes())
    return hashed.hexdigest()
