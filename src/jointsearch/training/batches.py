"""The endless stream of training batches: shuffled, augmented, mixed up."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from jointsearch.training.augment import Augmentation, mix_up, pad
from jointsearch.training.data import ImageData


def random_generator(seed: np.random.SeedSequence, device: torch.device) -> torch.Generator:
    """Random numbers on a device; a seed sequence gives independent ones for each purpose."""
    return torch.Generator(device).manual_seed(int(seed.generate_state(1, np.uint64)[0]))


@dataclass(frozen=True)
class Batch:
    """Images (N, C, H, W) ready for the network and their labels (N,).

    Where images are blends, `partners` (N,) says which other image of the batch is in each, and `share` in
    [0, 1] how much of it is the image's own.
    """

    images: Tensor
    labels: Tensor
    partners: Tensor | None = None
    share: float = 1.0

    def loss(self, logits: Tensor) -> Tensor:
        """Mean cross-entropy of logits (N, classes), towards both labels of a blend by their shares."""
        own = F.cross_entropy(logits, self.labels)
        if self.partners is None:
            return own
        return own.lerp(F.cross_entropy(logits, self.labels[self.partners]), 1 - self.share)


def stream(
    data: ImageData,
    batch_size: int,
    augmentation: Augmentation,
    mixup_alpha: float,
    seed: np.random.SeedSequence,
    device: torch.device,
) -> Iterator[Batch]:
    """Make batches of training images without end, in a new order each epoch.

    An epoch has `len(data.train_images) // batch_size` batches: the images left over at its end wait for
    another epoch. Mixup draws one share per batch from Beta(mixup_alpha, mixup_alpha); none at 0.
    """
    order_seed, change_seed, share_seed = seed.spawn(3)
    order, change = random_generator(order_seed, device), random_generator(change_seed, device)
    shares = np.random.default_rng(share_seed)
    padded = pad(data.train_images.to(device), augmentation.padding)
    all_labels, mean, std = (tensor.to(device) for tensor in (data.train_labels, data.mean, data.std))
    used = len(padded) // batch_size * batch_size

    def endless() -> Iterator[Batch]:
        while True:
            shuffled = torch.randperm(len(padded), generator=order, device=device)[:used]
            for index in shuffled.split(batch_size):
                images, labels = augmentation(padded, index, mean, std, change), all_labels[index]
                if mixup_alpha == 0:
                    yield Batch(images, labels)
                else:
                    share = shares.beta(mixup_alpha, mixup_alpha)
                    partners = torch.randperm(batch_size, generator=order, device=device)
                    yield Batch(mix_up(images, partners, share), labels, partners, share)

    # A function of its own, so that the preparation above is done at once and not by the first step.
    return endless()
