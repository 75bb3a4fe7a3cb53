"""The training of a weight-sharing network: what it learns, and that it repeats and resumes."""

import dataclasses
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from interruptions import After

from jointsearch.core.config import DataSettings, TrainingSettings
from jointsearch.core.config.budget import NominalSettings
from jointsearch.core.interruption import InterruptedTrainingError
from jointsearch.core.observed import Worker
from jointsearch.networks.choices import SharedHyperparameters, largest_weights
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, Hyperparameters
from jointsearch.networks.shared import SharedNetwork
from jointsearch.space.file import SpaceFile
from jointsearch.training import schedule
from jointsearch.training.architecture import ROWS, training_of
from jointsearch.training.attempt import RunningAttempt
from jointsearch.training.checkpointing import Checkpointer
from jointsearch.training.clock import ReplayClock, stopwatch_for, unpack
from jointsearch.training.image_data import ImageData
from jointsearch.training.loop import Progress, Task
from jointsearch.training.minibatches import HOST, Minibatch, Minibatches, random_generator
from jointsearch.training.train import Trained, train

CPU = torch.device("cpu")
DATA = DataSettings(name="digits", crop_padding=0, horizontal_flip=False)
VALUES = {"learning_rate": 0.05, "batch_size": 8, "momentum": 0.9, "mixup_alpha": 0.3, "cutout_length": 2}


def choices(values: dict = VALUES, settings: dict | None = None, **known: list) -> SharedHyperparameters:
    known = {f"residual_blocks_{number}": [1] for number in (1, 2, 3)} | {"initial_filters": [3]} | known
    space = {
        name: {"type": "ordinal", "sequence": of} if len(of) > 1 else {"type": "constant", "value": of[0]}
        for name, of in known.items()
    }
    fixed = {name: of[0] for name, of in known.items() if len(of) == 1}
    return SharedHyperparameters.of(SpaceFile.parse({"hyperparameters": space}), values | fixed, settings or {})


SOME = choices(
    VALUES | {"shakedrop_death_rate": 0.4},
    {"learning_rate": 0.05},
    residual_blocks_2=[1, 2],
    initial_filters=[2, 4],
    widen_factor_1=[0.5, 1],
    residual_branches_3=[1, 2],
)


def task(parameters=SOME, budget: float = 41, unit: str = "steps", data: DataSettings = DATA, **settings) -> Task:
    whole = TrainingSettings(precision="float32", **settings)
    return Task(parameters, budget, unit, schedule.doubling(0), 5, whole, data)


def derivable(outcome: Trained) -> tuple:
    return outcome.result, outcome.precision, outcome.compiled


@pytest.fixture(scope="module")
def whole(few_digits) -> Trained:
    """A training that nothing interrupts."""
    return train(task(), few_digits, CPU)


