"""Pictures that Pillow reads, but does not write: colours of 16 bits, greys of 12."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

GREY, COLOUR, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 4, 6
"""Kinds of PNG."""


def png(samples: NDArray[np.uint16], kind: int, chunks: bytes = b"") -> bytes:
    """Write a PNG of 16 bits, samples (H, W, C), with further chunks before the samples."""
    height, width, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunks + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def tiff(strips: list[bytes], shape: tuple[int, int, int], bits: int, order: str = "<", **tags: int) -> bytes:
    """Write a TIFF: samples as packed already, shape (H, W, C), byte order '<' or '>'.

    `tags` are Compression, PhotometricInterpretation, PlanarConfiguration, ExtraSamples and SampleFormat by the names
    below; compression=8 is for strips that are deflated.
    """
    height, width, channels = shape
    numbers = {"compression": 259, "photometric": 262, "planar": 284, "extra": 338, "format": 339}
    entries = {
        **{256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * channels), 259: (3, [1]), 262: (3, [1])},
        **{277: (3, [channels]), 278: (4, [height]), 279: (4, [len(strip) for strip in strips])},
        **{numbers[name]: (3, [value] * (channels if name == "format" else 1)) for name, value in tags.items()},
        273: (4, [0] * len(strips)),
    }
    place = 8 + 2 + 12 * len(entries) + 4
    far = {}
    for tag, (kind, values) in sorted(entries.items()):
        length = len(values) * (2 if kind == 3 else 4)
        if length > 4:
            far[tag] = place
            place += length + length % 2
    starts = []
    for strip in strips:
        starts.append(place)
        place += len(strip)
    entries[273] = 4, starts
    head, tail = b"", b""
    for tag, (kind, values) in sorted(entries.items()):
        content = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        head += struct.pack(f"{order}HHI", tag, kind, len(values))
        if tag in far:
            head += struct.pack(f"{order}I", far[tag])
            tail += content + b"\0" * (len(content) % 2)
        else:
            head += content.ljust(4, b"\0")
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(entries))
    return start + head + bytes(4) + tail + b"".join(strips)


def tiff16(samples: NDArray[np.uint16], order: str = "<", **tags: int) -> bytes:
    """Write a TIFF of 16 bits, samples (H, W, C); with planar=2 one channel after the other."""
    packed, deflated = samples.astype(f"{order}u2"), tags.get("compression") == 8
    planes = [packed] if tags.get("planar", 1) == 1 else list(np.moveaxis(packed, 2, 0))
    strips = [zlib.compress(plane.tobytes()) if deflated else plane.tobytes() for plane in planes]
    return tiff(strips, samples.shape, 16, order, **tags)


def tiff12(samples: NDArray[np.uint16]) -> bytes:
    """Write a TIFF of 12 bits, samples (H, W) with an even width."""
    first, second = samples[:, ::2], samples[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1).astype(np.uint8)
    return tiff([packed.tobytes()], (*samples.shape, 1), 12)
