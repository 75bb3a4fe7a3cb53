"""The yardstick of `bench_train.py`: training as textbooks and the authors' public code write it.

Each branch once, float32, torchvision transforms on one picture at a time in a DataLoader, loss read each step.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms  # type: ignore[import-untyped]

from jointsearch.networks.hyperparameters import Hyperparameters


class Skip(nn.Module):
    """Two shifted paths of 1x1 convolutions."""

    def __init__(self, narrow: int, wide: int, stride: int):
        super().__init__()
        self.stride = stride
        self.one = nn.Conv2d(narrow, wide - wide // 2, 1, bias=False)
        self.two = nn.Conv2d(narrow, wide // 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(wide)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        x, s = F.relu(x), self.stride
        moved = F.pad(x[:, :, 1:, 1:], (0, 1, 0, 1))
        return self.norm(torch.cat([self.one(x[:, :, ::s, ::s]), self.two(moved[:, :, ::s, ::s])], 1))


class Block(nn.Module):
    """Residual block with Shake-Shake or ShakeDrop, by the usual trick with `detach`."""

    def __init__(self, narrow: int, wide: int, stride: int, branches: int, death_rate: float):
        super().__init__()
        self.death_rate = death_rate
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(narrow, wide, 3, stride, 1, bias=False),
                nn.BatchNorm2d(wide),
                nn.ReLU(),
                nn.Conv2d(wide, wide, 3, 1, 1, bias=False),
                nn.BatchNorm2d(wide),
            )
            for _ in range(branches)
        )
        self.skip = Skip(narrow, wide, stride) if stride != 1 or narrow != wide else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        outputs = torch.stack([branch(x) for branch in self.branches])
        shape = (*outputs.shape[:2], 1, 1, 1)
        if len(outputs) > 1:
            forward, backward = (torch.rand(shape, device=x.device).softmax(0) for _ in range(2))
        elif torch.rand(()) < self.death_rate:
            forward, backward = torch.rand(shape, device=x.device) * 2 - 1, torch.rand(shape, device=x.device)
        else:
            forward = backward = torch.ones(shape, device=x.device)
        mixed = backward * outputs + ((forward - backward) * outputs).detach()
        return self.skip(x) + mixed.sum(0)


class Network(nn.Sequential):
    """The network of the space."""

    def __init__(self, parameters: Hyperparameters, channels: int, classes: int):
        blocks, width = [], parameters.initial_filters
        for wide, stride, number, branches in zip(
            parameters.widths, (1, 2, 2), parameters.residual_blocks, parameters.residual_branches, strict=True
        ):
            for index in range(number):
                blocks.append(Block(width, wide, 1 if index else stride, branches, parameters.shakedrop_death_rate))
                width = wide
        super().__init__(
            nn.Conv2d(channels, parameters.initial_filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(parameters.initial_filters),
            *blocks,
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width, classes),
        )


class Pictures(Dataset[tuple[Tensor, int]]):
    """Pictures that are transformed when asked for."""

    def __init__(self, images: Tensor, labels: Tensor, padding: int = 0, cutout: int = 0, augmented: bool = False):
        self.pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
        self.labels = labels.tolist()
        mean, std = images.double().mean((0, 2, 3)) / 255, images.double().std((0, 2, 3)) / 255
        augmentation = [transforms.RandomCrop(images.shape[2], padding), transforms.RandomHorizontalFlip()]
        plain = [transforms.ToTensor(), transforms.Normalize(mean.tolist(), std.tolist())]
        after = [lambda image: cut_out(image, cutout)]
        self.transform = transforms.Compose([*augmentation, *plain, *after] if augmented else plain)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.pictures[index]), self.labels[index]


def cut_out(image: Tensor, length: int) -> Tensor:
    """Blank a square, as DeVries and Taylor's code does."""
    height, width = image.shape[1:]
    row, column = int(torch.randint(height, ())), int(torch.randint(width, ()))
    top, left = max(0, row - length // 2), max(0, column - length // 2)
    image[:, top : row + length // 2, left : column + length // 2] = 0
    return image


def batches(
    images: Tensor, labels: Tensor, batch_size: int, padding: int, cutout: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches without end, made in this process."""
    loader = DataLoader(
        Pictures(images, labels, padding, cutout, augmented=True), batch_size, shuffle=True, drop_last=True
    )
    while True:
        yield from loader


def steps(
    network: Network, parameters: Hyperparameters, images: Tensor, labels: Tensor, padding: int, device: torch.device
) -> Iterator[float]:
    """Train without end; the loss of each step."""
    network.to(device)
    optimiser = torch.optim.SGD(
        network.parameters(),
        parameters.learning_rate,
        parameters.momentum,
        nesterov=True,
        weight_decay=parameters.weight_decay,
    )
    for inputs, targets in batches(images, labels, parameters.batch_size, padding, parameters.cutout_length):
        inputs, targets = inputs.to(device), targets.to(device)
        share = torch.distributions.Beta(parameters.mixup_alpha, parameters.mixup_alpha).sample().item()
        partners = torch.randperm(len(inputs), device=device)
        logits = network(share * inputs + (1 - share) * inputs[partners])
        loss = share * F.cross_entropy(logits, targets) + (1 - share) * F.cross_entropy(logits, targets[partners])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.item()


@torch.no_grad()
def error(network: Network, images: Tensor, labels: Tensor) -> float:
    """Share of wrong answers, without augmentation."""
    network.eval()
    pictures = Pictures(images, labels)
    wrong = sum((network(some).argmax(1) != answers).sum().item() for some, answers in DataLoader(pictures, 512))
    return wrong / len(labels)


def main() -> None:
    """Train for some seconds, evaluate, print the number of steps."""
    text, file, padding, seconds = sys.argv[1:]
    torch.set_num_threads(1)
    with np.load(file) as arrays:
        parts = {name: torch.from_numpy(arrays[name]) for name in arrays if name != "classes"}
    held_out = torch.zeros(len(parts["train_labels"]), dtype=torch.bool)
    held_out[parts["validation"]] = True
    images, labels = parts["train_images"], parts["train_labels"]
    parameters = Hyperparameters.model_validate_json(text)
    network = Network(parameters, images.shape[1], int(labels.max()) + 1)
    endless = steps(network, parameters, images[~held_out], labels[~held_out], int(padding), torch.device("cpu"))
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < float(seconds):
        next(endless)
        count += 1
    error(network, images[held_out], labels[held_out])
    error(network, parts["test_images"], parts["test_labels"])
    print(count)


if __name__ == "__main__":
    main()