def planted(plant: dict, parameters: SharedHyperparameters, like: ImageData, seed: int) -> ImageData:
    """Random images whose labels are the answers of one of the networks, with the weights that a training begins with.

    Answers have mean 0 and deviation 1, so that all classes are there.
    """
    (weight_seed,) = np.random.SeedSequence(seed).spawn(1)
    network = SharedNetwork(parameters, 1, 4, random_generator(weight_seed, HOST))
    chosen = [
        1e4 if one == plant.get(name, one) else -1e4
        for name in ARCHITECTURE_PARAMETERS
        for one in parameters.values_of(name)
    ]
    images = torch.randint(256, (600, 1, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    mean, std = images.float().mean((0, 2, 3)), images.float().std((0, 2, 3))
    with torch.no_grad():
        answers = network((images - mean) / std, logits=torch.tensor(chosen))
    labels = ((answers - answers.mean(0)) / answers.std(0)).argmax(1)
    return in_parts(like, images, labels, classes=4)


def in_parts(like: ImageData, images: torch.Tensor, labels: torch.Tensor, classes: int) -> ImageData:
    """600 images: 400 to train on, 100 each to validate and test on."""
    mean, std = images.float().mean((0, 2, 3)), images.float().std((0, 2, 3))
    parts = {"train": slice(400), "validation": slice(400, 500), "test": slice(500, 600)}
    pictures = {f"{name}_images": images[part] for name, part in parts.items()}
    answers_of = {f"{name}_labels": labels[part] for name, part in parts.items()}
    names = tuple("abcdefgh"[:classes])
    return dataclasses.replace(like, classes=names, mean=mean, std=std, **pictures, **answers_of)


@pytest.mark.parametrize(
    ("death_rate", "plant"),
    [
        (0, {"initial_filters": 4, "residual_blocks_2": 1, "residual_branches_3": 1, "widen_factor_1": 2}),
        # A single branch would do little.
        (0.9, {"initial_filters": 2, "residual_blocks_2": 3, "residual_branches_3": 3, "widen_factor_1": 1}),
    ],
)
def test_the_architecture_that_gave_the_labels_is_found(digits, death_rate, plant):
    parameters = choices(
        {"learning_rate": 1e-9, "batch_size": 50, "shakedrop_death_rate": death_rate},
        {"learning_rate": 0.05},
        initial_filters=[2, 4, 8],
        residual_blocks_2=[1, 2, 3],
        residual_branches_3=[1, 3],
        widen_factor_1=[0.5, 1, 2],
    )
    # The weights stay those of the network that gave the labels: what is learned is the architecture alone.
    found = train(task(parameters, 200), planted(plant, parameters, digits, 5), CPU).result.architecture
    assert found.values == plant
    totals = [math.fsum(row) for row in zip(*found.entropies.values(), strict=True)]
    equal = math.fsum(math.log(len(of)) for of in found.choices.values())
    assert 0.9 * equal < totals[0] < equal
    assert totals[-1] < 0.7 * equal


def noisy_patterns(like: ImageData) -> ImageData:
    """Eight patterns with noise, more than a network with a bottleneck can tell apart."""
    random = torch.Generator().manual_seed(0)
    patterns = torch.randn(8, 1, 6, 6, generator=random)
    labels = torch.randint(8, (600,), generator=random)
    pixels = patterns[labels] + 0.5 * torch.randn(600, 1, 6, 6, generator=random)
    return in_parts(like, (128 + 40 * pixels).clamp(0, 255).to(torch.uint8), labels, classes=8)


@pytest.mark.parametrize("seed", range(5))
def test_weights_and_architecture_that_learn_in_turns_avoid_bottlenecks(digits, seed):
    """From random weights: with weights, or an architecture, that do not learn, no choice becomes so likely."""
    parameters = choices(
        {"learning_rate": 0.05, "batch_size": 50, "momentum": 0.9},
        {"learning_rate": 0.05},
        initial_filters=[4],
        widen_factor_1=[0.25, 1],
        widen_factor_3=[0.25, 1, 2],
    )
    one = dataclasses.replace(task(parameters, 160), seed=seed)
    found = train(one, noisy_patterns(digits), CPU).result.architecture
    assert found.values == {"widen_factor_1": 1, "widen_factor_3": 2}
    assert all(of[-1] > 0.95 for of in found.weights.values())


def test_what_it_learned_is_recorded(whole):
    result = whole.result
    found = result.architecture
    assert (result.status, result.steps) == ("success", 41)
    assert found.choices == SOME.choices
    assert found.values == largest_weights(found.choices, found.weights)
    assert {name: len(of) for name, of in found.weights.items()} == dict.fromkeys(SOME.choices, 2)
    assert all(sum(of) == pytest.approx(1) for of in found.weights.values())
    assert len(result.curve) == len(found.losses) == ROWS
    assert all(len(of) == ROWS for of in found.entropies.values())


def test_a_row_without_a_step_on_the_architecture_has_no_loss(few_digits):
    # As many steps as rows: they take turns.
    losses = train(task(budget=ROWS), few_digits, CPU).result.architecture.losses
    assert [loss is None for loss in losses] == [False, True] * (ROWS // 2)


def test_it_computes_in_bfloat16_too(few_digits):
    one = task(budget=8)
    half = dataclasses.replace(one, settings=one.settings.model_copy(update={"precision": "bfloat16"}))
    found, whole = train(half, few_digits, CPU), train(one, few_digits, CPU)
    assert (found.precision, found.result.status) == ("bfloat16", "success")
    assert found.result.architecture.losses[0] == pytest.approx(whole.result.architecture.losses[0], rel=0.05)


def test_an_architecture_is_recorded_of_no_other_training(few_digits):
    plain = Hyperparameters.model_validate(SOME.model_dump(exclude={"choices", "gradients"}))
    result = train(task(plain, 5), few_digits, CPU).result
    assert result.architecture is None
    assert "architecture" not in result.model_dump()


def test_validation_and_test_images_teach_nothing(few_digits, whole):
    wrong = {}
    for part in ("validation", "test"):
        wrong[f"{part}_labels"] = 9 - getattr(few_digits, f"{part}_labels")
        wrong[f"{part}_images"] = 255 - getattr(few_digits, f"{part}_images").flip(0)
    found = whole.result
    again = train(task(), dataclasses.replace(few_digits, **wrong), CPU).result
    assert found.architecture == again.architecture
    assert found.loss != again.loss


def test_weights_and_architecture_learn_from_different_images(few_digits):
    training = training_of(task())(task(), few_digits, CPU, "float32", Progress(), stopwatch_for(CPU))
    halves = [batches._labels for batches in (training._batches, training._others)]
    assert [len(half) for half in halves] == [20, 20]
    assert sorted(torch.cat(halves).tolist()) == sorted(few_digits.train_labels.tolist())


def test_an_epoch_sees_each_image_once(few_digits, monkeypatch):
    seen, make = defaultdict[Minibatches, list[int]](list), Minibatches.__next__

    def recorded(batches: Minibatches) -> Minibatch:
        batch = make(batches)
        seen[batches] += batch.labels.tolist()
        return batch

    monkeypatch.setattr(Minibatches, "__next__", recorded)
    # Each image is a class of its own, and batches divide the halves.
    numbered = dataclasses.replace(few_digits, classes=tuple(map(str, range(40))), train_labels=torch.arange(40))
    even = SOME.model_copy(update={"batch_size": 10})
    assert train(task(even, 1, "epochs"), numbered, CPU).result.steps == 4
    assert [len(images) for images in seen.values()] == [20, 20]
    assert sorted(image for images in seen.values() for image in images) == list(range(40))


def test_an_epoch_has_a_step_for_each_batch_of_images(few_digits):
    assert train(task(budget=2, unit="epochs"), few_digits, CPU).result.steps == 2 * 40 // 8
    # Also where the configured batch is larger than a half.
    large = SOME.model_copy(update={"batch_size": 64})
    assert train(task(large, 2, "epochs"), few_digits, CPU).result.steps == 2 * 2


@pytest.mark.parametrize("stops", [[1], [16], [7, 2, 20]])
def test_an_interrupted_search_comes_to_the_same_bits(few_digits, tmp_path, stops, whole):
    for steps in stops:
        with pytest.raises(InterruptedTrainingError):
            train(task(), few_digits, CPU, checkpointer=checkpointer(tmp_path / "state", steps))
    resumed = train(task(), few_digits, CPU, checkpointer=checkpointer(tmp_path / "state"))
    assert derivable(resumed) == derivable(whole)


@pytest.mark.parametrize(("unit", "budget"), [("epochs", 3), ("gflop", 0.02), ("nominal_seconds", 0.05)])
def test_it_spends_each_kind_of_budget_and_repeats(few_digits, unit, budget):
    nominal = NominalSettings(step=1e-3, convolution=1e-5, gflop=0.1, megabyte=0)
    one = dataclasses.replace(task(budget=budget, unit=unit), nominal=nominal if unit == "nominal_seconds" else None)
    first, again = (train(one, few_digits, CPU) for _ in range(2))
    assert derivable(first) == derivable(again)
    if unit != "epochs":
        assert first.result.steps == round(budget / first.result.step_cost) > 4


def test_seconds_are_replayed(few_digits):
    one = dataclasses.replace(task(budget=0.5, unit="seconds"), clock="process")
    first = train(one, few_digits, CPU)
    again = train(one, few_digits, CPU, clock=ReplayClock(unpack(first.timing.clock)))
    assert derivable(first) == derivable(again)


def test_it_is_not_compiled(few_digits):
    assert not train(task(budget=3, compile="on"), few_digits, CPU).compiled


def test_choices_that_do_not_fit_are_left_out(few_digits):
    whole = train(task(budget=3), few_digits, CPU).result
    limited = train(task(budget=3, maximum_parameters=whole.parameters // 2), few_digits, CPU).result
    assert limited.status == "success"
    assert limited.parameters <= whole.parameters // 2
    assert limited.architecture.choices["initial_filters"] != SOME.choices["initial_filters"]
    assert all(of == SOME.choices[name][: len(of)] for name, of in limited.architecture.choices.items())


def test_a_search_whose_smallest_network_does_not_fit_is_too_large(few_digits):
    result = train(task(budget=3, maximum_parameters=10), few_digits, CPU).result
    assert result.status == "too_large"
    assert result.architecture is None


def test_a_search_that_no_memory_holds_says_which_limit_leaves_choices_out(few_digits):
    parameters = choices(initial_filters=[4, 2_000_000])
    result = train(task(parameters, 3), few_digits, CPU).result
    assert (result.status, result.architecture) == ("out_of_memory", None)
    assert "; set training.maximum_memory_gb to" in result.message
    limited = train(task(parameters, 3, maximum_memory_gb=1), few_digits, CPU).result
    assert (limited.status, limited.architecture.values) == ("success", {"initial_filters": 4})


def checkpointer(path: Path, steps: int = 10**9) -> Checkpointer:
    here = RunningAttempt(Worker(host="node1", device="cpu"), "a" * 64, started=1.0)
    return Checkpointer(path, "this", 1e9, After(steps), here)
