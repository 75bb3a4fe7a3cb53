import dataclasses
import math

import numpy as np
import pytest
import torch

from jointsearch.config import DataSettings, TrainingSettings
from jointsearch.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork, parameter_count
from jointsearch.training import loop
from jointsearch.training.clock import SecondClock, Stopwatch

CPU = torch.device("cpu")
PLAIN = DataSettings(name="digits", crop_padding=0, horizontal_flip=False)
ALL = DataSettings(name="digits", crop_padding=1, horizontal_flip=True)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def configuration(**values) -> Hyperparameters:
    least = {f"residual_blocks_{index}": 1 for index in (1, 2, 3)}
    return Hyperparameters(**(least | {"initial_filters": 4, "learning_rate": 0.1, "batch_size": 8} | values))


EVERYTHING = configuration(
    residual_branches_2=2,
    weight_decay=1e-4,
    momentum=0.9,
    mixup_alpha=0.4,
    cutout_length=3,
    shakedrop_death_rate=0.4,
)


def train(
    data, parameters=EVERYTHING, budget=2, unit="epochs", level=0, limits=None, images=ALL, seed=5, clock=None
) -> loop.Outcome:
    limits = limits or TrainingSettings()
    return loop.train(parameters, budget, unit, level, data, limits, images, seed, CPU, clock)


def test_a_tiny_network_overfits_64_images(digits):
    some = {"train_images": digits.train_images[:64], "train_labels": digits.train_labels[:64]}
    seen = {"validation_images": some["train_images"], "validation_labels": some["train_labels"]}
    parameters = configuration(initial_filters=8, momentum=0.9, batch_size=32, learning_rate=0.05)
    outcome = train(dataclasses.replace(digits, **some, **seen), parameters, 40, images=PLAIN)
    assert outcome.status == "success"
    assert outcome.loss == 0
    assert outcome.curve[-1].validation_loss < 0.1
    assert outcome.curve[-1].train_loss < 0.1


def test_regularised_training_learns_images_it_has_not_seen(digits):
    outcome = train(digits, configuration(momentum=0.9, batch_size=32, initial_filters=8), 4, level=1)
    assert outcome.loss < 0.5
    assert outcome.test_error < 0.5


@pytest.mark.parametrize(
    ("budget", "unit", "batch_size", "steps", "epochs"),
    [
        (1, "epochs", 8, 5, 1),
        (3, "epochs", 12, 9, 3),
        (1, "epochs", 40, 1, 1),
        (2, "epochs", 100, 2, 2),
        (2.5, "epochs", 10, 10, 2.5),
        (7, "steps", 10, 7, 1.75),
    ],
)
def test_budgets_are_exact_and_the_last_incomplete_batch_is_left_out(
    few_digits, budget, unit, batch_size, steps, epochs
):
    outcome = train(few_digits, configuration(batch_size=batch_size), budget, unit)
    assert (outcome.steps, outcome.epochs) == (steps, epochs)
    whole = list(range(1, math.floor(epochs) + 1))
    assert [row.epoch for row in outcome.curve] == whole + ([epochs] if epochs % 1 else [])
    assert outcome.curve[-1].step == steps


def test_a_budget_of_seconds_counts_training_alone(few_digits):
    outcome = train(few_digits, budget=0.2, unit="seconds")
    assert outcome.training_seconds >= 0.2
    assert outcome.curve_seconds[-1] <= outcome.training_seconds
    assert list(outcome.curve_seconds) == sorted(outcome.curve_seconds)
    assert outcome.evaluation_seconds > 0
    assert len(outcome.curve) >= math.floor(outcome.epochs)


def test_replayed_clock_readings_make_the_same_training_again(few_digits):
    readings = []
    stopwatch = Stopwatch(CPU)
    seconds = SecondClock(0.15, stopwatch)

    def recording(steps: int) -> float:
        readings.append(seconds(steps))
        return readings[-1]

    with stopwatch.running():
        first = train(few_digits, level=2, clock=recording)
    again = train(few_digits, level=2, clock=readings.__getitem__)
    assert len(readings) == first.steps + 1
    assert again.curve == first.curve


def test_curve_follows_the_schedule_and_tests_at_the_ends_of_cycles(few_digits):
    """Two cycles in six epochs: they end after the second and the sixth."""
    outcome = train(few_digits, configuration(learning_rate=0.2), 6, level=1)
    assert [row.test_error is not None for row in outcome.curve] == [False, True, False, False, False, True]
    assert all(row.validation_error is not None and row.validation_loss is not None for row in outcome.curve)
    assert all(row.train_loss is not None for row in outcome.curve)
    # The last step of an epoch of five: 0.9 of the first cycle is over after 9 of 10 steps, and so on.
    expected = [0.1 * (1 + math.cos(math.pi * part)) for part in (4 / 10, 9 / 10, 4 / 20, 9 / 20, 14 / 20, 19 / 20)]
    assert [row.learning_rate for row in outcome.curve] == pytest.approx(expected)
    assert outcome.loss == outcome.curve[-1].validation_error
    assert outcome.test_error == outcome.curve[-1].test_error


