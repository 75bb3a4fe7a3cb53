"""The endless stream of training batches: shuffled, augmented, mixed up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from jointsearch.training.augment import Augmentation, channels_first, mix_up
from jointsearch.training.device_images import put_on_device
from jointsearch.training.image_data import ImageData

HOST = torch.device("cpu")


def random_generator(seed: np.random.SeedSequence, device: torch.device) -> torch.Generator:
    """Random numbers on a device; a seed sequence gives independent ones for each purpose."""
    return torch.Generator(device).manual_seed(int(seed.generate_state(1, np.uint64)[0]))


@dataclass(frozen=True)
class Minibatch:
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


@dataclass(frozen=True)
class _Epoch:
    """What is drawn for an epoch: one row a batch, one column an image."""

    labels: Tensor
    draws: Tensor
    partners: Tensor
    shares: list[float]


class Minibatches:
    """Minibatches of training images without end, in a new order each epoch.

    An epoch has `len(data.train_images) // batch_size` batches: the images left over at its end wait for another one.
    Mixup draws one share per batch from Beta(mixup_alpha, mixup_alpha); none at 0. All random numbers of an epoch are
    drawn at once, on the host: they are the same on every device, and a step launches nothing to draw them.

    Parameters
    ----------
    data, augmentation
        The images, and what is done to them.
    batch_size
        At most the number of training images.
    mixup_alpha
        0 for no mixup.
    seed
        Every random number comes from it.
    device
        Where batches are made.
    """

    def __init__(
        self,
        data: ImageData,
        batch_size: int,
        augmentation: Augmentation,
        mixup_alpha: float,
        seed: np.random.SeedSequence,
        device: torch.device,
    ):
        order_seed, share_seed = seed.spawn(2)
        self._random, self._share_random = random_generator(order_seed, HOST), np.random.default_rng(share_seed)
        self._images = put_on_device(data.train_images, augmentation.padding, device)
        self._labels, self._mean, self._std = (tensor.to(device) for tensor in (data.train_labels, data.mean, data.std))
        self._side = data.train_images.shape[2:]
        self._augmentation, self._alpha, self._device = augmentation, mixup_alpha, device
        self._batch_size, self._length = batch_size, len(data.train_images) // batch_size
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._at_start = self._random.get_state(), self._share_random.bit_generator.state
        self._place = 0
        shape = torch.Size((self._length, self._batch_size))
        order = torch.randperm(len(self._labels), generator=self._random)[: shape.numel()].view(shape)
        draws = self._augmentation.draw(shape, self._side, self._random)
        partners, shares = torch.empty(0), [1.0] * self._length
        if self._alpha > 0:
            partners = torch.rand(shape, generator=self._random).argsort(1)
            shares = self._share_random.beta(self._alpha, self._alpha, self._length).tolist()
        self._images.begin(order)
        labels = self._labels[order.to(self._device)]
        self._epoch = _Epoch(labels, draws.to(self._device), partners.to(self._device), shares)

    def __next__(self) -> Minibatch:
        """Make the next batch."""
        if self._place == self._length:
            self._begin_epoch()
        row, epoch = self._place, self._epoch
        self._place += 1
        both, places = self._images.batch(row)
        images = self._augmentation(both, places, epoch.draws[:, row], self._mean, self._std)
        labels = epoch.labels[row]
        if self._alpha == 0:
            return Minibatch(channels_first(images), labels)
        partners, share = epoch.partners[row], epoch.shares[row]
        return Minibatch(channels_first(mix_up(images, partners, share)), labels, partners, share)

    def state(self) -> dict[str, Any]:
        """All that decides which batches follow."""
        order, shares = self._at_start
        return {"order": order, "shares": shares, "place": self._place}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from another one's `state`."""
        self._random.set_state(state["order"])
        self._share_random.bit_generator.state = state["shares"]
        self._begin_epoch()
        self._place = state["place"]
