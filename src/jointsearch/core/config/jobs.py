"""Settings of the jobs."""

from typing import Annotated, Literal

from pydantic import Field

from jointsearch.core.config.settings import Count, Settings


class JobSettings(Settings):
    """How trainings become jobs. Changes no result."""

    workers: Count = 10
    """Parallel trainings that `snakemake plan` assumes (the paper: 10 GPUs)."""
    evaluations_per_job: Count = 1
    """Trainings of one rung that share a job, one after another. Raise it if trainings are short compared with the
    seconds that a job takes to start."""
    side_by_side: Count = 1
    """How many of these run at the same time on one GPU. Not for budgets in seconds, which mean nothing on a shared
    GPU."""
    save_every: Annotated[float, Field(gt=0, le=1e9)] = 600
    """Seconds between two saves of a training's state, from which it resumes if it is interrupted."""
    seconds_per_unit: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """For the plan, and for the time limit of a cluster job whose budget is not in seconds: the most seconds that a
    unit of it may take. Without it, the plan gives no time but for nominal seconds, and time limits allow 60 for an
    epoch, and 1 for a step, a GFLOP or a nominal second. An objective of your own requires it, unless its unit is
    `seconds`."""
    allowance: Annotated[float, Field(gt=0, le=1e9)] = 300
    """Seconds that the time limit of a cluster job allows each training beyond 1.1 times its budget, for starting,
    compiling, the last evaluation and saving."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train. `auto` takes a GPU if there is one."""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Memory limit of a training on the CPU, in 10^9 bytes. One that needs more is recorded as `out_of_memory`, as on a
    GPU. Without a limit the operating system kills such a training, and the search stops there."""
