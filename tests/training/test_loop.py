import collections
import dataclasses
import functools
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from jointsearch.core.config import BudgetSettings, DataSettings, TrainingSettings
from jointsearch.core.errors import UserError
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.networks.multibranch import MultiBranchNetwork, parameter_count
from jointsearch.search.experiment import Experiment
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from jointsearch.training import accelerate, checkpoint_file, environment, loop, schedule
from jointsearch.training.clock import ReplayClock, Stopwatch, make_clock, stopwatch_for, unpack
from jointsearch.training.evaluate import Setup, evaluate
from jointsearch.training.loop import Progress, Task, Training
from jointsearch.training.sgd import Sgd
from jointsearch.training.slot import Slot
from jointsearch.training.train import Trained, train

CPU = torch.device("cpu")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
SPACE = Path(__file__).parents[2] / "config" / "spaces" / "joint17.yaml"
PLAIN = DataSettings(name="digits", crop_padding=0, horizontal_flip=False)
ALL = DataSettings(name="digits", crop_padding=1, horizontal_flip=True)


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


FLOAT32 = TrainingSettings(precision="float32")
SNAPSHOTS = TrainingSettings(precision="float32", snapshot_ensemble=True)


def task(parameters=EVERYTHING, budget=2, unit="epochs", level=0, limits=FLOAT32, images=ALL, seed=5) -> Task:
    return Task(parameters, budget, unit, schedule.doubling(level), seed, limits, images)


def run(data, *args, clock=None, device="cpu", **kwargs) -> Trained:
    return train(task(*args, **kwargs), data, torch.device(device), clock)


def training(one: Task, data, precision="float32", device="cpu") -> Training:
    where = torch.device(device)
    return Training(one, data, where, precision, Progress(), stopwatch_for(where))


def test_a_tiny_network_overfits_64_images(digits):
    some = {"train_images": digits.train_images[:64], "train_labels": digits.train_labels[:64]}
    seen = {"validation_images": some["train_images"], "validation_labels": some["train_labels"]}
    parameters = configuration(initial_filters=8, momentum=0.9, batch_size=32, learning_rate=0.05)
    outcome = run(dataclasses.replace(digits, **some, **seen), parameters, 40, images=PLAIN)
    assert outcome.result.status == "success"
    assert outcome.result.loss == 0
    assert outcome.result.curve[-1].validation_loss < 0.1
    assert outcome.result.curve[-1].train_loss < 0.1


def test_regularised_training_learns_images_it_has_not_seen(digits):
    outcome = run(digits, configuration(momentum=0.9, batch_size=32, initial_filters=8), 4, level=1)
    assert outcome.result.loss < 0.5
    assert outcome.result.test_error < 0.5


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
    outcome = run(few_digits, configuration(batch_size=batch_size), budget, unit)
    assert (outcome.result.steps, outcome.result.epochs) == (steps, epochs)
    assert outcome.result.curve[-1].step == steps
    assert outcome.timing.clock is None


def test_a_budget_of_seconds_counts_training_alone(few_digits):
    outcome = run(few_digits, budget=0.2, unit="seconds")
    assert outcome.timing.training_seconds >= 0.2
    assert outcome.timing.curve_seconds[-1] <= outcome.timing.training_seconds
    assert list(outcome.timing.curve_seconds) == sorted(outcome.timing.curve_seconds)
    assert outcome.timing.evaluation_seconds > 0
    assert len(unpack(outcome.timing.clock)) == outcome.result.steps


def test_a_budget_of_seconds_is_not_spent_on_evaluation(few_digits, monkeypatch):
    seconds, look = [0.0], Training._look

    def takes_long(*arguments, **named):
        seconds[0] += 100
        look(*arguments, **named)

    monkeypatch.setattr(Training, "_look", takes_long)
    stopwatch = Stopwatch(lambda: seconds[0])
    one = Training(task(budget=8, unit="seconds"), few_digits, CPU, "float32", Progress(), stopwatch)
    for _ in one.run(make_clock(8, "seconds", 5, stopwatch)):
        seconds[0] += 1
    # A second a step, from the second step on.
    assert [row.step for row in one.progress.curve] == [3, 5, 7, 9]


