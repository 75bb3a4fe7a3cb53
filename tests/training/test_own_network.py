"""A network of one's own, trained by our engine."""

import dataclasses
import functools
import itertools
import sys

import pytest
import torch

from jointsearch.core.config import DataSettings, TrainingSettings
from jointsearch.core.errors import UserError
from jointsearch.networks.hyperparameters import OwnHyperparameters
from jointsearch.training import checkpoint_file, schedule
from jointsearch.training.clock import Stopwatch, make_clock
from jointsearch.training.loop import Progress, Task, Training
from jointsearch.training.train import Trained, train

CPU = torch.device("cpu")
MODULE = '''
import sys

import torch
from torch import nn
from jointsearch import Diverged, Invalid, OutOfMemory


class Random(nn.Module):
    """Dropout, a branch that is left out at random, batch norm, and three kinds of state."""

    def __init__(self, width, pixels, classes):
        super().__init__()
        self.inward, self.norm = nn.Linear(pixels, width), nn.BatchNorm1d(width)
        self.branch, self.outward = nn.Linear(width, width), nn.Linear(width, classes)
        self.dropout = nn.Dropout(0.3)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("hidden", torch.zeros(()), persistent=False)
        self.memory = 0

    def forward(self, images):
        features = self.norm(self.inward(images.view(len(images), -1)))
        if self.training:
            self.calls += 1
            self.hidden += features.mean().detach()
            self.memory += 1
        if not self.training or torch.rand(()) < 0.5:
            features = features + self.dropout(self.branch(features).relu())
        return self.outward(features) + self.memory % 3 + self.hidden

    def get_extra_state(self):
        return {"memory": self.memory}

    def set_extra_state(self, state):
        self.memory = state["memory"]


def build(values, image_shape, classes):
    channels, height, width = image_shape
    return Random(values["width"], channels * height * width, classes)


def failing(values, image_shape, classes):
    raise {"invalid": Invalid, "diverged": Diverged, "out_of_memory": OutOfMemory, "bug": ValueError}[values["how"]](
        "heads must\\ndivide the width"
    )


class Late(Random):
    def forward(self, images):
        if self.calls > 2:
            raise ZeroDivisionError("a bug")
        return super().forward(images)


def late(values, image_shape, classes):
    return Late(4, 64, classes)


def another_shape(values, image_shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes + 1))


class Pair(nn.Linear):
    def forward(self, images):
        return super().forward(images.flatten(1)), None


def no_tensor(values, image_shape, classes):
    return Pair(64, classes)


def plain(values, image_shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Dropout(0.5), nn.Linear(16, classes))


class LateBuffers(Random):
    """Buffers that come with the first step: one is new, one was None."""

    persistent = False

    def __init__(self, width, pixels, classes):
        super().__init__(width, pixels, classes)
        self.register_buffer("mean", None, persistent=False)

    def forward(self, images):
        if self.mean is None:
            self.mean = images.mean().detach()
        if not hasattr(self, "first"):
            self.register_buffer("first", images[0].detach(), persistent=self.persistent)
        return super().forward(images) + self.mean + self.first.mean()


def late_buffers(values, image_shape, classes):
    return LateBuffers(8, 64, classes)


def late_state(values, image_shape, classes):
    module = LateBuffers(8, 64, classes)
    module.persistent = True
    return module


def in_eval_mode(values, image_shape, classes):
    return plain(values, image_shape, classes).eval()


def no_module(values, image_shape, classes):
    return [1, 2]


def leaving(values, image_shape, classes):
    sys.exit(3)


def no_weights(values, image_shape, classes):
    return nn.Flatten()


def lazy(values, image_shape, classes):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))


def not_finite(values, image_shape, classes):
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
    nn.init.constant_(module[1].weight, float("nan"))
    return module


class Odd(nn.Linear):
    def forward(self, images):
        return super().forward(images.flatten(1))

    def get_extra_state(self):
        return {1: object()}


def odd_state(values, image_shape, classes):
    return Odd(64, classes)


def hungry(values, image_shape, classes):
    torch.ones(1).item()
    raise MemoryError


def one_argument(values):
    pass


number = 3
'''

pytestmark = pytest.mark.usefixtures("module")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_random_nets.py").write_text(MODULE)
    return folder


