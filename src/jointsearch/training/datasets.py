"""The images: where they come from and how they are split into training, validation and test part."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jointsearch.core.config.data import NPZ, TORCHVISION, DataSettings
from jointsearch.core.data_set import HELD_OUT, DataSet
from jointsearch.core.errors import UserError
from jointsearch.training import cache, duplicates
from jointsearch.training.duplicates import Duplicates
from jointsearch.training.image_data import Division, ImageData
from jointsearch.training.raw_data import Part, RawData
from jointsearch.training.split import split

TEST_SEED = 1807_06906
"""Seed of the test part of data that comes without one: the same for every experiment."""


@dataclass(frozen=True)
class Found:
    """The images of an experiment, and what a user should know of them before the first training, each in a line."""

    images: DataSet
    warnings: tuple[str, ...]


def find(
    settings: DataSettings, root: Path | None, seed: int, cache_root: Path | None = None, fraction_given: bool = False
) -> Found:
    """Look which images there are, and keep them in the cache.

    Parameters
    ----------
    settings, root, seed, cache_root
        As for `load`.
    fraction_given
        Whether the configuration gives `validation_fraction`, be it as the default has it.

    Raises
    ------
    UserError
        As `load`.
    """
    source = _source(settings, root)
    images = _divide(source, settings, seed, fraction_given)
    if cache_root:
        cache.write(cache_root, images)
    copies = duplicates.find(images)
    held_out = len(images.validation)
    found = DataSet(
        digest=images.digest,
        split=images.split,
        classes=images.classes,
        shape=images.train.images.shape[1:],
        train=len(images.train.labels) - held_out,
        validation=held_out,
        test=len(images.test.labels),
        validation_from=HELD_OUT if source.validation is None else source.validation.origin,
        test_from=HELD_OUT if source.test is None else source.test.origin,
        duplicates=copies.number,
    )
    return Found(found, source.warnings + _warnings(copies))


def load(
    settings: DataSettings, root: Path | None, seed: int, cache_root: Path | None = None, known: DataSet | None = None
) -> ImageData:
    """Have the images of a data set, with its validation part held out, unless the settings say to train on it.

    A part that the data comes with is taken as it is. Any other is held out of the training images, stratified: each
    class gives its share, and at least one image. The validation part is drawn from `seed`, the test part from a
    constant.

    Parameters
    ----------
    settings
        Which data, and the shares of the splits.
    root
        Folder that holds the images, or is to hold them: CIFAR-10, CIFAR-100, SVHN and data sets of torchvision are
        downloaded when missing, and checked. `digits` needs none.
    seed
        Seed of the validation split, not negative.
    cache_root
        Root of the cache to keep the images in once they are decoded; see `cache`.
    known
        The images as they were found before. Only these are returned: from the cache if it has them, and then
        without reading `root`, whatever has become of the images there.

    Raises
    ------
    UserError
        If images are missing, damaged, too few, or not the known ones, or if the settings give the share of a
        validation part that the data comes with; see `image_folder.read`, `torchvision_data.read`,
        `npz_file.read` and `own_data.read`.
    """
    images = cache.read(cache_root, known.digest, known.split) if cache_root and known else None
    if images is None:
        images = _divide(_source(settings, root), settings, seed)
        if known and (images.digest, images.split) != (known.digest, known.split):
            raise UserError(
                f"{root}: other images, or another split, than data.json says; restore them, or, if another version of "
                "this workflow checked them, continue with that one"
            )
        if cache_root:
            cache.write(cache_root, images)
    return images.image_data(settings.train_on == "training_and_validation")


def _divide(source: RawData, settings: DataSettings, seed: int, fraction_given: bool = False) -> Division:
    train, test, validation = source.train, source.test, source.validation
    fraction = settings.validation_fraction
    if validation is not None and (fraction_given or fraction != DataSettings().validation_fraction):
        raise UserError(
            f"data.validation_fraction: {fraction:g} of the training images are to be held out, but the data has a "
            f"validation part, {validation.origin}; remove the setting, or that part"
        )
    if test is None:
        parts = ("training", "validation", "test") if validation is None else ("training", "test")
        kept, held_out = split(
            train.labels, source.classes, settings.test_fraction, TEST_SEED, "data.test_fraction", parts
        )
        train, test = train.select(kept), train.select(held_out)
    if validation is None:
        parts = ("training", "validation")
        _, held_out = split(train.labels, source.classes, fraction, seed, "data.validation_fraction", parts)
    else:
        # The search chooses by them, and the last trainings may be on them too: as if held out of a larger whole.
        held_out = np.arange(len(train.labels), len(train.labels) + len(validation.labels))
        train = train.extended(validation)
    return Division(source.classes, train, test, held_out)


def _warnings(copies: Duplicates) -> tuple[str, ...]:
    if not copies.number:
        return ()
    said = f"{copies.number:,} images of the validation or test part are copies of images in another part: "
    said += "their errors are measured on images that were trained on or chosen by"
    return (
        f"{said}; remove one of each two, such as {' or '.join(map(str, copies.example))}" if copies.example else said,
    )


def _digits(settings: DataSettings, root: Path | None) -> RawData:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:, None] * (255 / 16)).round().astype(np.uint8)
    return RawData(tuple(map(str, range(10))), Part(images, digits.target.astype(np.int64)))


def _folder(settings: DataSettings, root: Path | None) -> RawData:
    from jointsearch.training import image_folder

    return image_folder.read(_needed(root), settings.image_size)


def _cifar(settings: DataSettings, root: Path | None) -> RawData:
    from torchvision import datasets  # type: ignore[import-untyped]

    from jointsearch.training.torchvision_data import fetched

    kind = datasets.CIFAR10 if settings.name == "cifar10" else datasets.CIFAR100
    archive = [(kind.filename, kind.tgz_md5)]
    train, test = fetched(
        f"data.name: {settings.name}",
        lambda: [kind(root, train=part, download=True) for part in (True, False)],
        _needed(root),
        archive,
    )
    parts = [
        Part(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)), np.array(part.targets, dtype=np.int64))
        for part in (train, test)
    ]
    return RawData(tuple(train.classes), *parts)


def _svhn(settings: DataSettings, root: Path | None) -> RawData:
    from torchvision.datasets import SVHN  # type: ignore[import-untyped]

    from jointsearch.training.torchvision_data import fetched

    files = [tuple(SVHN.split_list[part][1:]) for part in ("train", "test")]
    parts = fetched(
        f"data.name: {settings.name}",
        lambda: [SVHN(root, split=part, download=True) for part in ("train", "test")],
        _needed(root),
        files,
    )
    return RawData(
        tuple(map(str, range(10))),
        *(Part(np.ascontiguousarray(part.data), part.labels.astype(np.int64)) for part in parts),
    )


_SOURCES: dict[str, Callable[[DataSettings, Path | None], RawData]] = {
    "cifar10": _cifar,
    "cifar100": _cifar,
    "svhn": _svhn,
    "digits": _digits,
    "image_folder": _folder,
}


def _source(settings: DataSettings, root: Path | None) -> RawData:
    if settings.own is not None:
        from jointsearch.training import own_data

        return own_data.read(settings.own, root)
    if settings.name.startswith(TORCHVISION):
        from jointsearch.training import torchvision_data

        return torchvision_data.read(settings.name, _needed(root), settings.image_size)
    if settings.name.endswith(NPZ):
        from jointsearch.training import npz_file

        return npz_file.read(_needed(root) / settings.name, settings.sha256)
    return _SOURCES[settings.name](settings, root)


def _needed(root: Path | None) -> Path:
    if root is None:
        raise UserError("data_root: not set; set it to the folder that holds the images")
    return root
