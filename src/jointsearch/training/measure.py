"""Loss and error of a network on images that it is not trained on."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jointsearch.training.augment import channels_first, normalise


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
) -> tuple[float | None, float]:
    """Mean cross-entropy and share of wrong answers, in evaluation mode and without augmentation.

    Parameters
    ----------
    network
        Maps normalised images to logits. Its mode is left as it was.
    images, labels, mean, std
        As in `ImageData`, on any device.
    batch_size
        Images at a time.
    device, memory_format
        Those of the network.

    Returns
    -------
    loss, error
        The loss is None where it is not finite; an image with logits that are not finite counts as wrong.
    """
    was_training = network.training
    network.eval()
    loss = torch.zeros((), dtype=torch.float64, device=device)
    wrong = torch.zeros((), dtype=torch.int64, device=device)
    mean, std = mean.to(device), std.to(device)
    for some, answers in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        some, answers = some.to(device), answers.to(device)
        inputs = channels_first(normalise(some.permute(0, 2, 3, 1), mean, std))
        logits = network(inputs.contiguous(memory_format=memory_format))
        loss += F.cross_entropy(logits, answers, reduction="sum")
        wrong += ((logits.argmax(1) != answers) | ~logits.isfinite().all(1)).sum()
    network.train(was_training)
    mean_loss = loss / len(images)
    return mean_loss.item() if mean_loss.isfinite() else None, wrong.item() / len(images)
