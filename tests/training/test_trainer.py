"""What trains the slots of a study."""

import pytest

from jointsearch.core import machine
from jointsearch.core.errors import UserError
from jointsearch.training.trainer import objective_device

A_JOB = {"SLURM_JOB_ID": "7"}


@pytest.mark.parametrize(
    ("name", "variables", "device"),
    [
        ("auto", {}, "cuda"),
        ("auto", A_JOB, "cpu"),
        ("auto", A_JOB | {"CUDA_VISIBLE_DEVICES": "0"}, "cuda"),
        ("cuda", A_JOB, "cuda"),
        ("cpu", {}, "cpu"),
    ],
)
def test_an_objective_takes_no_gpu_that_slurm_gave_to_others(monkeypatch, name, variables, device):
    monkeypatch.setattr(machine, "gpu", lambda: "H200")
    for variable in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert objective_device(name) == device


def test_without_a_gpu_an_objective_that_requests_one_is_refused(monkeypatch):
    monkeypatch.setattr(machine, "gpu", lambda: None)
    assert objective_device("auto") == "cpu"
    with pytest.raises(UserError, match="there is no GPU"):
        objective_device("cuda")
