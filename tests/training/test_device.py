import contextlib
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from jointsearch.core.errors import UserError
from jointsearch.training.device import claim


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("auto", "cpu"):
        with claim(name) as device:
            assert device == torch.device("cpu")
    with pytest.raises(UserError, match="cuda is requested, but torch sees no GPU"), claim("cuda"):
        pass


def test_trainings_side_by_side_have_a_gpu_each(monkeypatch, tmp_path):
    """The GPUs are pretended: this is about which of them a training takes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"gpu-{index}"))
    monkeypatch.setattr(torch.cuda, "device", lambda index: current.append(index) or contextlib.nullcontext())
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    current = []
    with claim("auto") as first, claim("cuda") as second:
        assert current == [0, 1]
        assert (first, second) == (torch.device("cuda", 0), torch.device("cuda", 1))
    with claim("auto") as free_again:
        assert free_again == torch.device("cuda", 0)
    with claim("cpu") as device:
        assert device == torch.device("cpu")


TOO_MUCH = """
from jointsearch.core.config import DataSettings, TrainingSettings
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.training import datasets
from jointsearch.training.device import claim
from jointsearch.training.loop import Task
from jointsearch.training.train import train

blocks = {f"residual_blocks_{index}": 1 for index in (1, 2, 3)}
factors = {f"widen_factor_{index}": 8 for index in (1, 2, 3)}
wide = Hyperparameters(**blocks, **factors, initial_filters=8, learning_rate=0.1, batch_size=8)
digits = DataSettings(name="digits")
with claim("cpu", memory_gb=2) as device:
    images = datasets.load(digits, None, 0)
    print(train(Task(wide, 1, "steps", (1.0,), 0, TrainingSettings(), digits), images, device).result.status)
"""


def test_a_training_that_needs_more_memory_than_it_may_take_says_so():
    done = subprocess.run([sys.executable, "-c", TOO_MUCH], capture_output=True, text=True)
    assert done.stdout == "out_of_memory\n", done.stderr
