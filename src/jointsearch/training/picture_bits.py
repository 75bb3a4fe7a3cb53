"""How many bits the samples of a picture have in its file: more than Pillow gives of colours, which are the upper 8."""

import sys
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

_OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
"""The byte order in which Pillow unpacks the lower byte of 16 bits, by the one in which it unpacks the upper byte."""

_BITS_PER_SAMPLE, _PHOTOMETRIC_INTERPRETATION, _PLANAR_CONFIGURATION = 258, 262, 284
"""Tags of TIFF."""

_SSIZ = 38
"""Place behind the marker SIZ of the bits of the first component (ISO 15444-1, annex A.5.1)."""


@dataclass(frozen=True)
class Stored:
    """How the samples of a picture are stored.

    Attributes
    ----------
    bits
        Of a sample: 12, 16, or 8 for any other number.
    bytewise
        Whether Pillow can give either byte of 16 bits, see `levels`.
    misread
        Whether Pillow takes each byte of 16 bits for a sample of its own.
    inverted
        Whether 0 is white and Pillow does not mind, as it does for 8 bits.
    """

    bits: int = 8
    bytewise: bool = False
    misread: bool = False
    inverted: bool = False


def stored(image: ImageFile, file: IO[bytes]) -> Stored:
    """Say how an image is stored that was opened, but not loaded yet: then Pillow forgets it."""
    if image.format == "JPEG2000":
        # Pillow scales what has fewer.
        return Stored(16 if _jpeg_2000_bits(file) == 16 else 8)
    if not image.tile:
        return Stored()
    codec, _, _, given = image.tile[0]
    mode = _raw_mode(given)
    tags: Any = getattr(image, "tag_v2", {})
    if tags.get(_PHOTOMETRIC_INTERPRETATION) == 0 and image.mode.startswith(("I", "F")):
        return Stored(inverted=True)
    planar = tags.get(_PLANAR_CONFIGURATION) == 2
    if planar and len(mode) == 1:
        return Stored(misread=max(tags.get(_BITS_PER_SAMPLE, (8,))) > 8)
    if ";12" in mode:
        return Stored(12)
    full_ppm = codec == "ppm" and isinstance(given, tuple) and given[1] == 2**16 - 1
    if ";16" in mode or codec == "SGI16" or full_ppm:
        return Stored(16, codec in {"raw", "zip", "libtiff"} and not planar)
    return Stored()


def _raw_mode(given: Any) -> str:
    """Find how a codec is to unpack the samples among its arguments."""
    return str((given[0] if isinstance(given, tuple) else given) or "")


def _jpeg_2000_bits(file: IO[bytes]) -> int:
    file.seek(0)
    _, marker, head = file.read(2**16).partition(b"\xff\x4f\xff\x51")
    return (head[_SSIZ] & 127) + 1 if marker else 8


def levels(file: IO[bytes]) -> int:
    """Count the values that the samples of 16 bits of a bytewise picture have, without transparency."""
    upper, lower = _unpacked(file, upper=True), _unpacked(file, upper=False)
    return int(np.unique(upper.astype(np.uint16) << 8 | lower).size)


def _unpacked(file: IO[bytes], upper: bool) -> NDArray[np.uint8]:
    """Let Pillow unpack one byte of each sample of 16 bits."""

    def mode(stored: str) -> str:
        # Colours that are multiplied by their opacity are taken as they are.
        plain = stored.replace("a", "A")
        return plain if upper else plain[:-1] + _OTHER_BYTE[plain[-1]]

    file.seek(0)
    with Image.open(file) as image:
        tile = image.tile[0]
        if tile.args == "LA;16B":
            # Pillow can unpack its upper bytes only; as four samples of 8 bits, it gives all of them.
            image.tile = [tile._replace(args="RGBA")]
            return np.asarray(image)[..., [0 if upper else 1]]
        image.tile = [
            one._replace(args=mode(one.args) if isinstance(one.args, str) else (mode(one.args[0]), *one.args[1:]))
            for one in image.tile
            if one.args is not None
        ]
        samples = np.asarray(image)
    return samples[..., :3] if image.mode == "RGBA" else samples