def test_first_step_is_plain_sgd_with_decay_of_all_weights(few_digits, monkeypatch):
    """Nesterov's first step moves by learning rate * (1 + momentum) * (gradient + decay * weight)."""
    built = []

    class Spied(MultiBranchNetwork):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.before = [weight.detach().clone() for weight in self.parameters()]
            built.append(self)

    monkeypatch.setattr(loop, "MultiBranchNetwork", Spied)
    train(few_digits, configuration(momentum=0.8, weight_decay=0.01, learning_rate=0.05), 1, "steps")
    (network,) = built
    for before, weight in zip(network.before, network.parameters(), strict=True):
        expected = before - 0.05 * 1.8 * (weight.grad + 0.01 * before)
        torch.testing.assert_close(weight.detach(), expected)


def test_validation_and_test_images_are_never_augmented(few_digits, monkeypatch):
    shown = []
    forward = MultiBranchNetwork.forward

    def spied(network, images, generator=None):
        if not network.training:
            shown.append(images.clone())
        return forward(network, images, generator)

    monkeypatch.setattr(MultiBranchNetwork, "forward", spied)
    originals = [tensor.clone() for tensor in (few_digits.validation_images, few_digits.test_images)]
    train(few_digits, budget=1)
    assert len(shown) == 2
    for batch, original in zip(shown, originals, strict=True):
        expected = (original.numpy() - few_digits.mean.numpy()) / few_digits.std.numpy()
        np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(few_digits.validation_images, originals[0])


def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_numbers_alone(few_digits):
    state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002 - that it is not used is the point
    first = train(few_digits, level=1, budget=3)
    torch.rand(3)
    second, other = (train(few_digits, level=1, budget=3, seed=seed) for seed in (5, 6))
    assert first.curve == second.curve
    assert first.curve != other.curve
    torch.set_rng_state(state)
    train(few_digits)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_evaluation_batch_size_changes_nothing_but_rounding(few_digits):
    one, other = (train(few_digits, limits=TrainingSettings(evaluation_batch_size=size)) for size in (3, 512))
    assert one.loss == other.loss
    assert [row.train_loss for row in one.curve] == [row.train_loss for row in other.curve]


def test_the_test_images_change_no_result_but_their_own(few_digits):
    other = dataclasses.replace(few_digits, test_labels=(few_digits.test_labels + 1) % 10)
    one, two = (train(data, level=1, budget=3) for data in (few_digits, other))
    hidden = {"test_loss": None, "test_error": None}
    assert [row.model_copy(update=hidden) for row in one.curve] == [row.model_copy(update=hidden) for row in two.curve]


def test_momentum_zero_works(few_digits):
    assert train(few_digits, configuration(momentum=0)).status == "success"


def test_divergence_is_an_outcome_and_says_where(few_digits):
    outcome = train(few_digits, configuration(learning_rate=1e30), 50)
    assert outcome.status == "diverged"
    assert outcome.message == f"the training loss is not finite in step {outcome.steps}"
    assert 1 < outcome.steps < 250
    assert (outcome.loss, outcome.test_error) == (None, None)


def test_weights_lost_in_the_last_step_are_a_divergence(few_digits):
    outcome = train(few_digits, configuration(learning_rate=1e38, weight_decay=10), 1, "steps")
    assert outcome.status == "diverged"
    assert outcome.message == "the validation loss is not finite after step 1"
    assert outcome.curve[-1].validation_loss is None


def test_a_network_too_large_is_not_trained(few_digits):
    parameters = configuration()
    count = parameter_count(parameters, 1, 10)
    refused = train(few_digits, parameters, limits=TrainingSettings(maximum_parameters=count - 1))
    assert refused.status == "too_large"
    assert refused.message == f"{count} parameters, the limit is {count - 1}"
    assert (refused.loss, refused.steps, refused.curve, refused.parameters) == (None, 0, (), count)
    assert train(few_digits, parameters, limits=TrainingSettings(maximum_parameters=count)).status == "success"


def test_a_network_that_no_memory_holds_is_an_outcome(few_digits):
    outcome = train(few_digits, configuration(initial_filters=2_000_000))
    assert (outcome.status, outcome.loss, outcome.steps) == ("out_of_memory", None, 0)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 17179869184 bytes."),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_on_the_way_keeps_the_curve(few_digits, monkeypatch, error):
    calls = []
    forward = MultiBranchNetwork.forward

    def failing(network, images, generator=None):
        calls.append(network.training)
        if calls.count(True) == 7:
            raise error
        return forward(network, images, generator)

    monkeypatch.setattr(MultiBranchNetwork, "forward", failing)
    outcome = train(few_digits)
    assert outcome.status == "out_of_memory"
    assert outcome.message == "no memory left on the device after 6 steps"
    assert (outcome.steps, [row.step for row in outcome.curve], outcome.loss) == (6, [5], None)


def test_warming_up_leaves_no_trace_in_the_network():
    network = MultiBranchNetwork(EVERYTHING, 1, 10)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    loop.warm_up(network, torch.Size((1, 8, 8)), 4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


def test_other_errors_are_bugs_and_come_through(few_digits, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(MultiBranchNetwork, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        train(few_digits)
