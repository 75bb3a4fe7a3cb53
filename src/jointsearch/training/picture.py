"""One picture from a file: upright, RGB, 8 bits a channel, by rules that are the same for every picture.

What Pillow reads with at most 8 bits a sample becomes RGB as Pillow converts it. Deeper pictures are scaled by the
range of their type, never by the values that one of them happens to hold: that would lose which picture is brighter.

====================================  ==========================  ====================================
samples                               range                       become
====================================  ==========================  ====================================
16 bits, grey or colour               0 to 65,535                 their upper 8 bits
12 bits, grey (TIFF)                  0 to 4,095                  their upper 8 bits
whole numbers of 32 bits, or signed   0 to 65,535                 the upper 8 of 16 bits
floats                                0 to 255                    the whole number below
====================================  ==========================  ====================================

A picture with a value outside of the range is refused, as are floats of which none is above 1. So is one that holds
less than its type could, such as 12 bits in 16, and would lose its levels: that keeps no more than `FEWEST_LEVELS`, and
half of those it had, or less. No tag helps there: TIFF's MaxSampleValue is that of the one picture, and the samples of
a PNG with fewer significant bits fill their range anyway.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from jointsearch.core.errors import UserError
from jointsearch.training.picture_bits import Stored, levels, stored

FEWEST_LEVELS = 64
"""Levels out of 256 that are few for a deep picture, unless it had hardly more."""

_TEXT = 2**30
"""Bytes of text that a PNG may hold; Pillow's own limit is for pictures from strangers."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""

_WAY_OUT = "save the pictures with 8 bits, all of them scaled alike"


class Reader:
    """Reads pictures of one size, and remembers the first one, to report another that differs."""

    def __init__(self, image_size: int | None):
        self._image_size = image_size
        self._first: tuple[Path, tuple[int, int]] | None = None

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        """Read a picture, see `read`, as (H, W, 3); with an image size, cut and resized to a square of it."""
        image = read(path)
        if self._image_size is not None:
            return np.asarray(square(image, self._image_size))
        first, size = self._first = self._first or (path, image.size)
        if image.size != size:
            raise UserError(
                f"{path}: {image.width} x {image.height} pixels, but {first} has {size[0]} x {size[1]}; "
                "set data.image_size to bring all images to one size"
            )
        return np.asarray(image)


def square(image: Image.Image, side: int) -> Image.Image:
    """Cut the middle of an image to a square, and resize it bilinearly with antialiasing."""
    return ImageOps.fit(image, (side, side), Image.Resampling.BILINEAR)


def read(path: Path) -> Image.Image:
    """Read a picture as RGB, turned as its EXIF orientation says, without transparency; the first one of an animation.

    Raises
    ------
    UserError
        If the system cannot read the file, Pillow cannot read what is in it, it has too many pixels, or 8 bits cannot
        show it. The reported reason is the system's, or Pillow's.
    """
    try:
        with path.open("rb") as file, _lenient():
            return _read(path, file)
    except UserError:
        raise
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise UserError(f"{path}: more than {limit:,} pixels, the limit of Pillow; make the picture smaller") from None
    except MemoryError:
        raise UserError(f"{path}: needs more memory than there is; make the picture smaller") from None
    except Exception as error:  # a damaged file fails in many ways
        raise _failure(path, error) from None


def unreadable(path: Path, error: OSError) -> UserError:
    """Say why the system cannot read a file or a folder."""
    with contextlib.suppress(OSError):
        target = path.readlink()
        return UserError(f"{path}: cannot be read ({error.strerror}); fix the link, or {target}, which it leads to")
    return UserError(f"{path}: cannot be read ({error.strerror}); restore it, or give access to it")


def _failure(path: Path, error: Exception) -> UserError:
    if isinstance(error, OSError) and error.strerror is not None:
        return unreadable(path, error)
    known = not isinstance(error, UnidentifiedImageError)
    reason = " ".join(str(error).split()) if known else "no format that it knows"
    return UserError(
        f"{path}: not an image, or a damaged one, or one that Pillow does not read ({reason or type(error).__name__}); "
        "restore it, convert it to PNG, or move it out of the images"
    )


@contextlib.contextmanager
def _lenient() -> Iterator[None]:
    """Let Pillow read long texts, and warn of nothing; its limits, which hold for all who use it, are put back."""
    before = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    try:
        PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _TEXT
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = before


def _read(path: Path, file: IO[bytes]) -> Image.Image:
    with Image.open(file) as opened:
        found = stored(opened, file)
        if found.misread:
            raise UserError(f"{path}: 16 bits, one colour after the other, which Pillow takes for 8 bits; {_WAY_OUT}")
        if found.inverted:
            raise UserError(f"{path}: greys of which 0 is white, which Pillow takes for black; {_WAY_OUT}")
        opened.load()
        image = _upright(opened)
        if image.mode == "F":
            return _eight_bits(path, image, "floats", 255)
        if image.mode.startswith("I"):
            if found.bits == 12:
                return _eight_bits(path, image, "12 bits", 2**12 - 1)
            return _eight_bits(path, image, "whole numbers", 2**16 - 1)
        if found.bits == 16:
            _check_colours(path, image, file, found)
        # Pillow knows no direct way from this one.
        return (image.convert("LA") if image.mode == "La" else image).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # EXIF data are damaged in many ways, also in a good picture
        return image
    return image if turn is None else image.transpose(turn)


def _eight_bits(path: Path, image: Image.Image, what: str, highest: int) -> Image.Image:
    samples = np.asarray(image)
    low, high = samples.min(), samples.max()
    # Fractions are cut off, so that a little more than the range is in it. Nan is not. Floats up to 1 mean 1 as white.
    if not (low > -1 and high < highest + 1) or (image.mode == "F" and 0 < high <= 1):
        raise UserError(f"{path}: {low:g} to {high:g}, but {what} are read as 0 to {highest:,}; {_WAY_OUT}")
    scale = (highest + 1) // 256
    scaled = Image.fromarray((samples if scale == 1 else samples // scale).astype(np.uint8))
    _check_levels(path, scaled, lambda: np.unique(samples).size, what, highest)
    return scaled.convert("RGB")


def _check_levels(path: Path, scaled: Image.Image, held: Callable[[], int], what: str, highest: int) -> None:
    kept = _levels(scaled).size
    if kept <= FEWEST_LEVELS and 2 * kept <= (before := held()):
        raise UserError(
            f"{path}: of {before} levels {kept} would be left, as {what} are read as 0 to {highest:,}; {_WAY_OUT}"
        )


def _levels(image: Image.Image) -> NDArray[np.intp]:
    """Find the values that there are in an image of 8 bits, without transparency."""
    counts = np.reshape(image.histogram(), (-1, 256))
    return np.flatnonzero(counts[[band != "A" for band in image.getbands()]].any(axis=0))


def _check_colours(path: Path, image: Image.Image, file: IO[bytes], found: Stored) -> None:
    """Check colours of 16 bits, of which Pillow gives the upper 8."""
    if found.bytewise:
        _check_levels(path, image, lambda: levels(file), "16 bits", 2**16 - 1)
    elif (highest := int(_levels(image).max())) < FEWEST_LEVELS:
        # What Pillow does not give cannot be counted.
        raise UserError(
            f"{path}: of 256 levels the lowest {highest + 1} are used, as 16 bits are read as 0 to 65,535; {_WAY_OUT}"
        )