@pytest.mark.parametrize(("budget", "unit"), [(1e-6, "seconds"), (0.3, "steps"), (0.01, "epochs")])
def test_a_budget_shorter_than_a_step_trains_one_step_and_says_so(few_digits, budget, unit):
    outcome = run(few_digits, budget=budget, unit=unit)
    assert (outcome.result.status, outcome.result.steps) == ("success", 1)
    assert outcome.result.message == "the budget is shorter than one step; one step was trained"
    assert run(few_digits, budget=1, unit="steps").result.message is None


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_stored_clock_readings_make_the_same_training_again(few_digits, precision, device):
    how = {"budget": 0.2, "unit": "seconds", "level": 2, "limits": TrainingSettings(precision=precision)}
    first = run(few_digits, device=device, **how)
    again = run(few_digits, clock=ReplayClock(unpack(first.timing.clock)), device=device, **how)
    assert len(unpack(first.timing.clock)) == first.result.steps
    assert (again.result.steps, again.result.curve, again.result.loss) == (
        first.result.steps,
        first.result.curve,
        first.result.loss,
    )


SIXTY = task(budget=60, unit="steps", level=1, limits=SNAPSHOTS)


def end_of(one: Training) -> tuple:
    """Where a training of 60 steps ends: its curve, its snapshot error and its weights."""
    for _ in one.run(make_clock(60, "steps", 5, Stopwatch())):
        pass
    return one.progress.curve, one.snapshot_error(), one.state()["network"]


@pytest.fixture(scope="module", params=DEVICES)
@accelerate.deterministic()
def whole(request, few_digits) -> tuple[str, tuple]:
    """A device, and the end of a training on it that nothing interrupts."""
    return request.param, end_of(training(SIXTY, few_digits, device=request.param))


@pytest.mark.parametrize("stop", [1, 4, 5, 7, 33, 59])
@accelerate.deterministic()
def test_a_checkpoint_of_any_step_goes_on_to_the_same_bits(few_digits, tmp_path, stop, whole):
    (device, (curve, snapshot_error, weights)), file = whole, tmp_path / "state"
    part, rest = (training(SIXTY, few_digits, device=device) for _ in range(2))
    for _ in itertools.islice(part.run(make_clock(60, "steps", 5, Stopwatch())), stop):
        pass
    checkpoint_file.write(file, "this", part.state())
    rest.restore(checkpoint_file.read(file, "this"))
    assert rest.progress.steps == stop
    assert (end := end_of(rest))[:2] == (curve, snapshot_error)
    for name, tensor in weights.items():
        assert torch.equal(tensor, end[2][name])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_going_on_from_lower_budgets_is_one_training_with_a_restart_at_each(few_digits, precision):
    limits = TrainingSettings(precision=precision)
    budgets = (20, 60, 180)
    whole = train(
        dataclasses.replace(task(budget=180, unit="steps", limits=limits), ends=(1 / 9, 1 / 3, 1)), few_digits, CPU
    )
    outcome, steps = None, []
    for level in range(3):
        one = dataclasses.replace(
            task(budget=budgets[level], unit="steps", limits=limits), ends=schedule.continued(budgets[: level + 1])
        )
        outcome = train(one, few_digits, CPU, start=outcome.end if outcome else None, keep_end=level < 2)
        steps.append(outcome.result.steps)
    assert steps == [20, 60, 180]
    assert (outcome.result.loss, outcome.result.test_error) == (whole.result.loss, whole.result.test_error)
    assert outcome.result.curve[-1].learning_rate == whole.result.curve[-1].learning_rate
    assert outcome.result.curve[-1].validation_loss == whole.result.curve[-1].validation_loss


def test_going_on_in_seconds_spends_the_rest_of_the_budget(few_digits):
    first = train(task(budget=0.2, unit="seconds"), few_digits, CPU, keep_end=True)
    one = dataclasses.replace(task(budget=0.6, unit="seconds"), ends=schedule.continued([0.2, 0.6]))
    second = train(one, few_digits, CPU, start=first.end)
    assert 0.4 <= second.timing.training_seconds < 0.6
    assert len(unpack(second.timing.clock)) == second.result.steps - first.result.steps
    again = train(one, few_digits, CPU, ReplayClock(unpack(second.timing.clock), first.result.steps), start=first.end)
    assert again.result.curve == second.result.curve


@pytest.mark.parametrize("fault", ["missing", "cut short", "changed", "of another"])
def test_a_checkpoint_that_cannot_be_used_is_named(tmp_path, fault):
    file = tmp_path / "state"
    checkpoint_file.write(file, "this", {"tensor": torch.zeros(100)})
    content = file.read_bytes()
    match fault:
        case "missing":
            file.unlink()
        case "cut short":
            file.write_bytes(content[:-1])
        case "changed":
            file.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    with pytest.raises(UserError, match=str(file)):
        checkpoint_file.read(file, "that" if fault == "of another" else "this")


