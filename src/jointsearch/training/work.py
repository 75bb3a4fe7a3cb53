"""The process of a training job: its parallel helpers, the device that it claims, one slot after another.

Torch is imported only where something is to be trained, and after the variables that it reads are set.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jointsearch.core import layout
from jointsearch.core.files import read_record, write_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.records import DataSet
from jointsearch.training.job import Job


@dataclass(frozen=True)
class Resources:
    """With what a job trains; changes no result but by the kind of device and the threads, which records name.

    Attributes
    ----------
    data_root, cache_root
        Folders of the images and of what can be recomputed.
    device, memory_gb
        Where to train, see `device.claim`.
    threads
        Of all concurrent trainings together.
    side_by_side
        Concurrent trainings.
    save_every
        Seconds between two saves of the state of a training.
    """

    data_root: Path | None
    cache_root: Path | None
    device: Literal["auto", "cpu", "cuda"]
    memory_gb: float | None
    threads: int
    side_by_side: int
    save_every: float


def work(
    job: Job, data: Path, resources: Resources, interruption: Interruption, helper: Sequence[str] | None = None
) -> None:
    """Train the slots of a job that have no record, and write the record of each as soon as it is known.

    Parameters
    ----------
    job
        Which slots.
    data
        The `data.json` of the experiment.
    resources, interruption
        With what; who asks to end.
    helper
        Command of a process that helps: it calls this function for the same job, without a command. None for a helper
        itself, which leaves to others what they hold.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    UserError
        If a record is of something else, the images are not there, or there is no such device.
    """
    missing = job.missing()
    if not missing:
        return
    commands = [] if helper is None else [helper] * (min(len(missing), resources.side_by_side) - 1)
    with _running(commands) as helpers:
        _train(job, data, resources, interruption, helpers, takes_over=helper is not None)


def _train(
    job: Job,
    data: Path,
    resources: Resources,
    interruption: Interruption,
    helpers: Sequence[subprocess.Popen[bytes]],
    takes_over: bool,
) -> None:
    # Idle threads that spin would slow the training beside this one; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if resources.cache_root is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((resources.cache_root / "kernels").absolute()))
    import torch

    from jointsearch.training import datasets, environment
    from jointsearch.training.device import claim
    from jointsearch.training.evaluate import Saving, Setup, evaluate
    from jointsearch.training.slot import Slot

    threads = max(1, resources.threads // resources.side_by_side)
    torch.set_num_threads(threads)
    with claim(resources.device, resources.memory_gb, resources.side_by_side, interruption.check) as device:
        known, settings = read_record(data, DataSet), job.experiment.data
        images = datasets.load(settings, resources.data_root, job.experiment.split_seed, resources.cache_root, known)
        setup = Setup(images, device, environment.environment(device, threads, job.experiment.own))
        environment.keep(setup.environment, job.study.parent)
        saving = Saving(resources.save_every, interruption)

        def train(number: int, file: Path) -> None:
            evaluation = evaluate(Slot(job.experiment, job.rung, number, job.study), setup, saving=saving)
            # Where a file system loses a lock, another process may have been faster: the first record stays.
            write_record(file, evaluation, keep=True)
            layout.state_file(job.folder, number).unlink(missing_ok=True)
            outcome = evaluation.status if evaluation.loss is None else f"{evaluation.loss:.2%} validation error"
            print(f"{file}: {outcome}", flush=True)

        for number, file in job.to_train(interruption, wait=False):
            train(number, file)
        while any(helper.poll() is None for helper in helpers):
            interruption.check()
            time.sleep(0.1)
        if takes_over:
            # What another process held, and failed to train.
            for number, file in job.to_train(interruption, wait=True):
                train(number, file)


@contextmanager
def _running(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes in parallel with this one; they are asked to end if it fails, and it ends after them."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes += [subprocess.Popen(command) for command in commands]
        yield processes
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.wait()
