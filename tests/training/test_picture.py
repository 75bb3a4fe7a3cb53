"""One picture from a file, in every way that Pillow reads one."""

import struct
import warnings
import zlib

import numpy as np
import pictures
import pytest
from PIL import Image, PngImagePlugin
from unprivileged import unprivileged

from jointsearch.core.errors import UserError
from jointsearch.training import picture

RAMP = np.tile(np.arange(0, 256, 16), (16, 1))
"""16 levels of 256."""

SMOOTH = np.arange(256).reshape(16, 16)
"""All levels of 8 bits."""

DEEP = np.random.default_rng(0).integers(0, 2**16, (16, 16, 4)).astype(np.uint16)
"""Samples of 16 bits that fill their range."""


def stored(folder, content: bytes):
    """A file of a name that tells nothing; Pillow looks at the content."""
    path = folder / "picture"
    path.write_bytes(content)
    return path


def saved(folder, pixels, kind="tiff", **options):
    """Pixels, or an image, saved by Pillow."""
    path = folder / f"picture.{kind}"
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(path, **options)
    return path


def read(path):
    with warnings.catch_warnings(action="error"):
        return np.asarray(picture.read(path))


def refusal(path) -> str:
    with pytest.raises(UserError) as caught, warnings.catch_warnings(action="error"):
        picture.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def grey(levels):
    return np.repeat(np.asarray(levels)[..., None], 3, axis=2)


# Which mode a format is opened in.
WRITTEN = {
    "1": "png",
    "L": "png",
    "LA": "png",
    "P": "gif",
    "PA": "tiff",
    "RGB": "png",
    "RGBA": "webp",
    "RGBX": "tiff",
    "CMYK": "jpeg",
    "YCbCr": "tiff",
    "LAB": "tiff",
}


@pytest.mark.parametrize(("mode", "kind"), WRITTEN.items())
def test_what_has_8_bits_becomes_rgb_as_pillow_converts_it(tmp_path, mode, kind):
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    start = Image.fromarray(colours)
    path = saved(tmp_path, Image.new("LAB", (8, 8), (99, 30, 60)) if mode == "LAB" else start.convert(mode), kind)
    with Image.open(path) as opened:
        np.testing.assert_array_equal(read(path), np.asarray(opened.convert("RGB")))


