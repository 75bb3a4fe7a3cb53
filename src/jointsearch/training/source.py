"""A data set as it comes, before any split of ours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """Images (N, C, H, W), uint8, and the index of the class of each (N,), int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def select(self, index: NDArray[np.int64]) -> "Part":
        """Return the images at some places."""
        return Part(self.images[index], self.labels[index])


@dataclass(frozen=True)
class Source:
    """Class names, the training part and, where the data comes with one, the test part."""

    classes: tuple[str, ...]
    train: Part
    test: Part | None = None
