"""The images: where they come from and how they are split into training, validation and test part."""

from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jointsearch.config import DataSettings
from jointsearch.errors import UserError
from jointsearch.records import DataSet
from jointsearch.training import cache
from jointsearch.training.image_data import Division, ImageData
from jointsearch.training.source import Part, Source

TEST_SEED = 1807_06906
"""Seed of the test part of data that comes without one: the same for every experiment."""


def load(
    settings: DataSettings, root: Path | None, seed: int, cache_root: Path | None = None, known: DataSet | None = None
) -> ImageData:
    """Have the images of a data set, with its validation part held out, unless the settings say to train on it.

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
    cache_root
        Root of the cache to keep the images in once they are decoded; see `cache`.
    known
        The images as they were found before. Only these are returned: from the cache where it has them, and then
        without a look at `root`, whatever has become of the images there.

    Raises
    ------
    UserError
        If images are missing, damaged, too few, or not the known ones; see `image_folder.read` for a folder of
        your own.
    """
    images = cache.read(cache_root, known.digest, known.split) if cache_root and known else None
    if images is None:
        images = _divide(_SOURCES[settings.name](settings, root), settings, seed)
        if known and (images.digest, images.split) != (known.digest, known.split):
            raise UserError(f"{root}: other images, or another split, than data.json says; restore them")
        if cache_root:
            cache.write(cache_root, images)
    return images.image_data(settings.train_on == "training_and_validation")


def _divide(source: Source, settings: DataSettings, seed: int) -> Division:
    train, test = source.train, source.test
    if test is None:
        kept, held_out = _split(train.labels, settings.test_fraction, TEST_SEED, "data.test_fraction")
        train, test = train.select(kept), train.select(held_out)
    _, validation = _split(train.labels, settings.validation_fraction, seed, "data.validation_fraction")
    return Division(source.classes, train, test, validation)


def _digits(settings: DataSettings, root: Path | None) -> Source:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:, None] * (255 / 16)).round().astype(np.uint8)
    return Source(tuple(map(str, range(10))), Part(images, digits.target.astype(np.int64)))


def _folder(settings: DataSettings, root: Path | None) -> Source:
    from jointsearch.training import image_folder

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
