"""Images that are in two parts of a data set: an error measured on such a copy is that of an image seen before."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jointsearch.training.image_data import Division


@dataclass(frozen=True)
class Duplicates:
    """How many images are copies of one in another part, and the first with its files where they are known."""

    number: int
    example: tuple[Path, Path] | None = None


def find(images: Division) -> Duplicates:
    """Look for images of the validation part that are in the training part too, and of the test part in either.

    Copies are alike in all pixels, whatever their labels. Those within one part are not counted.
    """
    training = np.delete(np.arange(len(images.train.labels)), images.validation)
    parts = (
        (images.train, training),
        (images.train, images.validation),
        (images.test, np.arange(len(images.test.labels))),
    )
    seen: dict[bytes, Path | None] = {}
    number, example = 0, None
    for part, places in parts:
        new: dict[bytes, Path | None] = {}
        for place in places:
            pixels = hashlib.sha256(part.images[place].data).digest()
            file = part.files[place] if part.files else None
            if pixels in seen:
                number += 1
                other = seen[pixels]
                if example is None and file is not None and other is not None:
                    example = file, other
            new.setdefault(pixels, file)
        seen = new | seen
    return Duplicates(number, example)
