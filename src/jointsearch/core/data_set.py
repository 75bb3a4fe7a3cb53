"""The record of the images: `data.json`."""

from jointsearch.core.fields import Digest, Index, Record

HELD_OUT, PUBLISHED = "training", "published"
"""Origin of a part of a data set that has no folder: held out of the training part, or published with the data set."""


class DataSet(Record):
    """`data.json`: the images of an experiment as they were found before its first training.

    Attributes
    ----------
    digest, split
        SHA-256 over all pixels, labels and class names; SHA-256 of the validation indices.
    classes
        Names, in the order of the labels.
    shape
        Channels, height, width.
    train, validation, test
        Number of images in each part; none is counted twice.
    validation_from, test_from
        Origin of these parts: `training` if they were held out of the training part, `published` if the data set
        comes with them, else their folder, such as `val/`.
    duplicates
        Images of the validation part that are also in the training part, and of the test part that are also in one of
        the two, pixel by pixel.
    """

    digest: Digest
    split: Digest
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train: Index
    validation: Index
    test: Index
    validation_from: str = HELD_OUT
    test_from: str = PUBLISHED
    duplicates: Index = 0