def test_evaluation_on_the_way_is_skipped_where_it_would_cost_too_much(digits):
    short = run(digits, budget=8, unit="steps", level=2)
    assert [row.validation_error is not None for row in short.result.curve] == [False] * (
        len(short.result.curve) - 1
    ) + [True]
    long = run(digits, configuration(batch_size=64), budget=8, level=2)
    share = loop.EVALUATED_PER_TRAINED * long.result.steps * 64
    evaluated = sum(
        (row.validation_error is not None) * len(digits.validation_images)
        + (row.test_error is not None) * len(digits.test_images)
        for row in long.result.curve[:-1]
    )
    assert 0 < evaluated <= share
    assert any(row.validation_error is None for row in long.result.curve)


def test_a_snapshot_ensemble_measures_every_cycle_end_and_changes_nothing_else(few_digits):
    plain, kept = (run(few_digits, budget=4, level=2, limits=limits) for limits in (FLOAT32, SNAPSHOTS))
    assert plain.result.snapshot_test_error is None
    assert (plain.result.loss, plain.result.test_error) == (kept.result.loss, kept.result.test_error)
    ends = [row for row in kept.result.curve if row.test_error is not None]
    assert len(ends) == 3
    assert 0 <= kept.result.snapshot_test_error <= 1


def test_the_ensemble_of_one_cycle_is_its_network(few_digits):
    outcome = run(few_digits, limits=SNAPSHOTS)
    assert outcome.result.snapshot_test_error == outcome.result.test_error


def test_curve_has_a_row_for_each_quarter_of_a_cycle(few_digits):
    """Two cycles in sixty epochs of five steps: they end after 100 and 300 steps."""
    outcome = run(few_digits, configuration(learning_rate=0.2), 60, level=1)
    assert [row.step for row in outcome.result.curve] == [25, 50, 75, 100, 150, 200, 250, 300]
    assert [row.epoch for row in outcome.result.curve] == [5, 10, 15, 20, 30, 40, 50, 60]
    assert all(row.train_loss is not None for row in outcome.result.curve)
    assert {row.step for row in outcome.result.curve if row.test_error is not None} <= {100, 300}
    # The last step before 25 of 100: 0.24 of the first cycle is over, and so on.
    parts = (24 / 100, 49 / 100, 74 / 100, 99 / 100, 49 / 200, 99 / 200, 149 / 200, 199 / 200)
    expected = [0.1 * (1 + math.cos(math.pi * part)) for part in parts]
    assert [row.learning_rate for row in outcome.result.curve] == pytest.approx(expected)
    assert outcome.result.loss == outcome.result.curve[-1].validation_error
    assert outcome.result.test_error == outcome.result.curve[-1].test_error


def test_first_step_is_plain_sgd_with_decay_of_all_weights(few_digits, monkeypatch):
    """Nesterov's first step moves by learning rate * (1 + momentum) * (gradient + decay * weight)."""
    seen = []
    step = Sgd.step

    def spied(optimiser, rate):
        seen.append([(weight.detach().clone(), weight.grad.clone()) for weight in optimiser._weights])
        step(optimiser, rate)
        seen.append([weight.detach().clone() for weight in optimiser._weights])

    monkeypatch.setattr(Sgd, "step", spied)
    run(few_digits, configuration(momentum=0.8, weight_decay=0.01, learning_rate=0.05), 1, "steps")
    before, after = seen
    assert len(before) == len(after) > 10
    for (weight, gradient), moved in zip(before, after, strict=True):
        torch.testing.assert_close(moved, weight - 0.05 * 1.8 * (gradient + 0.01 * weight))


def test_validation_and_test_images_are_never_augmented(few_digits, monkeypatch):
    shown = []
    forward = MultiBranchNetwork.forward

    def spied(network, images, noise=None):
        if not network.training:
            shown.append(images.clone())
        return forward(network, images, noise)

    monkeypatch.setattr(MultiBranchNetwork, "forward", spied)
    originals = [tensor.clone() for tensor in (few_digits.validation_images, few_digits.test_images)]
    run(few_digits, budget=1)
    assert len(shown) == 2
    for batch, original in zip(shown, originals, strict=True):
        expected = (original.numpy() - few_digits.mean.numpy()) / few_digits.std.numpy()
        np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(few_digits.validation_images, originals[0])