@pytest.fixture
def module(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def task(function="build", budget=30, level=0, seed=5, settings=None, **values) -> Task:
    given = {"learning_rate": 0.05, "batch_size": 8, "momentum": 0.9, "mixup_alpha": 0.4, "width": 8} | values
    parameters = OwnHyperparameters.from_values(f"my_random_nets:{function}", given)
    settings = settings or TrainingSettings(precision="float32")
    return Task(parameters, budget, "steps", schedule.doubling(level), seed, settings, DataSettings(name="digits"))


def training(one: Task, data) -> Training:
    return Training(one, data, CPU, "float32", Progress(), Stopwatch())


def run(data, *args, **kwargs) -> Trained:
    return train(task(*args, **kwargs), data, CPU)


def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_numbers_alone(few_digits):
    torch.manual_seed(1)
    first = run(few_digits)
    after = torch.rand(3)
    torch.manual_seed(2)
    second, other = (run(few_digits, seed=seed) for seed in (5, 6))
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), after)
    assert first.result.status == "success"
    assert first.result.curve == second.result.curve
    assert first.result.curve != other.result.curve


def test_a_network_that_comes_in_eval_mode_is_trained_in_train_mode(few_digits):
    assert run(few_digits, "in_eval_mode").result.curve == run(few_digits, "plain").result.curve


@pytest.mark.gpu
def test_the_same_seed_gives_the_same_bits_on_a_gpu(few_digits):
    torch.cuda.manual_seed(1)
    first = train(task(), few_digits, torch.device("cuda"))
    after = torch.rand(3, device="cuda")
    second = train(task(), few_digits, torch.device("cuda"))
    torch.cuda.manual_seed(1)
    assert torch.equal(torch.rand(3, device="cuda"), after)
    assert first.result.curve == second.result.curve


def test_trainings_that_alternate_do_not_disturb_each_other(few_digits):
    alone = training(task(), few_digits)
    for _ in alone.run(make_clock(30, "steps", 5, Stopwatch())):
        pass
    one, other = training(task(), few_digits), training(task(seed=6), few_digits)
    for _ in zip(*(each.run(make_clock(30, "steps", 5, Stopwatch())) for each in (one, other)), strict=True):
        pass
    # The last step of the longer of two generators that are zipped is not taken.
    assert one.progress.curve[:3] == alone.progress.curve[:3]


@pytest.mark.parametrize("stop", [1, 7, 29])
def test_a_checkpoint_goes_on_to_the_same_bits(few_digits, tmp_path, stop):
    whole, part, rest = (training(task(), few_digits) for _ in range(3))
    clock = make_clock(30, "steps", 5, Stopwatch())
    for _ in whole.run(clock):
        pass
    for _ in itertools.islice(part.run(clock), stop):
        pass
    checkpoint_file.write(tmp_path / "state", "this", part.state())
    torch.rand(5)
    rest.restore(checkpoint_file.read(tmp_path / "state", "this"))
    for _ in rest.run(clock):
        pass
    assert rest.progress.curve == whole.progress.curve
    ends = [one.state()["network"] for one in (whole, rest)]
    assert ends[0].pop("_extra_state")["hidden"] == ends[1].pop("_extra_state")["hidden"]
    assert ends[0].pop("module._extra_state") == ends[1].pop("module._extra_state")
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())


def continued(data, function) -> tuple[Training, Training]:
    """A whole training of five steps, and one that was restored after two."""
    whole, part, rest = (training(task(function, budget=5), data) for _ in range(3))
    clock = make_clock(5, "steps", 5, Stopwatch())
    for _ in whole.run(clock):
        pass
    for _ in itertools.islice(part.run(clock), 2):
        pass
    rest.restore(part.state())
    for _ in rest.run(clock):
        pass
    return whole, rest


def test_buffers_that_come_with_the_first_step_are_restored(few_digits):
    whole, rest = continued(few_digits, "late_buffers")
    assert rest.progress.curve == whole.progress.curve


def test_rehearsing_takes_buffers_back_that_come_with_the_first_step(few_digits):
    one = training(task("late_buffers"), few_digits)
    one.rehearse()
    module = one._network.module
    assert module.mean is None and not hasattr(module, "first")


def test_a_state_that_comes_with_the_first_step_is_refused_in_one_line(few_digits):
    problem = "first came after it was built, so it cannot be restored; register it in __init__"
    with pytest.raises(UserError, match=f"training.network: my_random_nets:late_state: .*: {problem}"):
        continued(few_digits, "late_state")


def test_going_on_from_a_lower_budget_is_one_training_with_a_restart(few_digits):
    whole = train(dataclasses.replace(task(budget=30), ends=(1 / 3, 1)), few_digits, CPU)
    first = train(task(budget=10), few_digits, CPU, keep_end=True)
    second = train(
        dataclasses.replace(task(budget=30), ends=schedule.continued((10, 30))), few_digits, CPU, start=first.end
    )
    assert second.result.curve[-1].validation_loss == whole.result.curve[-1].validation_loss


