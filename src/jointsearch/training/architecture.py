"""The training of a weight-sharing network, which learns an architecture (Liu et al. 2019, first order)."""

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from jointsearch.core.evaluation import LearnedArchitecture
from jointsearch.networks.choices import SharedHyperparameters, entropy, largest_weights
from jointsearch.networks.shared import SharedNetwork
from jointsearch.training import accelerate
from jointsearch.training.image_data import ImageData
from jointsearch.training.loop import Task, Training
from jointsearch.training.minibatches import HOST, Minibatch, Minibatches, random_generator
from jointsearch.training.schedule import moments

ROWS = 16
"""Rows of the curve, more than of other trainings: the curve of the entropy is what such a training is judged by."""
BETAS, EPSILON = (0.5, 0.999), 1e-8
"""Of Adam, for the architecture (appendix A.1 there)."""


class ArchitectureTraining(Training):
    """A training whose steps take turns: one on the architecture, then one on the weights.

    The training images are divided into two halves at random, one for each kind of steps; the validation images teach
    nothing. Steps on the architecture move its logits by the gradient of the loss at the present weights (first order),
    with what Shake-Shake and ShakeDrop are expected to do. Steps on the weights are those of any training, with the
    architecture as it is. Each takes a batch and counts as a step of the budget, so that an epoch sees each training
    image once.
    """

    _network: SharedNetwork

    def __init__(self, task: Task, data: ImageData, *arguments: Any):
        assert isinstance(task.parameters, SharedHyperparameters)
        self._parameters = task.parameters
        super().__init__(task, data, *arguments)
        self._moments = moments(task.ends, ROWS)
        self._mean, self._square = torch.zeros_like(self._network.logits), torch.zeros_like(self._network.logits)
        self._number = torch.zeros(())
        self._losses: list[Tensor] = []
        self._rows: list[dict[str, Any]] = []

    def _minibatches(self, data: ImageData, seed: np.random.SeedSequence) -> Minibatches:
        """Those of the steps on the weights; the others are kept."""
        order_seed, of_weights, of_architecture = seed.spawn(3)
        order = torch.randperm(len(data.train_labels), generator=random_generator(order_seed, HOST))
        halves = [
            dataclasses.replace(data, train_images=data.train_images[half], train_labels=data.train_labels[half])
            for half in (one.to(data.train_labels.device) for one in order.tensor_split(2))
        ]
        self._others = super()._minibatches(halves[1], of_architecture)
        return super()._minibatches(halves[0], of_weights)

    def _step(self, rate: float) -> Tensor:
        if self.progress.steps % 2:
            return super()._step(rate)
        loss = self._learn_architecture(next(self._others))
        self._losses.append(loss)
        return loss

    def _learn_architecture(self, batch: Minibatch) -> Tensor:
        """One step on the logits of the choices; its loss, left on the device."""
        network, settings = self._network, self._parameters.gradients
        logits = network.logits.clone().requires_grad_()
        with accelerate.autocast(self._precision, self._device):
            predicted = network(batch.images.contiguous(memory_format=self._format), logits=logits)
        loss = batch.loss(predicted)
        (gradient,) = torch.autograd.grad(loss, logits)
        adam(
            [network.logits],
            [gradient],
            [self._mean],
            [self._square],
            [],
            [self._number],
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            eps=EPSILON,
            maximize=False,
        )
        return loss.detach()

    def _practise(self) -> None:
        super()._practise()
        self._learn_architecture(next(self._others))

    def _look(self, rate: float, cycle_ended: bool) -> None:
        super()._look(rate, cycle_ended)
        losses = torch.stack(self._losses).tolist() if self._losses else []
        self._rows.append({"loss": sum(losses) / len(losses) if losses else None, "weights": self._weights()})
        self._losses.clear()

    def _weights(self) -> dict[str, list[float]]:
        """Weights of the choices of each hyperparameter that is learned."""
        weights = self._network.relaxation.weights(self._network.logits)
        return {name: weights[name].tolist() for name in self._parameters.choices}

    def architecture(self) -> LearnedArchitecture:
        """The choices with the largest weights, and how the weights came to be."""
        choices, weights = self._parameters.choices, self._rows[-1]["weights"]
        return LearnedArchitecture(
            choices=choices,
            weights=weights,
            values=largest_weights(choices, weights),
            entropies={name: tuple(entropy(row["weights"][name]) for row in self._rows) for name in choices},
            losses=tuple(row["loss"] for row in self._rows),
        )

    def state(self) -> dict[str, Any]:
        """Everything that the next steps depend on, the logits of the choices included."""
        of_architecture = {
            "mean": self._mean.clone(),
            "square": self._square.clone(),
            "number": self._number.clone(),
            "batches": self._others.state(),
            "losses": [loss.item() for loss in self._losses],
            "rows": list(self._rows),
        }
        return super().state() | {"architecture": of_architecture}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the state of another training of the same choices; before `run`."""
        super().restore(state)
        known = state["architecture"]
        self._mean, self._square = (known[name].to(self._device, copy=True) for name in ("mean", "square"))
        self._number = known["number"].clone()
        self._others.restore(known["batches"])
        self._losses = [torch.tensor(loss, device=self._device) for loss in known["losses"]]
        self._rows = list(known["rows"])


def training_of(task: Task) -> type[Training]:
    """How a task is trained: the architecture is given, or learned too."""
    return ArchitectureTraining if isinstance(task.parameters, SharedHyperparameters) else Training
