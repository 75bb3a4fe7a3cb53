"""A small vision transformer: patches become tokens, blocks of attention follow, their mean is classified."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jointsearch import Invalid


class Block(nn.Module):
    """Attention and two layers for each token; each training step leaves either out with a probability."""

    def __init__(self, width: int, heads: int, expansion: float, dropout: float, drop_path: float):
        super().__init__()
        self.heads, self.dropout, self.drop_path = heads, dropout, drop_path
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.projection, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        hidden = round(expansion * width)
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width), nn.Dropout(dropout))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.kept(self.attention(self.norms[0](tokens)))
        return tokens + self.kept(self.layers(self.norms[1](tokens)))

    def attention(self, tokens: Tensor) -> Tensor:
        parts = self.projection(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(*parts, dropout_p=dropout)
        return self.merge(mixed.transpose(1, 2).flatten(2))

    def kept(self, branch: Tensor) -> Tensor:
        """Stochastic depth: the branch or nothing, for each image, with the expectation of the branch."""
        if not self.training or self.drop_path == 0:
            return branch
        share = 1 - self.drop_path
        return branch * (torch.rand(len(branch), 1, 1, device=branch.device) < share) / share


class Transformer(nn.Module):
    def __init__(self, patch: int, width: int, blocks: list[Block], shape: tuple[int, int, int], classes: int):
        super().__init__()
        self.patches = nn.Conv2d(shape[0], width, patch, stride=patch)
        self.positions = nn.Parameter(0.02 * torch.randn((shape[1] // patch) * (shape[2] // patch), width))
        self.blocks, self.norm, self.classifier = nn.Sequential(*blocks), nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        return self.classifier(self.norm(self.blocks(tokens)).mean(1))


def build(values: dict[str, Any], image_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build the network of a configuration; `values` has what the training loop does not take itself."""
    width, heads = values["width"], values["heads"]
    if width % heads:
        raise Invalid(f"{heads} heads do not divide a width of {width}")
    rest = values["expansion"], values["dropout"], values["drop_path"]
    blocks = [Block(width, heads, *rest) for _ in range(values["depth"])]
    return Transformer(values["patch"], width, blocks, image_shape, classes)
