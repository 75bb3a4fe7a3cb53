"""Loss and error of a network on a part of the images, and of an ensemble of networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jointsearch.training.augment import channels_first, normalise


@dataclass(frozen=True)
class Measurement:
    """What a network says of N images.

    `loss` is the mean cross-entropy, None if it is not finite; `error` the share of wrong answers;
    `probabilities` (N, classes) lie on the host.
    """

    loss: float | None
    error: float
    probabilities: Tensor


@torch.inference_mode()
def measure(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    mean: Tensor,
    std: Tensor,
    batch_size: int,
    device: torch.device,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Measurement:
    """Measure a network in evaluation mode, without augmentation.

    Parameters
    ----------
    network
        Maps normalised images to logits. Its mode is left as it was.
    images, labels, mean, std
        As in `ImageData`, on any device.
    batch_size
        Images per batch.
    device, memory_format
        Those of the network.

    Returns
    -------
    Measurement
        An image with logits that are not finite counts as wrong.
    """
    was_training = network.training
    network.eval()
    loss = torch.zeros((), dtype=torch.float64, device=device)
    wrong = torch.zeros((), dtype=torch.int64, device=device)
    mean, std = mean.to(device), std.to(device)
    probabilities = []
    for some, answers in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        some, answers = some.to(device), answers.to(device)
        inputs = channels_first(normalise(some.permute(0, 2, 3, 1), mean, std))
        logits = network(inputs.contiguous(memory_format=memory_format))
        loss += F.cross_entropy(logits, answers, reduction="sum")
        probabilities.append(logits.softmax(1))
        wrong += ((logits.argmax(1) != answers) | ~logits.isfinite().all(1)).sum()
    network.train(was_training)
    mean_loss = loss / len(images)
    return Measurement(
        mean_loss.item() if mean_loss.isfinite() else None,
        wrong.item() / len(images),
        torch.cat(probabilities).float().cpu(),
    )


def ensemble_error(members: Sequence[Tensor], labels: Tensor) -> float:
    """Share of wrong answers of an ensemble, which averages the probabilities (N, classes) of its members."""
    wrong = torch.stack(list(members)).mean(0).argmax(1) != labels.cpu()
    return wrong.sum().item() / len(labels)
