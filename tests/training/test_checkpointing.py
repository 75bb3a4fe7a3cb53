"""Trainings that are interrupted, and go on to what they would have become."""

import dataclasses

import numpy as np
import pytest
import torch
from interruptions import After

from jointsearch.core.config import DataSettings, TrainingSettings
from jointsearch.core.interruption import InterruptedTrainingError
from jointsearch.core.observed import Worker
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.training import schedule
from jointsearch.training.attempt import RunningAttempt
from jointsearch.training.checkpointing import Checkpointer
from jointsearch.training.clock import ReplayClock, unpack
from jointsearch.training.loop import Task
from jointsearch.training.train import Trained, train

CPU = torch.device("cpu")
HERE = RunningAttempt(Worker(host="node1", device="cpu", job="17", gpu="0"), "a" * 64, started=1.0)
ALL = DataSettings(name="digits", crop_padding=1)
EVERYTHING = Hyperparameters(
    residual_blocks_1=1,
    residual_blocks_2=1,
    residual_blocks_3=1,
    initial_filters=4,
    learning_rate=0.1,
    batch_size=8,
    residual_branches_2=2,
    momentum=0.9,
    mixup_alpha=0.4,
    cutout_length=3,
    shakedrop_death_rate=0.4,
)


def task(budget: float = 60, unit: str = "steps", parameters: Hyperparameters = EVERYTHING) -> Task:
    return Task(parameters, budget, unit, schedule.doubling(1), 5, TrainingSettings(precision="float32"), ALL)


def checkpointer(path, steps: int = 10**9, identity: str = "this", every: float = 1e9) -> Checkpointer:
    return Checkpointer(path, identity, every, After(steps), HERE)


def to_its_end(path, one: Task, data, stops: list[int], **kwargs) -> tuple[Trained, Checkpointer]:
    """Train in several processes, as it were, each interrupted after so many steps but the last."""
    for steps in stops:
        with pytest.raises(InterruptedTrainingError, match="SIGTERM"):
            train(one, data, CPU, checkpointer=checkpointer(path, steps), **kwargs)
    last = checkpointer(path)
    return train(one, data, CPU, checkpointer=last, **kwargs), last


def derivable(outcome: Trained) -> tuple:
    return outcome.result, outcome.precision, outcome.compiled


@pytest.fixture(scope="module")
def whole(few_digits) -> tuple:
    """What comes of a training that nothing interrupts."""
    return derivable(train(task(), few_digits, CPU))


@pytest.mark.parametrize("stops", [[1], [15], [60], [7, 1, 33]])
def test_an_interrupted_training_comes_to_the_same_bits(few_digits, tmp_path, stops, whole):
    outcome, last = to_its_end(tmp_path / "state", task(), few_digits, stops)
    assert derivable(outcome) == whole
    assert outcome.result.status == "success"
    assert [one.job for one in last.earlier] == ["17"] * len(stops)
    assert all(one.finished > one.started for one in last.earlier)


def test_a_divergence_is_found_at_the_same_step_whenever_the_state_is_saved(few_digits, tmp_path):
    one = task(parameters=EVERYTHING.model_copy(update={"learning_rate": 1e30}))
    whole = train(one, few_digits, CPU)
    assert whole.result.status == "diverged"
    saved = train(one, few_digits, CPU, checkpointer=checkpointer(tmp_path / "state", every=0))
    assert derivable(saved) == derivable(whole)


def test_seconds_are_spent_once(few_digits, tmp_path):
    # Of the processor, since others on a busy machine take it away.
    budget, some_steps = 1.5, 1
    one = dataclasses.replace(task(budget, "seconds"), clock="process")
    outcome, _ = to_its_end(tmp_path / "state", one, few_digits, [3, 5])
    assert len(unpack(outcome.timing.clock)) == outcome.result.steps
    assert budget <= outcome.timing.training_seconds < budget + some_steps
    assert list(unpack(outcome.timing.clock)) == sorted(unpack(outcome.timing.clock))
    replayed = train(one, few_digits, CPU, clock=ReplayClock(unpack(outcome.timing.clock)))
    assert derivable(replayed) == derivable(outcome)


def test_a_training_that_goes_on_from_a_lower_budget_can_be_interrupted(few_digits, tmp_path):
    budgets = (20, 60)
    lower, higher = (
        dataclasses.replace(task(budget), ends=schedule.continued(budgets[: level + 1]))
        for level, budget in enumerate(budgets)
    )
    start = train(lower, few_digits, CPU, keep_end=True).end
    whole = train(higher, few_digits, CPU, start=start, keep_end=True)
    outcome, _ = to_its_end(tmp_path / "state", higher, few_digits, [1, 12], start=start, keep_end=True)
    assert derivable(outcome) == derivable(whole)
    assert len(outcome.timing.curve_seconds) == len(whole.timing.curve_seconds)
    for name, tensor in whole.end["network"].items():
        assert torch.equal(tensor, outcome.end["network"][name])


@pytest.mark.parametrize("fault", ["another", "damaged", "truncated", "empty"])
def test_a_state_that_is_not_of_this_training_is_not_used(few_digits, tmp_path, capsys, fault, whole):
    path = tmp_path / "state"
    with pytest.raises(InterruptedTrainingError):
        train(task(), few_digits, CPU, checkpointer=checkpointer(path, 15, "that" if fault == "another" else "this"))
    content = bytearray(path.read_bytes())
    if fault == "damaged":
        content[np.random.default_rng(0).integers(len(content))] ^= 1
    path.write_bytes(content[: {"truncated": len(content) // 2, "empty": 0}.get(fault, len(content))])
    one = checkpointer(path)
    assert derivable(train(task(), few_digits, CPU, checkpointer=one)) == whole
    assert one.earlier == ()
    printed = capsys.readouterr().err
    says = "is of another training" if fault == "another" else "damaged"
    assert printed == f"warning: {path}: {says}: not used, this training starts from the beginning\n"


def test_the_state_is_saved_now_and_then(few_digits, tmp_path):
    path = tmp_path / "state"
    outcome = train(task(), few_digits, CPU, checkpointer=checkpointer(path, every=0))
    assert path.exists()
    state = checkpointer(path).load()
    assert state["training"]["progress"]["steps"] == outcome.result.steps
    assert not checkpointer(path, every=1e9).due()


def test_a_full_disk_costs_the_state_and_not_the_training(few_digits, tmp_path, capsys, monkeypatch):
    path = tmp_path / "state"

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    outcome = train(task(12), few_digits, CPU, checkpointer=checkpointer(path, every=0))
    assert outcome.result.status == "success"
    assert not list(tmp_path.iterdir())
    assert f"warning: the state of this training is not saved: {path}: cannot be written (No space left on device)" in (
        capsys.readouterr().err
    )


def test_too_little_memory_for_a_copy_says_nothing_about_the_training(few_digits, tmp_path, capsys, monkeypatch):
    def full(*arguments):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("torch.save", full)
    outcome = train(task(12), few_digits, CPU, checkpointer=checkpointer(tmp_path / "state", every=0))
    assert outcome.result.status == "success"
    assert "warning: the state of this training is not saved: not enough memory" in capsys.readouterr().err
