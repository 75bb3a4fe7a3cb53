"""Decoded images in one file: decoded once, and checked and read by each training in a fraction of the time.

A cache can be deleted at any time, and costs a warning at most: whatever is wrong with it, the images still come from
their source. Needs neither scikit-learn nor torchvision nor Pillow.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.errors import UserError
from jointsearch.core.files import sweep, write_whole
from jointsearch.training.image_data import Division
from jointsearch.training.raw_data import Part

_TYPES = {
    "train_images": np.uint8,
    "train_labels": np.int64,
    "test_images": np.uint8,
    "test_labels": np.int64,
    "validation": np.int64,
}


def file_of(root: Path, digest: str, split: str) -> Path:
    """File of a data set and its split, below the root of the cache."""
    return root / "images" / f"{digest[:16]}-{split[:16]}.npz"


def write(root: Path, images: Division) -> None:
    """Keep images. Of several processes that do so at once each writes the same, and the file is whole at any time."""
    path = file_of(root, images.digest, images.split)
    arrays: dict[str, NDArray[Any]] = {
        "train_images": images.train.images,
        "train_labels": images.train.labels,
        "test_images": images.test.images,
        "test_labels": images.test.labels,
        "validation": images.validation,
        "classes": np.array(images.classes),
    }
    # Temporary files of killed writers are large here, and nobody looks.
    sweep(path.parent)
    try:
        write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))
    except UserError as error:
        _warn(f"images are not cached: {error}")


def read(root: Path, digest: str, split: str) -> Division | None:
    """Read images back; None if they are not there, or if the file is damaged or holds others.

    Parameters
    ----------
    root
        Root of the cache.
    digest, split
        Of the images that are wanted. What the file holds must give the same two.
    """
    path = file_of(root, digest, split)
    try:
        images = _read(path)
        if (images.digest, images.split) != (digest, split):
            raise ValueError("other images, or another split")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # a damaged file fails in many ways, and the images can be had without
        _warn(f"{path}: ignored, the images are read from their source: {error or type(error).__name__}")
        return None
    return images


def _read(path: Path) -> Division:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in _TYPES}
        classes = file["classes"]
    # The digest is of bytes, and these have the same bytes as other numbers of another type.
    for name, kind in _TYPES.items():
        if arrays[name].dtype != kind:
            raise ValueError(f"{name}: {arrays[name].dtype}")
    return Division(
        tuple(map(str, classes)),
        Part(arrays["train_images"], arrays["train_labels"]),
        Part(arrays["test_images"], arrays["test_labels"]),
        arrays["validation"],
    )


def _warn(message: str) -> None:
    print(f"warning: {' '.join(message.split())}", file=sys.stderr)
