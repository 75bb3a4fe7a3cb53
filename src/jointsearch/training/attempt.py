"""An attempt at a training: this process, from when it begins until it ends or is interrupted."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

from jointsearch.core.fields import Digest
from jointsearch.core.observed import Attempt, Worker

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


def begin(device: str, environment: Digest, joules: Callable[[], float | None] = lambda: None) -> RunningAttempt:
    """Begin an attempt.

    Parameters
    ----------
    device
        Model of the GPU that it trains on, or `cpu`.
    environment
        Digest of that of the process.
    joules
        See `RunningAttempt`.
    """
    return RunningAttempt(_worker(device), environment, time.time(), joules)


def _worker(device: str) -> Worker:
    return Worker(
        # Nodes of a small cluster may share a machine.
        host=os.environ.get("SLURMD_NODENAME") or platform.node(),
        device=device,
        job=next((os.environ[name] for name in JOB_VARIABLES if os.environ.get(name)), None),
        # As numbered on the node; CUDA may number those of the job only.
        gpu=os.environ.get("SLURM_STEP_GPUS"),
    )