def test_greys_multiplied_by_their_opacity_are_divided_by_it(tmp_path):
    samples = np.dstack([np.full((4, 4), 50), np.full((4, 4), 128)]).astype(np.uint8)
    path = stored(tmp_path, pictures.tiff([samples.tobytes()], (4, 4, 2), 8, extra=1))
    with Image.open(path) as opened:
        assert opened.mode == "La"
    assert (read(path) == 50 * 255 // 128).all()


def test_the_first_picture_of_an_animation_counts(tmp_path):
    first, second = (Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (10, 200))
    assert (read(saved(tmp_path, first, "gif", save_all=True, append_images=[second])) == 10).all()


def test_one_pixel_is_a_picture(tmp_path):
    assert read(saved(tmp_path, np.full((1, 1), 7, np.uint8), "png")).tolist() == [[[7, 7, 7]]]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff", "mpo"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_is_turned_upright(tmp_path, kind, orientation):
    # A dark corner tells all eight ways apart.
    upright = np.full((16, 32), 200, np.uint8)
    upright[:8, :8] = 20
    upright[:8, 8:16] = 90
    back = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    image = Image.fromarray(np.ascontiguousarray(back)).convert("RGB")
    options = {} if kind in ("png", "tiff") else {"quality": 95}
    seen = read(saved(tmp_path, image, kind, exif=exif, **options))
    assert seen.shape == (16, 32, 3)
    assert np.abs(seen.astype(int) - grey(upright)).max() < 20


def test_deep_greys_are_turned_upright_too(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    np.testing.assert_array_equal(read(saved(tmp_path, DEEP[..., 0], "png", exif=exif)), grey(DEEP[::-1, :, 0].T >> 8))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0broken", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_data_turn_nothing(tmp_path, exif):
    pixels = np.full((8, 16), 100, np.uint8)
    assert read(saved(tmp_path, pixels, "jpeg", exif=exif)).shape == (8, 16, 3)


# Greys: what fills the range of its type keeps its upper 8 bits.


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm", "jp2"])
def test_greys_of_16_bits_keep_their_upper_8(tmp_path, kind):
    np.testing.assert_array_equal(read(saved(tmp_path, DEEP[..., 0], kind)), grey(DEEP[..., 0] >> 8))


@pytest.mark.parametrize(
    "content",
    [
        pictures.tiff16(DEEP[..., :1], ">"),
        pictures.tiff16(DEEP[..., :1], ">", compression=8),
        pictures.tiff([DEEP[..., 0].astype("<i4").tobytes()], (16, 16, 1), 32, format=2),
        pictures.tiff([DEEP[..., 0].astype("<u4").tobytes()], (16, 16, 1), 32),
    ],
    ids=["big endian", "big endian, deflated", "32 bits, signed", "32 bits"],
)
def test_greys_of_other_types_are_read_as_16_bits(tmp_path, content):
    np.testing.assert_array_equal(read(stored(tmp_path, content)), grey(DEEP[..., 0] >> 8))


def test_greys_of_12_bits_keep_their_upper_8(tmp_path):
    samples = DEEP[..., 0] >> 4
    np.testing.assert_array_equal(read(stored(tmp_path, pictures.tiff12(samples))), grey(samples >> 4))


def test_jpeg_2000_of_12_bits_keeps_its_upper_8(tmp_path):
    """Written with 16 bits around their middle, and told to have 12: the middle moves with it."""
    samples = DEEP[..., 0] >> 4
    path = saved(tmp_path, (samples + 2**15 - 2**11).astype(np.uint16), "j2k", no_jp2=True)
    content = bytearray(path.read_bytes())
    bits = content.index(b"\xff\x51") + 40
    assert content[bits] == 15
    content[bits] = 11
    path.write_bytes(content)
    np.testing.assert_array_equal(read(path), grey(samples >> 4))


def test_floats_from_0_to_255_are_cut_to_whole_numbers(tmp_path):
    floats = SMOOTH + np.float32(0.75)
    np.testing.assert_array_equal(read(saved(tmp_path, floats.astype(np.float32))), grey(SMOOTH))


def test_floats_of_zero_are_black(tmp_path):
    assert (read(saved(tmp_path, np.zeros((4, 4), np.float32))) == 0).all()


@pytest.mark.parametrize("level", [0, 0x40, 0x8040, 0xFFFF])
def test_a_picture_of_one_level_has_none_to_lose(tmp_path, level):
    assert (read(saved(tmp_path, np.full((4, 4), level, np.uint16), "png")) == level >> 8).all()


def test_a_deep_picture_may_have_few_levels_that_are_far_apart(tmp_path):
    samples = np.where(RAMP < 128, 0, 65535).astype(np.uint16)
    assert np.unique(read(saved(tmp_path, samples, "png"))).tolist() == [0, 255]


def test_a_picture_of_little_contrast_is_kept(tmp_path):
    samples = (20000 + 100 * SMOOTH).astype(np.uint16)
    np.testing.assert_array_equal(read(saved(tmp_path, samples, "png")), grey(samples >> 8))


@pytest.mark.parametrize(
    "samples",
    [
        RAMP.astype(np.uint16),
        RAMP.astype(np.int32),
        *((SMOOTH << bits).astype(np.uint16) for bits in range(7)),
        (SMOOTH / 8).astype(np.float32),
        np.array([[0, 1]], np.uint16),
        np.array([[0x8000, 0x80FF]], np.uint16),
    ],
)
def test_a_picture_that_would_lose_its_levels_is_refused(tmp_path, samples):
    message = refusal(saved(tmp_path, samples))
    assert f"of {np.unique(samples).size} levels" in message
    assert message.endswith("save the pictures with 8 bits, all of them scaled alike")


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ((SMOOTH / 255).astype(np.float32), "0 to 1, but floats are read as 0 to 255; save"),
        (np.array([[0, 1]], np.float32), "0 to 1, but floats"),
        ((RAMP / 127.5 - 1).astype(np.float32), "-1 to 0.882353, but floats are read as 0 to 255; save"),
        ((RAMP * 257).astype(np.float32), "0 to 61680, but floats"),
        (np.array([[0, np.nan]], np.float32), "nan to nan, but floats"),
        (np.array([[0, np.inf]], np.float32), "0 to inf, but floats"),
        ((RAMP * 257 + 2**16).astype(np.int32), "65536 to 127216, but whole numbers are read as 0 to 65,535; save"),
        (RAMP.astype(np.int32) - 1, "-1 to 239, but whole numbers"),
    ],
)
def test_a_value_outside_of_the_range_is_refused(tmp_path, samples, says):
    assert refusal(saved(tmp_path, samples)).startswith(says)


