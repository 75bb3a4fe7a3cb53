from pathlib import Path

import numpy as np
import pytest

from jointsearch.training import duplicates
from jointsearch.training.image_data import Division
from jointsearch.training.raw_data import Part


def part(*values: int, name: str | None = None) -> Part:
    """Images of one pixel."""
    images = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    files = tuple(Path(f"{name}{place}") for place in range(len(values))) if name else ()
    return Part(images, np.zeros(len(values), np.int64), files)


@pytest.mark.parametrize(
    ("train", "validation", "test", "number", "example"),
    [
        ((1, 2, 3), (4,), (5, 6), 0, None),
        ((1, 1, 1), (4, 4), (5, 5), 0, None),
        ((1, 2, 3), (3,), (5,), 1, ("train3", "train2")),
        ((1, 2, 3), (4,), (2, 2, 5), 2, ("test0", "train1")),
        ((1, 2, 3), (4,), (4,), 1, ("test0", "train3")),
        ((1, 1), (1,), (1,), 2, ("train2", "train0")),
    ],
)
def test_copies_across_parts_are_counted_and_the_first_is_named(train, validation, test, number, example):
    places = np.arange(len(train), len(train) + len(validation))
    images = Division(("a",), part(*train, *validation, name="train"), part(*test, name="test"), places)
    assert duplicates.find(images) == duplicates.Duplicates(number, example and tuple(map(Path, example)))


def test_images_without_files_are_counted():
    assert duplicates.find(Division(("a",), part(1, 2), part(2), np.array([0]))) == duplicates.Duplicates(1)
