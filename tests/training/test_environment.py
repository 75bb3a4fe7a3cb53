"""What is around a training process."""

import getpass
import importlib.metadata
import platform
from pathlib import Path

import pytest
import torch

from jointsearch.core import code, layout
from jointsearch.core.environment import Environment
from jointsearch.core.files import digest, file_digest, read_record
from jointsearch.training import environment
from jointsearch.training.energy import energy_meter

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def here() -> Environment:
    return environment.environment(CPU, 1)


def test_it_says_what_is_installed_and_how_torch_was_built(here):
    assert here.packages["torch"] == importlib.metadata.version("torch")
    assert here.packages["snakemake"] == importlib.metadata.version("snakemake")
    assert here.torch["version"] == torch.__version__
    assert here.torch["commit"] == torch.version.git_version
    assert here.python.startswith(platform.python_version())
    assert here.threads == 1
    assert (here.gpu, here.driver) == (None, None)


def test_no_user_host_or_folder_is_in_it(here):
    text = here.model_dump_json()
    for secret in (getpass.getuser(), platform.node(), str(Path.home()), str(code.ROOT)):
        assert f'"{secret}' not in text
        assert f"{secret}/" not in text


def test_the_code_is_that_of_the_files(here):
    assert here.code["training/loop.py"] == file_digest(code.PACKAGE / "training/loop.py")
    assert here.code == code.training_code()
    changed = here.model_copy(update={"code": here.code | {"training/loop.py": "0" * 64}})
    assert changed.code_digest != here.code_digest
    reordered = here.model_copy(update={"code": dict(reversed(here.code.items()))})
    assert reordered.code_digest == here.code_digest


def test_it_is_kept_under_its_digest_with_its_lock(here, tmp_path):
    name = environment.keep(here, tmp_path)
    assert name == digest(read_record(layout.environment_file(tmp_path, name), Environment)) == digest(here)
    assert file_digest(layout.lock_copy(tmp_path, here.lock)) == here.lock
    before = layout.environment_file(tmp_path, name).stat()
    assert environment.keep(here, tmp_path) == name
    assert layout.environment_file(tmp_path, name).stat().st_mtime_ns == before.st_mtime_ns


def test_code_that_changed_during_a_search_gets_one_line_with_the_names_of_the_files(here, tmp_path, capsys):
    first = here.model_copy(update={"own": {"mine/nets.py": "0" * 64}})
    environment.keep(first, tmp_path)
    environment.keep(first.model_copy(update={"threads": 2}), tmp_path)
    assert capsys.readouterr().err == ""
    other = {"own": {"mine/nets.py": "1" * 64}, "code": here.code | {"training/loop.py": "2" * 64}}
    for _ in range(2):
        environment.keep(here.model_copy(update=other), tmp_path)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: mine/nets.py, training/loop.py: changed since earlier trainings in {tmp_path};")


def test_the_energy_is_not_known_without_a_gpu():
    assert energy_meter(CPU)() is None


def test_the_energy_is_the_difference_of_the_drivers_count(monkeypatch):
    """With a stand-in for NVML, since that answers on a machine with a GPU only."""
    counted = iter([5_000, 12_500])

    class Nvml:
        NVMLError = RuntimeError
        nvmlInit = staticmethod(lambda: None)
        nvmlDeviceGetHandleByUUID = staticmethod({"GPU-1-2": "handle"}.__getitem__)
        nvmlDeviceGetTotalEnergyConsumption = staticmethod(lambda handle: next(counted))

    monkeypatch.setitem(__import__("sys").modules, "pynvml", Nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: type("Properties", (), {"uuid": "1-2"}))
    assert energy_meter(torch.device("cuda"))() == 7.5
