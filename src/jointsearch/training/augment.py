"""Random changes to training images, a batch at a time on its device.

Each function takes what was drawn, so that it can be compared with a slow one; `Augmentation` draws.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bring pixels (N, C, H, W) of 0..255 to mean 0 and deviation 1 per channel, as float32."""
    return (images.float() - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)


def pad(images: Tensor, padding: int) -> Tensor:
    """Surround images (N, C, H, W) with black, channels last: (N, H + 2 padding, W + 2 padding, C)."""
    return F.pad(images, (padding,) * 4).permute(0, 2, 3, 1).contiguous()


def crop(padded: Tensor, index: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, size: torch.Size) -> Tensor:
    """Cut a window of `size` (H, W) out of chosen padded images, and mirror some of them.

    Parameters
    ----------
    padded
        All images, from `pad`.
    index
        Shape (B,): which images.
    top, left
        Shape (B,): first row and first column of the window in the padded image.
    mirrored
        Shape (B,), bool: whether left and right are exchanged.

    Returns
    -------
    Tensor
        Shape (B, C, H, W), channels last in memory.
    """
    height, width = size
    column = torch.arange(width, device=padded.device)
    columns = left[:, None] + torch.where(mirrored[:, None], width - 1 - column, column)
    rows = top[:, None] + torch.arange(height, device=padded.device)
    return padded[index[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut_out(images: Tensor, row: Tensor, column: Tensor, length: int) -> Tensor:
    """Blank one square in each image with zeros, clipped at the border (DeVries & Taylor 2017).

    The square of an image covers `length` rows from `row - length // 2` on, and columns likewise; `row` and
    `column` have the shape (N,). After normalisation a zero is the mean of its channel.
    """
    height, width = images.shape[2:]
    outside_rows = _outside(height, row, length)
    outside_columns = _outside(width, column, length)
    return images * (outside_rows[:, None, :, None] | outside_columns[:, None, None, :])


def _outside(side: int, centre: Tensor, length: int) -> Tensor:
    offset = torch.arange(side, device=centre.device) - (centre[:, None] - length // 2)
    return (offset < 0) | (offset >= length)


def mix_up(images: Tensor, partner: Tensor, share: float) -> Tensor:
    """Blend each image with its partner: `share` of its own (Zhang et al. 2018)."""
    return images.lerp(images[partner], 1 - share)


@dataclass(frozen=True)
class Augmentation:
    """Random crop, mirroring and cutout, in this order, around the normalisation.

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

    def __call__(self, padded: Tensor, index: Tensor, mean: Tensor, std: Tensor, generator: torch.Generator) -> Tensor:
        """Make a batch (B, C, H, W) ready for training of the chosen images of `pad(images, padding)`."""
        count, device = len(index), generator.device
        size = torch.Size(side - 2 * self.padding for side in padded.shape[1:3])
        top, left = torch.randint(2 * self.padding + 1, (2, count), generator=generator, device=device)
        mirrored = (
            torch.rand(count, generator=generator, device=device) < 0.5
            if self.horizontal_flip
            else torch.zeros(count, dtype=torch.bool, device=device)
        )
        images = normalise(crop(padded, index, top, left, mirrored, size), mean, std)
        if self.cutout_length == 0:
            return images
        row, column = (torch.randint(side, (count,), generator=generator, device=device) for side in size)
        return cut_out(images, row, column, self.cutout_length)
