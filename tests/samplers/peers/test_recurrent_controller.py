"""The recurrent controller: its gradient through time, steps that are skipped, and choices that are drawn."""

import numpy as np
import pytest

from jointsearch.samplers.peers.controller import INACTIVE, Controller

SIZES = (3, 2, 4)
MADE = np.array([[2, 1, 3], [0, INACTIVE, 1], [INACTIVE, 0, 0], [1, 1, INACTIVE]])


def controller(units=5, seed=0):
    made = Controller.untrained(SIZES, units, np.random.default_rng(seed))
    return Controller(SIZES, {name: 5 * one for name, one in made.weights.items()})


def run(one, made=MADE):
    return one.run(len(made), lambda step, _: made[:, step])


def log_likelihood(one, factors):
    """Sum of factor times log probability, over the choices that are made."""
    total = 0.0
    for step, row in enumerate(run(one)):
        for sequence in np.flatnonzero(row.active):
            total += factors[sequence] * np.log(row.probabilities[sequence, MADE[sequence, step]])
    return total


@pytest.mark.parametrize("name", ["embedding", "input", "recurrent", "bias", "output", "output_bias"])
def test_the_gradient_is_that_of_finite_differences(name):
    one, factors = controller(), np.array([0.5, -1.0, 2.0, 1.5])
    steps = run(one)
    of_logits = []
    for step, row in enumerate(steps):
        chosen = np.eye(SIZES[step])[np.maximum(MADE[:, step], 0)]
        of_logits.append(np.where(row.active[:, None], factors[:, None] * (chosen - row.probabilities), 0))
    slopes = one.gradient(steps, of_logits)
    assert slopes.keys() == one.weights.keys()
    weights = one.weights[name]
    for place in np.ndindex(weights.shape):
        kept, either = weights[place], []
        for nudge in (1e-6, -1e-6):
            weights[place] = kept + nudge
            either.append(log_likelihood(one, factors))
        weights[place] = kept
        assert slopes[name][place] == pytest.approx((either[0] - either[1]) / 2e-6, abs=1e-6)


def test_it_is_the_lstm_of_torch():
    torch = pytest.importorskip("torch")
    one, made = controller(), MADE[:1]
    weights = {name: torch.tensor(value) for name, value in one.weights.items()}
    cell = torch.nn.LSTMCell(5, 5, dtype=torch.float64)
    # Torch has the candidate before the output gate.
    order = [*range(10), *range(15, 20), *range(10, 15)]
    with torch.no_grad():
        cell.weight_ih.copy_(weights["input"].T[order])
        cell.weight_hh.copy_(weights["recurrent"].T[order])
        cell.bias_ih.copy_(weights["bias"][order])
        cell.bias_hh.zero_()
        state, row = None, 0
        for step, (start, size) in enumerate(zip((0, 3, 5), SIZES, strict=True)):
            state = cell(weights["embedding"][row : row + 1], state)
            logits = (
                state[0] @ weights["output"][:, start : start + size] + weights["output_bias"][start : start + size]
            )
            expected = torch.softmax(logits, dim=1).numpy()
            np.testing.assert_allclose(run(one, made)[step].probabilities, expected, rtol=1e-12)
            row = 1 + start + made[0, step]


def test_a_step_that_is_skipped_changes_nothing_that_comes_after_it():
    one = controller()
    through = run(one, np.array([[2, INACTIVE, 0]]))
    # The same weights without the choices of the skipped step.
    kept = [0, 1, 2, 5, 6, 7, 8]
    weights = one.weights | {
        "embedding": one.weights["embedding"][[0, *(1 + place for place in kept)]],
        "output": one.weights["output"][:, kept],
        "output_bias": one.weights["output_bias"][kept],
    }
    without = Controller((3, 4), weights)
    expected = run(without, np.array([[2, 0]]))
    np.testing.assert_allclose(through[2].probabilities, expected[1].probabilities, rtol=1e-12)


def test_a_choice_depends_on_those_before_it():
    steps = run(controller(), np.array([[0, 0, 0], [1, 0, 0]]))
    np.testing.assert_array_equal(steps[0].probabilities[0], steps[0].probabilities[1])
    assert abs(steps[2].probabilities[0] - steps[2].probabilities[1]).max() > 1e-3
