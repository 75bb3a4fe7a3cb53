"""Batched augmentation against slow references, one image and one pixel at a time, and against torchvision."""

import collections

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as vision
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.training.augment import (
    Augmentation,
    channels_first,
    crop,
    cut_out,
    mix_up,
    normalise,
    pad,
    with_mirrored,
)


def pictures(count=6, channels=3, height=5, width=7) -> torch.Tensor:
    """Images (N, C, H, W) without a black pixel."""
    random = torch.Generator().manual_seed(3)
    shape = (count, channels, height, width)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=random)


def channels_last(images: torch.Tensor) -> torch.Tensor:
    return images.permute(0, 2, 3, 1).contiguous()


def slow_crop(image: np.ndarray, padding: int, top: int, left: int, mirrored: bool) -> np.ndarray:
    """Pixel (row, column) of the window (C, H, W) comes from the image, or is black outside it."""
    _, height, width = image.shape
    result = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            y, x = row + top - padding, column + left - padding
            if 0 <= y < height and 0 <= x < width:
                result[:, row, column] = image[:, y, x]
    return result[:, :, ::-1] if mirrored else result


def test_crop_against_pixel_by_pixel():
    images, padding = pictures(), 2
    both = with_mirrored(pad(images, padding))
    for top in range(2 * padding + 1):
        for left in range(2 * padding + 1):
            index = torch.tensor([4, 0, 4, 5])
            mirrored = torch.tensor([1, 0, 0, 1])
            at = torch.full((4,), top), torch.full((4,), left)
            window = channels_first(crop(both, index, *at, mirrored, images.shape[2:]))
            for result, place, mirror in zip(window, index, mirrored, strict=True):
                expected = slow_crop(images[place].numpy(), padding, top, left, bool(mirror))
                np.testing.assert_array_equal(result.numpy(), expected)


@st.composite
def crops(draw):
    padding = draw(st.integers(0, 4))
    offset = st.integers(0, 2 * padding)
    shape = [draw(st.integers(1, high)) for high in (4, 3, 6, 6)]
    window = st.tuples(st.integers(0, shape[0] - 1), offset, offset, st.integers(0, 1))
    return shape, padding, draw(st.lists(window, min_size=1, max_size=8))


@given(crops())
def test_crop_and_mirror_are_those_of_torchvision(drawn):
    shape, padding, windows = drawn
    images = pictures(*shape)
    index, top, left, mirrored = torch.tensor(windows).T
    result = crop(with_mirrored(pad(images, padding)), index, top, left, mirrored, images.shape[2:])
    assert result.dtype == torch.uint8
    for image, (place, row, column, mirror) in zip(channels_first(result), windows, strict=True):
        expected = vision.crop(vision.pad(images[place], [padding]), row, column, *images.shape[2:])
        assert torch.equal(image, vision.hflip(expected) if mirror else expected)


def test_mirrored_images_lie_behind_the_others():
    images = channels_last(pictures())
    both = with_mirrored(images)
    assert torch.equal(both[:6], images)
    assert torch.equal(channels_first(both[6:]), vision.hflip(channels_first(images)))


def test_padding_is_that_of_torchvision():
    images = pictures()
    assert torch.equal(channels_first(pad(images, 3)), vision.pad(images, [3]))


@given(st.integers(0, 4), st.integers(0, 6), st.integers(1, 12))
def test_cutout_against_pixel_by_pixel(row, column, length):
    images = channels_last(pictures(1)).float()
    result = cut_out(images.clone(), torch.tensor([row]), torch.tensor([column]), length)
    start_row, start_column = row - length // 2, column - length // 2
    for y in range(5):
        for x in range(7):
            inside = start_row <= y < start_row + length and start_column <= x < start_column + length
            expected = torch.zeros(3) if inside else images[0, y, x]
            assert torch.equal(result[0, y, x], expected)


def test_cutout_square_is_whole_where_it_fits():
    result = cut_out(torch.ones(1, 9, 9, 1), torch.tensor([4]), torch.tensor([4]), 3)
    assert (result == 0).sum() == 9
    assert not result[0, 3:6, 3:6].any()


def test_cutout_square_is_clipped_at_the_border():
    result = cut_out(torch.ones(2, 9, 8, 2), torch.tensor([0, 8]), torch.tensor([0, 7]), 4)
    assert not result[0, :2, :2].any()
    assert not result[1, 6:, 5:].any()
    assert (result == 0).sum((1, 2, 3)).tolist() == [2 * 2 * 2, 3 * 3 * 2]


def test_cutout_works_in_place():
    images = torch.ones(1, 4, 4, 1)
    assert cut_out(images, torch.tensor([2]), torch.tensor([2]), 2) is images
    assert (images == 0).sum() == 4


