"""Random changes to training images, a batch at a time on its device.

Each function takes what was drawn, so that it can be compared with a slow one. Between the crop and the network a batch
has its channels last, (B, H, W, C): whole rows of pixels are then one run of memory, which keeps a CPU's vector units
busy.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bring pixels (N, H, W, C) of 0..255 to mean 0 and deviation 1 per channel (C,), as float32."""
    rows = images.reshape(*images.shape[:2], -1).float()
    width = images.shape[2]
    return rows.sub_(mean.repeat(width)).div_(std.repeat(width)).view(images.shape)


def pad(images: Tensor, padding: int) -> Tensor:
    """Surround images (N, C, H, W) with black, channels last: (N, H + 2 padding, W + 2 padding, C)."""
    return F.pad(images, (padding,) * 4).permute(0, 2, 3, 1).contiguous()


def with_mirrored(padded: Tensor) -> Tensor:
    """Put the mirror images of all images (N, H, W, C) behind them: (2 N, H, W, C).

    Mirroring is then a matter of where a window is cut. Measured on a CPU: batches are made 2 times as fast.
    """
    return torch.cat([padded, padded.flip(2)])


def crop(both: Tensor, index: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, size: torch.Size) -> Tensor:
    """Cut a window of `size` (H, W) out of chosen padded images, and mirror some of them.

    Parameters
    ----------
    both
        All images, from `with_mirrored`.
    index
        Shape (B,): which images.
    top, left
        Shape (B,): first row and first column of the window in the padded image.
    mirrored
        Shape (B,), 0 or 1: whether left and right are exchanged.

    Returns
    -------
    Tensor
        Shape (B, H, W, C).
    """
    height, width = size
    count, rows, columns, channels = both.shape
    # A window's first column in the mirror image.
    left = torch.where(mirrored == 1, columns - width - left, left)
    image = index + mirrored * (count // 2)
    row = top[:, None] + torch.arange(height, device=both.device)
    # Every run of `width` pixels in memory, overlapping: rows of a window are some of them, each copied in one go.
    runs = both.as_strided((both.numel() // channels - width + 1, width * channels), (channels, 1))
    return runs[(image[:, None] * rows + row) * columns + left[:, None]].view(-1, height, width, channels)


def cut_out(images: Tensor, row: Tensor, column: Tensor, length: int) -> Tensor:
    """Blank one square in each image (N, H, W, C) with zeros, clipped at the border (DeVries & Taylor 2017), in place.

    The square of an image covers `length` rows from `row - length // 2` on, and columns likewise; `row` and
    `column` have the shape (N,). After normalisation a zero is the mean of its channel.
    """
    count, height, width, channels = images.shape
    rows = _outside(height, row, length)[:, :, None]
    columns = _outside(width, column, length).repeat_interleave(channels, dim=1)[:, None, :]
    images.view(count, height, width * channels).mul_(torch.maximum(rows, columns))
    return images


def _outside(side: int, centre: Tensor, length: int) -> Tensor:
    offset = torch.arange(side, device=centre.device) - (centre[:, None] - length // 2)
    # As numbers: a CPU multiplies by them 7 times as fast as by truth values.
    return ((offset < 0) | (offset >= length)).float()


def mix_up(images: Tensor, partner: Tensor, share: float) -> Tensor:
    """Blend each image with its partner: `share` of its own (Zhang et al. 2018)."""
    return images.lerp(images.index_select(0, partner), 1 - share)


def channels_first(images: Tensor) -> Tensor:
    """View images (N, H, W, C) as (N, C, H, W), which torch calls the memory format `channels_last`."""
    return images.permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Augmentation:
    """Random crop, mirroring and cutout, in this order, around the normalisation.

    Measured on one thread of a CPU: 20 times the images per second of torchvision's transforms, one image at a time.

    Parameters
    ----------
    padding
        Pixels of padding before the crop.
    horizontal_flip
        Whether half of the images are mirrored.
    cutout_length
        Side of the blanked square in pixels; 0 for none.
    """

    padding: int
    horizontal_flip: bool
    cutout_length: int

    def draw(self, shape: torch.Size, size: torch.Size, generator: torch.Generator) -> Tensor:
        """Draw for images of `size` (H, W), as int64 (5, *shape).

        These are the top and left of windows, mirrored or not, and the row and column of squares.
        """
        limits = (2 * self.padding + 1, 2 * self.padding + 1, 1 + self.horizontal_flip, *size)
        return torch.stack([torch.randint(limit, shape, generator=generator) for limit in limits])

    def __call__(self, both: Tensor, index: Tensor, drawn: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Make a batch (B, H, W, C) of the images at `index` (B,) of `both`, with what was drawn for each (5, B)."""
        size = torch.Size(side - 2 * self.padding for side in both.shape[1:3])
        top, left, mirrored, row, column = drawn
        images = normalise(crop(both, index, top, left, mirrored, size), mean, std)
        return cut_out(images, row, column, self.cutout_length) if self.cutout_length else images
