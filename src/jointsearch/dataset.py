"""The images of an experiment in one line: classes, sizes of the parts, where these are from, copies among them."""

from pathlib import Path

from jointsearch.records import HELD_OUT, PUBLISHED, DataSet, read_record

LISTED = 10
"""Most classes that are listed; of more, the first three and the last."""


def found(folder: Path) -> DataSet | None:
    """Read which images an experiment trains on, from the folder of its results; None before they were looked at.

    Raises
    ------
    UserError
        If the record is broken.
    """
    path = folder / "data.json"
    return read_record(path, DataSet) if path.exists() else None


def line(data: DataSet) -> str:
    """Say in one line what the images are."""
    names = [_printable(name) for name in data.classes]
    listed = names if len(names) <= LISTED else [*names[:3], "...", names[-1]]
    channels, height, width = data.shape
    said = [
        f"{len(names):,} classes: {', '.join(listed)}",
        f"{data.train:,} / {data.validation:,} / {data.test:,} images of {height} x {width} x {channels} "
        "for training, validation, test",
    ]
    origins = {"validation": data.validation_from, "test": data.test_from}
    if told := [f"{part} {_origin(where)}" for part, where in origins.items() if where is not None]:
        said.append(", ".join(told))
    if data.duplicates:
        said.append(f"{data.duplicates:,} of validation and test are copies of images in another part")
    return "; ".join(said)


def _origin(where: str) -> str:
    return {HELD_OUT: "held out of the training images", PUBLISHED: "as published"}.get(
        where, f"from {_printable(where)}"
    )


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