def test_normalised_images_have_mean_zero_and_deviation_one():
    images = channels_last(pictures(50))
    mean = images.double().mean((0, 1, 2)).float()
    std = images.double().std((0, 1, 2), correction=0).float()
    result = normalise(images, mean, std)
    torch.testing.assert_close(result.mean((0, 1, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(result.std((0, 1, 2), correction=0), torch.ones(3), atol=1e-5, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_is_that_of_torchvision(channels):
    """It takes pixels of 0..1, and mean and deviation on the same scale."""
    images = channels_last(pictures(channels=channels))
    mean, std = torch.tensor([125.3, 123.0, 113.9])[:channels], torch.tensor([63.0, 62.1, 66.7])[:channels]
    result = channels_first(normalise(images, mean, std))
    assert result.dtype == torch.float32
    for image, ours in zip(images, result, strict=True):
        theirs = vision.normalize(vision.to_tensor(image.numpy()), (mean / 255).tolist(), (std / 255).tolist())
        torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=1e-6)


def test_normalisation_against_pixel_by_pixel():
    images, mean, std = channels_last(pictures(2)), torch.tensor([1.0, 20.0, 300.0]), torch.tensor([2.0, 3.0, 5.0])
    result = normalise(images, mean, std)
    for place in np.ndindex(*images.shape):
        assert result[place] == (images[place].float() - mean[place[-1]]) / std[place[-1]]


def test_images_of_any_order_in_memory_are_normalised_alike():
    images, mean, std = pictures(), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, 5.0, 6.0])
    view = images.permute(0, 2, 3, 1)
    assert torch.equal(normalise(view, mean, std), normalise(view.contiguous(), mean, std))


def test_mixup_is_the_weighted_mean_of_two_images():
    images = channels_last(pictures()).float()
    mixed = mix_up(images, torch.tensor([1, 0, 2, 5, 3, 4]), 0.75)
    torch.testing.assert_close(mixed[0], 0.75 * images[0] + 0.25 * images[1])
    torch.testing.assert_close(mixed[3], 0.75 * images[3] + 0.25 * images[5])
    torch.testing.assert_close(mixed[2], images[2])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_mixup_against_pixel_by_pixel(share):
    images, partner = channels_last(pictures(3)).float(), [2, 2, 0]
    mixed = mix_up(images, torch.tensor(partner), share)
    for image, *place in np.ndindex(*images.shape):
        own, other = images[(image, *place)].item(), images[(partner[image], *place)].item()
        assert mixed[(image, *place)].item() == pytest.approx(share * own + (1 - share) * other, rel=1e-5, abs=1e-4)


def test_channels_first_is_the_memory_format_channels_last():
    images = channels_last(pictures())
    view = channels_first(images)
    assert view.shape == (6, 3, 5, 7)
    assert view.is_contiguous(memory_format=torch.channels_last)
    assert view.data_ptr() == images.data_ptr()


def test_all_offsets_and_both_directions_are_equally_likely(generator):
    """One image 3,600 times: 9 windows times 2 directions, 200 of each expected."""
    images, padding = pictures(1), 1
    augmentation = Augmentation(padding, True, 0)
    index = torch.zeros(3600, dtype=torch.int64)
    drawn = augmentation.draw(index.shape, images.shape[2:], generator)
    both = with_mirrored(pad(images, padding))
    batch = channels_first(augmentation(both, index, drawn, torch.zeros(3), torch.ones(3)))
    counts = collections.Counter(image.numpy().tobytes() for image in batch.byte())
    expected = {
        slow_crop(images[0].numpy(), padding, top, left, mirrored).tobytes()
        for top in range(3)
        for left in range(3)
        for mirrored in (False, True)
    }
    assert set(counts) == expected
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 45  # chi-square, 17 degrees, p > 0.0002


def test_cutout_centres_lie_anywhere(generator):
    images = torch.full((1, 1, 4, 4), 9, dtype=torch.uint8)
    augmentation = Augmentation(0, False, 1)
    index = torch.zeros(1600, dtype=torch.int64)
    drawn = augmentation.draw(index.shape, images.shape[2:], generator)
    batch = augmentation(with_mirrored(pad(images, 0)), index, drawn, torch.zeros(1), torch.ones(1))
    blank = (batch == 0).sum(0).flatten()
    assert blank.sum() == 1600
    assert ((blank - 100).double() ** 2 / 100).sum() < 40  # chi-square, 15 degrees, p > 0.0005


@pytest.mark.parametrize("flip", [False, True])
def test_draws_take_all_values_of_their_ranges_and_no_others(generator, flip):
    drawn = Augmentation(2, flip, 3).draw(torch.Size((40, 25)), torch.Size((4, 6)), generator)
    assert drawn.shape == (5, 40, 25)
    assert drawn.dtype == torch.int64
    limits = [5, 5, 1 + flip, 4, 6]
    assert [sorted(set(values.flatten().tolist())) for values in drawn] == [list(range(limit)) for limit in limits]


@pytest.mark.parametrize("cutout_length", [0, 3])
def test_augmentation_of_nothing_or_only_cutout_leaves_other_pixels(generator, cutout_length):
    images = pictures()
    augmentation = Augmentation(0, False, cutout_length)
    drawn = augmentation.draw(torch.Size((6,)), images.shape[2:], generator)
    both = with_mirrored(pad(images, 0))
    batch = channels_first(augmentation(both, torch.arange(6), drawn, torch.zeros(3), torch.ones(3)))
    kept = batch != 0
    assert torch.equal(batch[kept], images.float()[kept])
    assert kept.all() == (cutout_length == 0)


def test_augmentation_crops_mirrors_normalises_and_then_cuts_out(generator):
    images, mean, std = pictures(), torch.tensor([100.0, 120.0, 140.0]), torch.tensor([50.0, 60.0, 70.0])
    augmentation = Augmentation(2, True, 2)
    both, index = with_mirrored(pad(images, 2)), torch.tensor([5, 0, 0, 3, 1, 2])
    drawn = augmentation.draw(index.shape, images.shape[2:], generator)
    before = both.clone()
    batch = augmentation(both, index, drawn, mean, std)
    assert torch.equal(both, before)
    for result, place, (top, left, mirrored, row, column) in zip(batch, index, drawn.T.tolist(), strict=True):
        window = slow_crop(images[place].numpy(), 2, top, left, bool(mirrored)).transpose(1, 2, 0)
        expected = (torch.from_numpy(window.copy()).float() - mean) / std
        expected[max(0, row - 1) : row + 1, max(0, column - 1) : column + 1] = 0
        assert torch.equal(result, expected)
