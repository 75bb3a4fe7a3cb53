"""Settings of the jobs."""

from typing import Annotated, Literal

from pydantic import Field

from jointsearch.core.config.settings import Count, Settings


class JobSettings(Settings):
    """How trainings are packed into jobs. Changes no result."""

    workers: Count = 10
    """Concurrent trainings that the plan assumes (the paper: 10 GPUs)."""
    evaluations_per_job: Count = 1
    """Trainings of one rung that share a job, one after another."""
    side_by_side: Count = 1
    """How many of these run concurrently on one GPU. Not for budgets in seconds, which mean nothing on a shared GPU."""
    save_every: Annotated[float, Field(gt=0, le=1e9)] = 600
    """Seconds between two saves of the state of a training, from which it resumes if it is interrupted."""
    seconds_per_unit: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """For the time limit of a job whose budget is in epochs or steps: the most seconds that one may take."""
    allowance: Annotated[float, Field(gt=0, le=1e9)] = 300
    """Seconds that the time limit of a job allows each training beyond 1.1 times its budget: for starting,
    compiling, the evaluation at the end and saving."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; `auto` takes a GPU if there is one."""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Memory limit of a training on the CPU, in 10^9 bytes: one that needs more is recorded as `out_of_memory`. Without
    it, the operating system kills a training that runs out of memory."""
