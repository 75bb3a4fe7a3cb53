"""What the training loop asks of any network, ours or one of one's own."""

from torch import nn

ImageShape = tuple[int, int, int]
"""Channels, height, width in pixels."""


class TrainableNetwork(nn.Module):
    """Base of networks that map normalised images (N, C, H, W) to float32 logits (N, classes).

    In training mode they are called with images and noise (noise_rows, N), uniform in [0, 1); in evaluation mode with
    images alone.
    """

    @property
    def noise_rows(self) -> int:
        """Random numbers that a training step needs for each image."""
        return 0
