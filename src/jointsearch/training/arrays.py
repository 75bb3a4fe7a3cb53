"""Checks of images that come as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jointsearch.core.errors import UserError, shown
from jointsearch.training.raw_data import Part, RawData

PARTS = ("train", "validation", "test")
MOST_CLASSES = 100_000
"""A label from here on is taken for something else, such as an id."""


def checked(pairs: Mapping[str, Any], classes: Any, where: str) -> RawData:
    """Take pairs of images and labels for a data set.

    Parameters
    ----------
    pairs
        By part: `train`, and if there are such parts `validation` and `test`. Images are uint8 (N, H, W), (N, H, W, C)
        or (N, C, H, W), where the shorter of the second and the last axis is taken for the channels; labels are whole
        numbers (N,), the places in `classes`.
    classes
        The names of the classes; None for the labels.
    where
        What the pairs are from, for messages.

    Raises
    ------
    UserError
        If they are anything else.
    """
    parts = {key: _part(pair, f"{where}: {key}") for key, pair in pairs.items()}
    shapes = {key: part.images.shape[1:] for key, part in parts.items()}
    for key, shape in shapes.items():
        if shape != shapes["train"]:
            raise UserError(f"{where}: {key}: images of {_of(shape)}, those of train have {_of(shapes['train'])}")
    names = _classes(classes, max(int(part.labels.max()) for part in parts.values()) + 1, where)
    present = np.isin(np.arange(len(names)), parts["train"].labels)
    if not present.all():
        missing = names[int(present.argmin())]
        raise UserError(f"{where}: train: no images of class {missing}; add some, or number the classes without gaps")
    return RawData(names, parts["train"], parts.get("test"), parts.get("validation"))


def _part(pair: Any, where: str) -> Part:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise UserError(f"{where}: is {shown(pair)}; it must be a pair of images and labels")
    try:
        images, labels = (np.asarray(one) for one in pair)
    except (TypeError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise UserError(
            f"{where}: is no pair of arrays ({problem}); give all images one size, and each a label"
        ) from None
    if images.dtype != np.uint8:
        raise UserError(f"{where}: images are {images.dtype}; they must be uint8, 0 to 255")
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim != 4 or images.shape[1] == images.shape[3]:
        raise UserError(
            f"{where}: images have the shape {images.shape}; it must be (N, H, W), (N, H, W, C) or (N, C, H, W), with "
            "fewer channels than pixels"
        )
    elif images.shape[3] < images.shape[1]:
        images = images.transpose(0, 3, 1, 2)
    if not images.size:
        raise UserError(f"{where}: has no images; leave it out, or fill it")
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (len(images),):
        raise UserError(
            f"{where}: labels are {labels.dtype} of shape {labels.shape}; they must be whole numbers, one for each of "
            f"the {len(images):,} images"
        )
    if labels.min() < 0:
        raise UserError(f"{where}: a label is {labels.min()}; the first class is 0")
    if labels.max() >= MOST_CLASSES:
        raise UserError(f"{where}: a label is {labels.max()}; number the classes from 0, {MOST_CLASSES:,} at most")
    return Part(np.ascontiguousarray(images), labels.astype(np.int64))


def _classes(names: Any, number: int, where: str) -> tuple[str, ...]:
    if names is None:
        names = range(number)
    elif isinstance(names, str) or not np.iterable(names):
        raise UserError(f"{where}: classes: is {shown(names)}; it must be a list of names")
    classes = tuple(map(str, names))
    if len(set(classes)) < len(classes):
        raise UserError(f"{where}: classes: a name is there twice; each class needs its own")
    if len(classes) < max(number, 2):
        raise UserError(
            f"{where}: {len(classes)} classes, and labels up to {number - 1}; each needs a class, 2 at least"
        )
    return classes


def _of(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{height} x {width} x {channels}"