# Colours, of which Pillow gives 8 bits.

COLOURS = {
    "png": lambda samples: pictures.png(samples[..., :3], pictures.COLOUR),
    "png, alpha": lambda samples: pictures.png(samples, pictures.COLOUR_ALPHA),
    "png, grey and alpha": lambda samples: pictures.png(samples[..., [0, 3]], pictures.GREY_ALPHA),
    "tiff": lambda samples: pictures.tiff16(samples[..., :3], photometric=2),
    "tiff, big endian": lambda samples: pictures.tiff16(samples[..., :3], ">", photometric=2),
    "tiff, deflated": lambda samples: pictures.tiff16(samples[..., :3], photometric=2, compression=8),
    "tiff, big endian, deflated": lambda samples: pictures.tiff16(samples[..., :3], ">", photometric=2, compression=8),
    "tiff, alpha": lambda samples: pictures.tiff16(samples, photometric=2, extra=2),
    "tiff, fourth colour": lambda samples: pictures.tiff16(samples, photometric=2, extra=0),
}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_of_16_bits_keep_their_upper_8(tmp_path, name):
    path = stored(tmp_path, COLOURS[name](DEEP))
    expected = grey(DEEP[..., 0] >> 8) if "grey" in name else DEEP[..., :3] >> 8
    np.testing.assert_array_equal(read(path), expected)


@pytest.mark.parametrize("name", [*COLOURS, "tiff, multiplied", "cmyk"])
@pytest.mark.parametrize("bits", [8, 12])
def test_colours_of_fewer_bits_in_16_are_refused(tmp_path, name, bits):
    samples = DEEP >> 16 - bits
    # What is opaque has nothing to do with it.
    samples[..., 3] = 0xFFFF if name != "cmyk" else samples[..., 3]
    content = {
        **COLOURS,
        "tiff, multiplied": lambda samples: pictures.tiff16(samples, photometric=2, extra=1),
        "cmyk": lambda samples: pictures.tiff16(samples, photometric=5),
    }[name](samples)
    message = refusal(stored(tmp_path, content))
    assert f" levels {2 ** (bits - 8)} would be left, as 16 bits are read as 0 to 65,535; save" in message


@pytest.mark.parametrize("name", COLOURS)
def test_flat_colours_of_16_bits_have_no_levels_to_lose(tmp_path, name):
    assert (read(stored(tmp_path, COLOURS[name](np.full((4, 4, 4), 0x1234, np.uint16)))) == 0x12).all()


def ppm(samples):
    height, width, _ = samples.shape
    return f"P6 {width} {height} 65535\n".encode() + samples[..., :3].astype(">u2").tobytes()


def sgi(samples):
    height, width, _ = samples.shape
    head = struct.pack(">hBBHHHHII", 474, 0, 2, 3, width, height, 3, 0, 65535).ljust(512, b"\0")
    return head + samples[::-1, :, :3].transpose(2, 0, 1).astype(">u2").tobytes()


def planar(samples):
    return pictures.tiff16(samples[..., :3], photometric=2, compression=8, planar=2)


@pytest.mark.parametrize("form", [ppm, sgi, planar])
def test_dark_colours_that_cannot_be_counted_are_refused(tmp_path, form):
    np.testing.assert_allclose(read(stored(tmp_path, form(DEEP))), DEEP[..., :3] / 257, atol=1)
    message = refusal(stored(tmp_path, form(DEEP >> 4)))
    assert message.startswith("of 256 levels the lowest 1")
    assert message.endswith(
        "are used, as 16 bits are read as 0 to 65,535; save the pictures with 8 bits, all of them scaled alike"
    )


