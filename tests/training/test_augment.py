"""Batched augmentation against slow references, one image and one pixel at a time."""

import collections

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsearch.training.augment import Augmentation, crop, cut_out, mix_up, normalise, pad


def pictures(count=6, channels=3, height=5, width=7) -> torch.Tensor:
    random = torch.Generator().manual_seed(3)
    shape = (count, channels, height, width)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=random)


def slow_crop(image: np.ndarray, padding: int, top: int, left: int, mirrored: bool) -> np.ndarray:
    """Pixel (row, column) of the window comes from the image, or is black outside it."""
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
    for top in range(2 * padding + 1):
        for left in range(2 * padding + 1):
            index = torch.tensor([4, 0, 4])
            mirrored = torch.tensor([True, False, False])
            at = torch.full((3,), top), torch.full((3,), left)
            window = crop(pad(images, padding), index, *at, mirrored, images.shape[2:])
            for result, place, mirror in zip(window, index, mirrored, strict=True):
                expected = slow_crop(images[place].numpy(), padding, top, left, bool(mirror))
                np.testing.assert_array_equal(result.numpy(), expected)


@settings(deadline=None)
@given(st.integers(0, 4), st.integers(0, 6), st.integers(1, 12))
def test_cutout_against_pixel_by_pixel(row, column, length):
    images = pictures(1).float()
    result = cut_out(images, torch.tensor([row]), torch.tensor([column]), length)
    start_row, start_column = row - length // 2, column - length // 2
    for y in range(5):
        for x in range(7):
            inside = start_row <= y < start_row + length and start_column <= x < start_column + length
            expected = torch.zeros(3) if inside else images[0, :, y, x]
            assert torch.equal(result[0, :, y, x], expected)


def test_cutout_square_is_whole_where_it_fits():
    result = cut_out(torch.ones(1, 1, 9, 9), torch.tensor([4]), torch.tensor([4]), 3)
    assert (result == 0).sum() == 9
    assert not result[0, 0, 3:6, 3:6].any()


def test_normalised_images_have_mean_zero_and_deviation_one():
    images = pictures(50)
    mean = images.double().mean((0, 2, 3)).float()
    std = images.double().std((0, 2, 3), correction=0).float()
    result = normalise(images, mean, std)
    torch.testing.assert_close(result.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(result.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_mixup_is_the_weighted_mean_of_two_images():
    images = pictures().float()
    mixed = mix_up(images, torch.tensor([1, 0, 2, 5, 3, 4]), 0.75)
    torch.testing.assert_close(mixed[0], 0.75 * images[0] + 0.25 * images[1])
    torch.testing.assert_close(mixed[3], 0.75 * images[3] + 0.25 * images[5])
    torch.testing.assert_close(mixed[2], images[2])


def test_all_offsets_and_both_directions_are_equally_likely(generator):
    """One image 3,600 times: 9 windows times 2 directions, 200 of each expected."""
    images, padding = pictures(1), 1
    augmentation = Augmentation(padding, True, 0)
    index = torch.zeros(3600, dtype=torch.int64)
    zero, one = torch.zeros(3), torch.ones(3)
    batch = augmentation(pad(images, padding), index, zero, one, generator)
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
    batch = augmentation(pad(images, 0), index, torch.zeros(1), torch.ones(1), generator)
    blank = (batch == 0).sum(0).flatten()
    assert blank.sum() == 1600
    assert ((blank - 100).double() ** 2 / 100).sum() < 40  # chi-square, 15 degrees, p > 0.0005


@pytest.mark.parametrize("cutout_length", [0, 3])
def test_augmentation_of_nothing_or_only_cutout_leaves_other_pixels(generator, cutout_length):
    images = pictures()
    augmentation = Augmentation(0, False, cutout_length)
    index = torch.arange(6)
    batch = augmentation(pad(images, 0), index, torch.zeros(3), torch.ones(3), generator)
    kept = batch != 0
    assert torch.equal(batch[kept], images.float()[kept])
    assert kept.all() == (cutout_length == 0)
