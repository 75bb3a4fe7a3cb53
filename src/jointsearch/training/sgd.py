"""Stochastic gradient descent with Nesterov momentum."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.optim.sgd import sgd


class Sgd:
    """Torch's SGD, all weights in one kernel, without the class around it.

    Making a `torch.optim.Optimizer` imports torch's compiler: 1.2 of the 3.4 CPU seconds that a training process took
    to start.

    Parameters
    ----------
    weights
        What is trained.
    momentum, weight_decay
        In [0, 1) and not negative. Without momentum Nesterov's step is the plain one.
    """

    def __init__(self, weights: Iterable[Tensor], momentum: float, weight_decay: float):
        self._weights = list(weights)
        self._momentum, self._weight_decay = momentum, weight_decay
        self.velocities: list[Tensor | None] = [None] * len(self._weights)

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move the weights along their gradients, and forget these; one without a gradient stays as it is."""
        # Torch takes velocities for all or none: a weight that the first steps left out has its first step later.
        begun: list[int] = []
        others: list[int] = []
        for place, weight in enumerate(self._weights):
            if weight.grad is not None:
                (others if self.velocities[place] is None else begun).append(place)
        for places in (begun, others):
            self._move(places, learning_rate)
        for weight in self._weights:
            weight.grad = None

    def _move(self, places: Sequence[int], learning_rate: float) -> None:
        weights = [self._weights[place] for place in places]
        velocities = [self.velocities[place] for place in places]
        sgd(
            weights,
            [weight.grad for weight in weights],  # type: ignore[misc] # those without were left out
            velocities,
            fused=True,
            weight_decay=self._weight_decay,
            momentum=self._momentum,
            lr=learning_rate,
            dampening=0,
            nesterov=self._momentum > 0,
            maximize=False,
        )
        for place, velocity in zip(places, velocities, strict=True):
            self.velocities[place] = velocity