def test_rehearsing_leaves_no_trace(few_digits):
    rehearsed, plain = training(task(), few_digits), training(task(), few_digits)
    rehearsed.rehearse()
    for each in (rehearsed, plain):
        for _ in each.run(make_clock(7, "steps", 5, Stopwatch())):
            pass
    assert rehearsed.progress.curve == plain.progress.curve


def test_a_weight_that_a_step_leaves_out_stays_as_it_is(few_digits):
    """Torch's own optimiser does the same with those that have no gradient."""
    ours, theirs = training(task(), few_digits), training(task(), few_digits)
    for one in (ours, theirs):
        one._random = None
    optimiser = torch.optim.SGD(theirs._network.parameters(), 0.05, momentum=0.9, nesterov=True)

    def step(rate):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        optimiser.zero_grad()

    theirs._optimiser.step = step
    ends = []
    for one in (ours, theirs):
        torch.manual_seed(0)
        for _ in one.run(make_clock(12, "steps", 5, Stopwatch())):
            pass
        ends.append(torch.cat([weight.detach().flatten() for weight in one._network.parameters()]))
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("status", ["invalid", "diverged", "out_of_memory"])
def test_a_configuration_without_a_network_is_a_result_with_its_message(few_digits, status):
    result = run(few_digits, "failing", how=status).result
    assert (result.status, result.message) == (status, "heads must divide the width")
    assert (result.loss, result.parameters, result.steps, result.curve) == (None, None, 0, ())


@pytest.mark.parametrize(("function", "error"), [("failing", ValueError), ("late", ZeroDivisionError)])
def test_any_other_exception_is_a_bug_and_names_the_configuration(few_digits, function, error):
    with pytest.raises(error) as caught:
        run(few_digits, function, how="bug")
    assert f'"network":"my_random_nets:{function}","values":{{"width":8,"how":"bug"}}' in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("another_shape", "its module returns the shape (8, 11); logits have (8, 10)"),
        ("no_tensor", "its module returns tuple; it must return logits (N, classes)"),
        ("no_module", "returns [1, 2]; it must return a torch.nn.Module"),
        ("leaving", "called sys.exit(3); return a module, or raise"),
        ("no_weights", "returns a module without weights to train"),
        ("lazy", "1.weight has no size before the first call; give its layer all sizes"),
        ("odd_state", "its extra state cannot be saved; use tensors, numbers, strings, lists, dictionaries"),
        ("not_finite", "1.weight has weights that are not finite; initialise it"),
    ],
)
def test_what_cannot_be_trained_is_reported_in_one_line(few_digits, function, problem):
    with pytest.raises(UserError) as caught:
        run(few_digits, function)
    assert str(caught.value) == f"training.network: my_random_nets:{function}: with {{'width': 8}}: {problem}"


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("number", "is 3, not a function; it must be build(values, image_shape, classes)"),
        (
            "one_argument",
            "is called as build(values, image_shape, classes), but too many positional arguments; change its arguments",
        ),
    ],
)
def test_what_builds_no_network_is_reported_in_one_line(few_digits, function, problem):
    with pytest.raises(UserError) as caught:
        run(few_digits, function)
    assert str(caught.value) == f"training.network: my_random_nets:{function}: {problem}"


def test_a_network_that_needs_more_memory_than_there_is_is_a_result(few_digits):
    result = run(few_digits, "hungry").result
    assert (result.status, result.loss) == ("out_of_memory", None)


def test_limits_hold_for_what_was_measured(few_digits):
    count = 64 * 8 + 8 + 2 * 8 + 8 * 8 + 8 + 8 * 10 + 10
    refused = run(few_digits, settings=TrainingSettings(precision="float32", maximum_parameters=count - 1)).result
    assert (refused.status, refused.parameters) == ("too_large", count)
    allowed = run(few_digits, settings=TrainingSettings(precision="float32", maximum_parameters=count)).result
    assert allowed.status == "success"


def test_a_network_compiles_and_its_dropout_stays_the_same(few_digits, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    outcome = run(few_digits, "plain", settings=TrainingSettings(precision="float32", compile="on"))
    assert outcome.compiled
    assert outcome.result.curve == run(few_digits, "plain").result.curve


def test_bfloat16_gives_float32_logits(few_digits):
    result = run(few_digits, settings=TrainingSettings(precision="bfloat16")).result
    assert result.status == "success"


def test_a_network_that_does_not_compile_in_one_piece_is_trained_without(few_digits, capsys):
    settings = TrainingSettings(precision="float32", compile="on")
    outcome = run(few_digits, settings=settings)
    assert (outcome.result.status, outcome.compiled) == ("success", False)
    assert outcome.result.curve == run(few_digits).result.curve
    assert capsys.readouterr().err.startswith("warning: the network is trained without compiling it: ")