def test_colours_of_16_bits_one_after_the_other_are_refused(tmp_path):
    content = pictures.tiff16(DEEP[..., :3], photometric=2, planar=2)
    assert refusal(stored(tmp_path, content)).startswith("16 bits, one colour after the other")


def test_colours_of_8_bits_one_after_the_other_are_read(tmp_path):
    samples = (DEEP[..., :3] >> 8).astype(np.uint8)
    content = pictures.tiff(
        [samples[..., band].tobytes() for band in range(3)], (16, 16, 3), 8, photometric=2, planar=2
    )
    np.testing.assert_array_equal(read(stored(tmp_path, content)), samples)


# What the system, or Pillow, says.


@pytest.mark.parametrize("keyword", [b"zTXt", b"iTXt", b"iCCP"])
def test_texts_of_many_megabytes_are_read_over(tmp_path, keyword):
    between = {b"zTXt": b"\0\0", b"iTXt": b"\0\1\0\0\0", b"iCCP": b"\0\0"}[keyword]
    text = pictures.png_chunk(keyword, b"notes" + between + zlib.compress(bytes(3 * 2**20)))
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    assert read(stored(tmp_path, pictures.png(DEEP[..., :3], pictures.COLOUR, 30 * text))).shape == (16, 16, 3)
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


def bitmap(width, height):
    """A PNG of one bit a pixel, all black."""
    rows = zlib.compressobj(1)
    content = b"".join(rows.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + rows.flush()
    head = pictures.png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + pictures.png_chunk(b"IDAT", content) + pictures.png_chunk(b"IEND", b"")


def test_pictures_that_pillow_warns_of_are_read_without_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read(stored(tmp_path, bitmap(15, 10))).shape == (10, 15, 3)


def test_pictures_above_the_limit_of_pillow_are_refused_as_such(tmp_path):
    message = refusal(stored(tmp_path, bitmap(20000, 10000)))
    assert message == "more than 178,956,970 pixels, the limit of Pillow; make the picture smaller"


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp", "gif", "bmp", "avif", "jp2"])
@pytest.mark.parametrize("kept", [0, 1, 20, 0.5, 0.9])
def test_a_truncated_file_is_told_with_the_reason_of_pillow(tmp_path, kind, kept):
    path = saved(tmp_path, (DEEP[..., :3] >> 8).astype(np.uint8), kind)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    try:
        picture.read(path)
    except UserError:
        message = refusal(path)
        assert message.startswith("not an image, or a damaged one, or one that Pillow does not read (")
        assert message.endswith("); restore it, convert it to PNG, or move it out of the images")
    else:
        # These are made to be shown as far as they have come.
        assert kind in ("jp2", "jpeg", "gif") and kept == 0.9


def test_a_picture_that_pillow_does_not_know_is_not_called_damaged_alone(tmp_path):
    content = pictures.tiff16(DEEP[..., :2], extra=2)
    assert "no format that it knows); restore it, convert it to PNG" in refusal(stored(tmp_path, content))


def test_an_error_of_the_system_has_its_reason(tmp_path):
    memory = tmp_path / "disk.png"
    memory.symlink_to("/proc/self/mem")
    expected = "cannot be read (Input/output error); fix the link, or /proc/self/mem, which it leads to"
    assert refusal(memory) == expected
    assert refusal(tmp_path / "gone.png").startswith("cannot be read (No such file or directory); restore it")


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = saved(tmp_path, RAMP.astype(np.uint8), "png")
    path.chmod(0)
    with unprivileged(tmp_path):
        message = refusal(path)
    assert message == "cannot be read (Permission denied); restore it, or give access to it"


@pytest.mark.parametrize("pixels", [SMOOTH.astype(np.uint16) * 257, SMOOTH.astype(np.float32)])
def test_deep_greys_of_which_zero_is_white_are_refused(tmp_path, pixels):
    path = saved(tmp_path, pixels, tiffinfo={262: 0})
    assert refusal(path).startswith("greys of which 0 is white, which Pillow takes for black; save the pictures")


def test_greys_of_8_bits_of_which_zero_is_white_are_read(tmp_path):
    path = saved(tmp_path, SMOOTH.astype(np.uint8), tiffinfo={262: 0})
    with Image.open(path) as image:
        assert image.tag_v2[262] == 0
    assert np.array_equal(read(path), grey(SMOOTH))