def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_numbers_alone(few_digits):
    state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002 - that it is not used is the point
    first = run(few_digits, level=1, budget=3)
    torch.rand(3)
    second, other = (run(few_digits, level=1, budget=3, seed=seed) for seed in (5, 6))
    assert first.result.curve == second.result.curve
    assert first.result.curve != other.result.curve
    torch.set_rng_state(state)
    run(few_digits)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_evaluation_batch_size_changes_nothing_but_rounding(few_digits):
    one, other = (run(few_digits, limits=TrainingSettings(evaluation_batch_size=size)) for size in (3, 512))
    assert one.result.loss == other.result.loss
    assert [row.train_loss for row in one.result.curve] == [row.train_loss for row in other.result.curve]


def test_the_test_images_change_no_result_but_their_own(few_digits):
    other = dataclasses.replace(few_digits, test_labels=(few_digits.test_labels + 1) % 10)
    one, two = (run(data, level=1, budget=3).result.curve for data in (few_digits, other))
    hidden = {"test_loss": None, "test_error": None}
    assert [row.model_copy(update=hidden) for row in one] == [row.model_copy(update=hidden) for row in two]


def test_momentum_zero_works(few_digits):
    assert run(few_digits, configuration(momentum=0)).result.status == "success"


def test_divergence_is_an_outcome_and_says_where(few_digits):
    outcome = run(few_digits, configuration(learning_rate=1e30), 50)
    assert outcome.result.status == "diverged"
    assert outcome.result.message == f"the training loss is not finite in step {outcome.result.steps}"
    assert 1 < outcome.result.steps < 250
    assert (outcome.result.loss, outcome.result.test_error) == (None, None)


def test_weights_lost_in_the_last_step_are_a_divergence(few_digits):
    outcome = run(few_digits, configuration(learning_rate=1e38, weight_decay=10), 1, "steps")
    assert outcome.result.status == "diverged"
    assert outcome.result.message == "the validation loss is not finite after step 1"
    assert outcome.result.curve[-1].validation_loss is None


def test_a_network_too_large_is_not_trained(few_digits):
    parameters = configuration()
    count = parameter_count(parameters, 1, 10)
    refused = run(few_digits, parameters, limits=TrainingSettings(maximum_parameters=count - 1)).result
    assert refused.status == "too_large"
    assert refused.message == f"{count:,} parameters, the limit is {count - 1:,}"
    assert (refused.loss, refused.steps, refused.curve, refused.parameters) == (
        None,
        0,
        (),
        count,
    )
    assert run(few_digits, parameters, limits=TrainingSettings(maximum_parameters=count)).result.status == "success"


def test_a_network_that_no_memory_holds_is_an_outcome(few_digits):
    outcome = run(few_digits, configuration(initial_filters=2_000_000))
    assert (outcome.result.status, outcome.result.loss, outcome.result.steps) == ("out_of_memory", None, 0)


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

    def failing(network, images, noise=None):
        calls.append(network.training)
        if calls.count(True) == 7:
            raise error
        return forward(network, images, noise)

    monkeypatch.setattr(MultiBranchNetwork, "forward", failing)
    outcome = run(few_digits)
    assert outcome.result.status == "out_of_memory"
    assert outcome.result.message == "no memory left on the device after 6 steps"
    assert (outcome.result.steps, [row.step for row in outcome.result.curve], outcome.result.loss) == (6, [3, 5], None)


def test_limits_of_memory_and_operations_are_those_of_the_estimate(few_digits):
    cost = step_cost(EVERYTHING, (1, 8, 8), 10, 8)
    for name, amount in (("maximum_memory_gb", cost.memory), ("maximum_step_gflop", cost.operations)):
        below, above = (FLOAT32.model_copy(update={name: amount / 1e9 * factor}) for factor in (0.99, 1.01))
        assert run(few_digits, limits=below).result.status == "too_large"
        assert run(few_digits, limits=above).result.status == "success"


def test_rehearsing_leaves_no_trace(few_digits):
    one = training(task(), few_digits)
    before = one.state()
    one.rehearse()
    after = one.state()
    assert all(torch.equal(tensor, after["network"][name]) for name, tensor in before["network"].items())
    assert torch.equal(before["shake"], after["shake"])
    rehearsed, plain = training(task(), few_digits), training(task(), few_digits)
    rehearsed.rehearse()
    for each in (rehearsed, plain):
        for _ in each.run(make_clock(7, "steps", 5, Stopwatch())):
            pass
    assert rehearsed.progress.curve == plain.progress.curve


