"""The environment of a training: digests of the code and lock file, commit, versions, processor."""

import contextlib
import os
import platform
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from jointsearch.core import code, layout, machine
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError, few
from jointsearch.core.fields import Digest
from jointsearch.core.files import digest, file_digest, read_record, write_bytes, write_record
from jointsearch.training import packages

if TYPE_CHECKING:
    import torch

VARIABLES = ("CUBLAS_WORKSPACE_CONFIG", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR")
"""The system's variables that decide the bits that torch computes."""


def environment(device: "torch.device", threads: int, own: code.Own = MappingProxyType({})) -> Environment:
    """Capture the environment of this process; takes some tenths of a second.

    Parameters
    ----------
    device, threads
        What trains.
    own
        Code of one's own, see `Experiment.own`.
    """
    import torch

    on_gpu = device.type == "cuda"
    versions = {
        "version": str(torch.__version__),
        "commit": torch.version.git_version,
        "cuda": torch.version.cuda,
        "cudnn": str(torch.backends.cudnn.version()) if on_gpu else None,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
    flags = {
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn": "deterministic, no benchmark, no TF32 while it trains" if on_gpu else None,
        **{name: os.environ.get(name) for name in VARIABLES},
    }
    return _environment(torch.cuda.get_device_name(device) if on_gpu else None, threads, own, versions, flags)


def of_objective(device: Literal["cpu", "cuda"], threads: int, own: code.Own) -> Environment:
    """Capture it for an objective of one's own, as `environment` does, without torch."""
    return _environment(machine.gpu() if device == "cuda" else None, threads, own, None, {})


def _environment(
    gpu: str | None,
    threads: int,
    own: code.Own,
    torch: dict[str, str | None] | None,
    flags: dict[str, bool | str | None],
) -> Environment:
    version = code.version()
    lock = code.LOCK.read_text() if code.LOCK.is_file() else None
    in_use = packages.in_use(lock or "")
    return Environment(
        commit=version.commit,
        commit_by=version.by,
        commit_unknown=version.unknown,
        diff=version.diff,
        code=code.training_code(own),
        own=code.own_code(own),
        lock=file_digest(code.LOCK) if lock is not None else None,
        packages=in_use.versions,
        unpinned=in_use.unpinned,
        python=machine.python(),
        torch=torch,
        system=f"{platform.system()} {platform.release()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        cpu=machine.cpu_model(),
        cores=os.cpu_count() or 1,
        threads=threads,
        gpu=gpu,
        driver=machine.gpu_driver() if gpu else None,
        flags=flags,
    )


def report_changes(experiment: Path, ours: dict[str, Digest], own: dict[str, Digest]) -> None:
    """Print a line if earlier trainings of an experiment were made by other code, ours or one's own."""
    changed: dict[str, None] = {}
    for file in sorted(layout.environment_file(experiment, "").parent.glob("*.json")):
        # A broken one is for an audit to report.
        with contextlib.suppress(UserError):
            changed |= dict.fromkeys(read_record(file, Environment).other_code(ours, own))
    if changed:
        print(
            f"warning: {few(changed)}: changed since earlier trainings in {experiment}; an audit reports a study that "
            "two versions of the code have trained: put the earlier one back, or give the experiment another name",
            file=sys.stderr,
            flush=True,
        )


def keep(found: Environment, experiment: Path) -> Digest:
    """Write an environment and its lock file beside the results; returns its digest, which records name."""
    name = digest(found)
    if not (file := layout.environment_file(experiment, name)).exists():
        report_changes(experiment, found.code, found.own)
        write_record(file, found, keep=True)
    if found.lock is not None and not (lock := layout.lock_copy(experiment, found.lock)).exists():
        write_bytes(lock, code.LOCK.read_bytes(), keep=True)
    return name
