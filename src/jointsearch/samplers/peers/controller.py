"""A recurrent controller that makes one choice after another, and its gradient.

Shapes: `n` sequences, `d` steps (one for each hyperparameter), `u` units, `k` choices of all steps together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

Array = NDArray[np.float64]
Rows = NDArray[np.int_]
Weights = dict[str, Array]

INITIAL = 0.1
"""First weights are uniform between minus this and this, as in Zoph et al. (2018)."""
INACTIVE = -1
"""In the place of a choice that is not made."""


@dataclass(frozen=True)
class ControllerStep:
    """What the gradient needs of a step of all sequences.

    Attributes
    ----------
    inputs
        Rows of the embedding, shape `(n,)`.
    choices
        Shape `(n,)`; `INACTIVE` where the step is skipped.
    cell_before, hidden_before, hidden
        Cells and hidden states, shape `(n, u)`.
    gates
        Input, forget and output gates and the candidate, shape `(n, 4u)`.
    squashed
        Hyperbolic tangent of the new cell, shape `(n, u)`.
    probabilities
        Of the choices of the step, shape `(n, sizes[step])`.
    """

    inputs: Rows
    choices: Rows
    cell_before: Array
    hidden_before: Array
    hidden: Array
    gates: Array
    squashed: Array
    probabilities: Array

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which sequences have a choice here; shape `(n,)`."""
        return self.choices != INACTIVE


@dataclass(frozen=True)
class Controller:
    """One LSTM with a softmax for each step, whose input is an embedding of the choice made before.

    Where a step is inactive, the state and the input stay as they are.

    Attributes
    ----------
    sizes
        Number of choices of each step.
    weights
        `embedding` `(1 + k, u)`, its first row for the start; `input` and `recurrent` `(u, 4u)`, `bias` `(4u,)`;
        `output` `(u, k)`, `output_bias` `(k,)`.
    """

    sizes: tuple[int, ...]
    weights: Weights

    @classmethod
    def untrained(cls, sizes: Sequence[int], units: int, rng: np.random.Generator) -> "Controller":
        """Draw the first weights."""
        total = sum(sizes)
        shapes = {
            "embedding": (1 + total, units),
            "input": (units, 4 * units),
            "recurrent": (units, 4 * units),
            "bias": (4 * units,),
            "output": (units, total),
            "output_bias": (total,),
        }
        return cls(tuple(sizes), {name: rng.uniform(-INITIAL, INITIAL, shape) for name, shape in shapes.items()})

    @property
    def parts(self) -> list[slice]:
        """Where the choices of each step are among those of all."""
        ends = np.cumsum(self.sizes).tolist()
        return [slice(end - size, end) for size, end in zip(self.sizes, ends, strict=True)]

    def run(self, count: int, choose: Callable[[int, Array], Rows]) -> list[ControllerStep]:
        """Make sequences of choices.

        Parameters
        ----------
        count
            How many sequences.
        choose
            Gets the number of a step and the probabilities of its choices, shape `(count, sizes[step])`; returns the
            choices, `INACTIVE` where none is to be made.
        """
        weights, units = self.weights, len(self.weights["recurrent"])
        # What each choice adds to the gates when it is the input.
        added = weights["embedding"] @ weights["input"] + weights["bias"]
        cell = hidden = np.zeros((count, units))
        inputs = np.zeros(count, dtype=int)
        steps = []
        for number, part in enumerate(self.parts):
            gates = added[inputs] + hidden @ weights["recurrent"]
            gates[:, : 3 * units] = expit(gates[:, : 3 * units])
            gates[:, 3 * units :] = np.tanh(gates[:, 3 * units :])
            entered, kept, let_out, candidate = _quarters(gates)
            new_cell = kept * cell + entered * candidate
            squashed = np.tanh(new_cell)
            new_hidden = let_out * squashed
            odds = new_hidden @ weights["output"][:, part] + weights["output_bias"][part]
            odds = np.exp(odds - odds.max(axis=1, keepdims=True))
            probabilities = odds / odds.sum(axis=1, keepdims=True)
            choices = choose(number, probabilities)
            step = ControllerStep(inputs, choices, cell, hidden, new_hidden, gates, squashed, probabilities)
            steps.append(step)
            active = step.active[:, None]
            cell, hidden = np.where(active, new_cell, cell), np.where(active, new_hidden, hidden)
            inputs = np.where(step.active, 1 + part.start + choices, inputs)
        return steps

    def gradient(self, steps: Sequence[ControllerStep], of_logits: Sequence[Array]) -> Weights:
        """Propagate a gradient back through time, from the logits to the weights.

        Parameters
        ----------
        steps
            What `run` returned.
        of_logits
            The gradient by the logits of each step, shape `(n, sizes[step])`; zero where inactive.
        """
        weights = self.weights
        slopes = {name: np.zeros_like(one) for name, one in weights.items()}
        of_all_gates = []
        of_cell = of_hidden = np.zeros_like(steps[0].hidden)
        for step, of_logit, part in reversed(list(zip(steps, of_logits, self.parts, strict=True))):
            slopes["output"][:, part] = step.hidden.T @ of_logit
            slopes["output_bias"][part] = of_logit.sum(axis=0)
            active = step.active[:, None]
            of_new = np.where(active, of_hidden, 0) + of_logit @ weights["output"][:, part].T
            entered, kept, let_out, candidate = _quarters(step.gates)
            of_new_cell = np.where(active, of_cell, 0) + of_new * let_out * (1 - step.squashed**2)
            of_gates = np.concatenate(
                [
                    of_new_cell * candidate * entered * (1 - entered),
                    of_new_cell * step.cell_before * kept * (1 - kept),
                    of_new * step.squashed * let_out * (1 - let_out),
                    of_new_cell * entered * (1 - candidate**2),
                ],
                axis=1,
            )
            of_all_gates.append(of_gates)
            of_cell = np.where(active, of_new_cell * kept, of_cell)
            of_hidden = np.where(active, of_gates @ weights["recurrent"].T, of_hidden)
        # Each step has a part in these; one product is faster than one for each.
        of_all = np.concatenate(of_all_gates[::-1])
        inputs = np.concatenate([one.inputs for one in steps])
        slopes["recurrent"] = np.concatenate([one.hidden_before for one in steps]).T @ of_all
        chosen = csr_array(
            (np.ones(len(inputs)), (inputs, np.arange(len(inputs)))), (len(weights["embedding"]), len(inputs))
        )
        of_added = chosen @ of_all
        slopes["embedding"] = of_added @ weights["input"].T
        slopes["input"] = weights["embedding"].T @ of_added
        slopes["bias"] = of_added.sum(axis=0)
        return slopes


def _quarters(gates: Array) -> tuple[Array, Array, Array, Array]:
    """Input, forget and output gates and the candidate."""
    units = gates.shape[1] // 4
    return gates[:, :units], gates[:, units : 2 * units], gates[:, 2 * units : 3 * units], gates[:, 3 * units :]
