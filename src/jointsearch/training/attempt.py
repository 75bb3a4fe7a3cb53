"""An attempt at a training: this process, from when it begins until it ends or is interrupted."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from jointsearch.core.records import Attempt, Digest, Worker
from jointsearch.training.energy import energy_meter

JOB_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Where Slurm, PBS, LSF and Grid Engine give a process its job."""


@dataclass(frozen=True)
class RunningAttempt:
    """An attempt that has not ended.

    Attributes
    ----------
    worker
        Who trains.
    environment
        Digest of its `Environment`.
    started
        Unix seconds.
    joules
        Energy that the device has consumed since; None if that is unknown.
    """

    worker: Worker
    environment: Digest
    started: float
    joules: Callable[[], float | None] = lambda: None

    def ended(self) -> Attempt:
        """Record it as if it ended now."""
        return Attempt(
            host=self.worker.host,
            device=self.worker.device,
            job=self.worker.job,
            gpu=self.worker.gpu,
            started=self.started,
            finished=time.time(),
            environment=self.environment,
            energy_joules=self.joules(),
        )


def begin(device: torch.device, environment: Digest) -> RunningAttempt:
    """Begin an attempt on a device, in an environment of that digest."""
    return RunningAttempt(worker(device), environment, time.time(), energy_meter(device))


def worker(device: torch.device) -> Worker:
    """Describe this process, which trains on a device."""
    return Worker(
        # Nodes of a small cluster may share a machine.
        host=os.environ.get("SLURMD_NODENAME") or platform.node(),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        job=next((os.environ[name] for name in JOB_VARIABLES if os.environ.get(name)), None),
        # As numbered on the node; CUDA may number those of the job only.
        gpu=os.environ.get("SLURM_STEP_GPUS"),
    )
