"""A data set as it comes, before any split of ours."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.data_set import PUBLISHED


@dataclass(frozen=True)
class Part:
    """Some images of a data set.

    Attributes
    ----------
    images, labels
        Pixels (N, C, H, W), uint8, and the index of the class of each (N,), int64.
    files
        The file of each, where they have files.
    origin
        Where they are from, as `DataSet` says it.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    files: tuple[Path, ...] = ()
    origin: str = PUBLISHED

    def select(self, index: NDArray[np.int64]) -> "Part":
        """Return the images at some places."""
        files = tuple(self.files[place] for place in index) if self.files else ()
        return Part(self.images[index], self.labels[index], files, self.origin)

    def extended(self, other: "Part") -> "Part":
        """Return these images and, behind them, those of another part."""
        images = np.concatenate([self.images, other.images])
        labels = np.concatenate([self.labels, other.labels])
        return Part(images, labels, self.files + other.files, self.origin)


@dataclass(frozen=True)
class RawData:
    """Class names, the training part and those other parts that the data comes with.

    `warnings` are what a user should know of the data before the first training, each in a line.
    """

    classes: tuple[str, ...]
    train: Part
    test: Part | None = None
    validation: Part | None = None
    warnings: tuple[str, ...] = field(default=(), kw_only=True)
