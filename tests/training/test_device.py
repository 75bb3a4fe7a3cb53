from types import SimpleNamespace

import pytest
import torch

from jointsearch.errors import UserError
from jointsearch.training.device import claim


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("auto", "cpu"):
        with claim(name) as device:
            assert device == torch.device("cpu")
    with pytest.raises(UserError, match="cuda is asked for but torch sees no GPU"), claim("cuda"):
        pass


def test_trainings_side_by_side_have_a_gpu_each(monkeypatch, tmp_path):
    """The GPUs are pretended: this is about which of them a training takes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"gpu-{index}"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with claim("auto") as first, claim("cuda") as second:
        assert (first, second) == (torch.device("cuda", 0), torch.device("cuda", 1))
    with claim("auto") as free_again:
        assert free_again == torch.device("cuda", 0)
    with claim("cpu") as device:
        assert device == torch.device("cpu")