def gradients(one: Training) -> torch.Tensor:
    """Change of all weights in one step."""
    before = one.state()["network"]
    for _ in one.run(make_clock(1, "steps", 5, Stopwatch())):
        pass
    after = one.state()["network"]
    return torch.cat([(after[name] - before[name]).float().flatten() for name in before if "weight" in name])


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return torch.nn.functional.cosine_similarity(one, other, dim=0).item()


def test_a_step_in_bfloat16_goes_where_one_in_float32_goes(digits):
    parameters = configuration(residual_branches_2=2, initial_filters=16, batch_size=64, momentum=0.9)
    one, other = (training(task(parameters), digits, precision) for precision in ("float32", "bfloat16"))
    assert cosine(gradients(one), gradients(other)) > 0.97


def test_a_compiled_network_is_compiled_once_before_the_clock(few_digits, monkeypatch):
    """And each training of a process compiles anew: torch gives up after some networks otherwise, here after one."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    for filters in range(1, 4):
        one = task(
            configuration(initial_filters=filters), 3, "steps", limits=FLOAT32.model_copy(update={"compile": "on"})
        )
        with torch._dynamo.config.patch(error_on_recompile=True):
            outcome = train(one, few_digits, CPU)
        assert outcome.compiled
        assert outcome.result.curve == run(few_digits, configuration(initial_filters=filters), 3, "steps").result.curve


def test_a_state_of_another_device_is_refused(few_digits):
    state = training(task(), few_digits).state() | {"device": "cuda"}
    with pytest.raises(UserError, match="was trained on cuda, and cannot continue on cpu"):
        training(task(), few_digits).restore(state)


def test_a_compiled_step_goes_where_a_plain_one_goes(digits):
    one, other = (training(task(), digits) for _ in range(2))
    assert other.compile(300)
    expected, compiled = gradients(one), gradients(other)
    assert cosine(expected, compiled) > 0.9999
    torch.testing.assert_close(compiled, expected, rtol=1e-3, atol=1e-4)


def test_a_network_that_does_not_compile_is_trained_without(few_digits, monkeypatch, capsys):
    def broken(*_):
        def call(images, noise):
            raise RuntimeError("no compiler\nat all")

        return call

    monkeypatch.setattr(accelerate, "compiled", broken)
    outcome = run(few_digits, limits=FLOAT32.model_copy(update={"compile": "on"}))
    assert (outcome.result.status, outcome.compiled) == ("success", False)
    assert outcome.result.curve == run(few_digits).result.curve
    assert capsys.readouterr().err == "warning: the network is trained without compiling it: no compiler\n"


def test_weights_statistics_and_loss_are_float32_in_bfloat16_too(few_digits):
    one = training(task(), few_digits, "bfloat16")
    for _ in one.run(make_clock(3, "steps", 5, Stopwatch())):
        pass
    state = one.state()
    tensors = [*state["network"].values(), *state["velocities"]]
    assert {tensor.dtype for tensor in tensors} == {torch.float32, torch.int64}
    with accelerate.autocast("bfloat16", CPU):
        logits = one._network.eval()(torch.zeros(2, 1, 8, 8))
    assert logits.dtype == torch.float32


def test_configurations_from_within_the_papers_space_and_from_its_corners_end_in_records(few_digits, tmp_path):
    """One step each; what would take too long here is refused, nothing crashes."""
    space, rng = SpaceFile.read(SPACE), np.random.default_rng(0)
    within = Space(space).sample(40, rng)
    corners = Space(space).decode_all(rng.integers(0, 2, (20, Space(space).dimension)).astype(float))
    experiment = Experiment(
        name="corners",
        seed=0,
        space=space,
        data=ALL,
        budget=BudgetSettings(unit="steps", minimum=1, maximum=1),
        training=TrainingSettings(maximum_step_gflop=1),
        sampler="random",
        sampler_settings={},
        lags=(1,),
    )
    origin = Origin(sampler="random", kind="random")
    proposals = tuple(
        Proposal(id=f"0-0-{slot}", values=values, origin=origin) for slot, values in enumerate([*within, *corners])
    )
    rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=proposals)
    setup = Setup(few_digits, CPU, environment.environment(CPU, 1))
    statuses = collections.Counter(
        evaluate(Slot(experiment, rung, number, tmp_path), setup).status for number in range(60)
    )
    assert statuses.keys() <= {"success", "diverged", "too_large"}
    assert statuses["success"] > 10
    assert statuses["too_large"] > 10


def test_other_errors_are_bugs_and_come_through(few_digits, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(MultiBranchNetwork, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        run(few_digits)
