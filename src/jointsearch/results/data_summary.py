"""The images of an experiment in one line: classes, sizes of the parts, where these are from, copies among them."""

from jointsearch.core.data_set import HELD_OUT, PUBLISHED, DataSet

LISTED = 10
"""Most classes that are listed; of more, the first three and the last."""


def line(data: DataSet) -> str:
    """Describe the images in one line."""
    classes = [_printable(name) for name in data.classes]
    listed = classes if len(classes) <= LISTED else [*classes[:3], "...", classes[-1]]
    channels, height, width = data.shape
    said = [
        f"{len(classes):,} classes: {', '.join(listed)}",
        f"{data.train:,} / {data.validation:,} / {data.test:,} images of {height} x {width} x {channels} "
        "for training, validation, test",
    ]
    parts: dict[str, list[str]] = {}
    for part, where in (("validation", data.validation_from), ("test", data.test_from)):
        parts.setdefault(_origin(where), []).append(part)
    said.append(", ".join(f"{' and '.join(names)} {origin}" for origin, names in parts.items()))
    if data.duplicates:
        said.append(f"{data.duplicates:,} of validation and test are copies of images in another part")
    return "; ".join(said)


def _origin(where: str) -> str:
    return {HELD_OUT: "held out of the training images", PUBLISHED: "given with the data"}.get(
        where, f"from {_printable(where)}"
    )


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
