"""Images from a folder of your own: one subfolder for each class."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from jointsearch.errors import UserError
from jointsearch.training.source import Part, Source

CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}
"""Names that file managers leave behind, in lower case; ignored, as hidden files are."""


def read(root: Path, image_size: int | None) -> Source:
    """Read `root/train/<class>/*` and, where it exists, `root/test/<class>/*`.

    Without a folder `train`, the classes are the folders in `root` itself. Within a class, pictures may lie
    in subfolders; they are taken in sorted order. All become RGB: transparency is dropped, 16-bit greys keep
    their upper 8 bits, of an animation the first frame counts. With `image_size`, each becomes a square of
    that side: its middle, cut to a square, then resized bilinearly with antialiasing.

    Raises
    ------
    UserError
        If the folder is missing, has fewer than two classes, an empty class, a test class that is unknown
        in training, a file that is no image or is damaged, or pictures of several sizes without
        `image_size`.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set data_root to the folder that holds the images")
    has_train, has_test = (root / "train").is_dir(), (root / "test").is_dir()
    if has_test and not has_train:
        raise UserError(f"{root}: has a folder test but no folder train; add it, or rename test")
    train_files = _files(root / "train" if has_train else root)
    test_files = _files(root / "test") if has_test else {}
    classes = tuple(train_files)
    if len(classes) < 2:
        raise UserError(f"{root}: {len(classes)} class folder(s); at least 2 are needed, one for each class")
    for name in test_files.keys() - train_files.keys():
        raise UserError(f"{root / 'test' / name}: class is unknown in {root / 'train'}; add it there or remove it")
    reader = _Reader(image_size)
    return Source(
        classes,
        _part(train_files, classes, reader),
        _part(test_files, classes, reader) if has_test else None,
    )


def _files(folder: Path) -> dict[str, list[Path]]:
    files = {}
    for entry in _visible(folder):
        if not entry.is_dir():
            raise UserError(f"{entry}: lies beside the class folders; move it into one, or away")
        files[entry.name] = list(_pictures(entry))
        if not files[entry.name]:
            raise UserError(f"{entry}: class without images; add some, or remove the folder")
    return files


def _visible(folder: Path) -> list[Path]:
    return sorted(
        entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.name.lower() not in CLUTTER
    )


def _pictures(folder: Path) -> Iterator[Path]:
    for entry in _visible(folder):
        if entry.is_dir():
            yield from _pictures(entry)
        else:
            yield entry


class _Reader:
    """Reads pictures of one size, and remembers the first one to tell of another that differs."""

    def __init__(self, image_size: int | None):
        self._image_size = image_size
        self._first: tuple[Path, tuple[int, int]] | None = None

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        try:
            with Image.open(path) as opened:
                image = _eight_bits(opened).convert("RGB")
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
            raise UserError(f"{path}: not an image, or a damaged one; replace or remove it") from None
        if self._image_size is not None:
            side = (self._image_size, self._image_size)
            return np.asarray(ImageOps.fit(image, side, Image.Resampling.BILINEAR))
        first, size = self._first = self._first or (path, image.size)
        if image.size != size:
            raise UserError(
                f"{path}: {image.width} x {image.height} pixels, but {first} has {size[0]} x {size[1]}; "
                "set data.image_size to bring all images to one size"
            )
        return np.asarray(image)


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow would clip 16-bit greys at 255 instead of scaling them.
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    return image


def _part(files: dict[str, list[Path]], classes: tuple[str, ...], reader: _Reader) -> Part:
    pictures = [(path, classes.index(name)) for name, paths in files.items() for path in paths]
    pixels = np.stack([reader(path) for path, _ in pictures])
    return Part(
        np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)),
        np.array([label for _, label in pictures], dtype=np.int64),
    )
