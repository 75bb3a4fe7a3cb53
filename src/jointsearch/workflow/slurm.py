"""Slurm: the training jobs in its queue, and how a run is kept from losing sight of them."""

import contextlib
import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jointsearch.core.errors import UserError

FIELDS = "%i|%T|%M|%R|%r|%k|%Z"
"""Fields of squeue: job, state, time used, nodes or reason, reason, comment, working directory."""
OF_TRAINING = re.compile(r"rule_(\w+_)?train_wildcards_")
"""How the comment of a training job begins; a workflow that takes this one as a module may rename its rules."""

NO_CLUSTER = "Could not establish a configuration source"
"""What squeue says where its package is installed, but no cluster is configured."""
LOGS = Path(".snakemake/slurm_logs")
"""Where the executor plugin puts the logs of its jobs, in the folder that they were submitted from."""
USUAL = {"None", "Priority", "Resources", "BeginTime"}
"""Reasons of jobs that wait and will start by themselves; the last one after a node was lost or preempted."""
CANCELLED_WITHIN = 60.0
"""Seconds to wait for Slurm's answer, as the plugin does."""


@dataclass(frozen=True)
class SlurmJob:
    """A training job in Slurm's queue.

    Attributes
    ----------
    id, state
        As Slurm reports them.
    used
        Time that it has run.
    where
        Its nodes, or in parentheses why it waits.
    reason
        Why it waits.
    what
        Its rule and wildcards.
    """

    id: str
    state: str
    used: str
    where: str
    reason: str
    what: str


def jobs(folder: Path, patience: float = 60.0) -> list[SlurmJob] | None:
    """Training jobs of this user in Slurm's queue that were submitted from a folder; None where there is no Slurm.

    A cluster that cannot be found counts as none, unless jobs were submitted from the folder.

    Parameters
    ----------
    folder
        The working directory of the run that submitted them.
    patience
        Seconds to wait for Slurm's answer.

    Raises
    ------
    UserError
        If Slurm does not answer.
    """
    if shutil.which("squeue") is None:
        return None
    command = ["squeue", "--noheader", f"--user={os.getuid()}", f"--format={FIELDS}"]
    environment = {name: value for name, value in os.environ.items() if not _changes_squeue(name)}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=patience
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"squeue: no answer within {patience:.0f} s; ask again once Slurm answers") from None
    if done.returncode:
        if NO_CLUSTER in done.stderr and not (folder / LOGS).exists():
            return None
        reason = (done.stderr.strip().splitlines() or ["squeue failed"])[-1]
        raise UserError(f"{reason}; ask again once Slurm answers")
    rows = [line.split("|", 6) for line in done.stdout.splitlines()]
    return [
        SlurmJob(*row[:6])
        for row in rows
        if len(row) == 7 and OF_TRAINING.match(row[5]) and Path(row[6]).resolve() == folder.resolve()
    ]


def queue(jobs: Sequence[SlurmJob]) -> str:
    """Count the jobs in each state in one line, with the reasons of those that wait for anything but their turn."""
    counts = Counter(job.state.lower() for job in jobs)
    line = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    unusual = Counter(job.reason for job in jobs if job.state == "PENDING" and job.reason not in USUAL)
    if unusual:
        reasons = ", ".join(f"{count} for {reason}" for reason, count in unusual.most_common())
        line += f"; {reasons}, and may never start (docs/cluster.md)"
    return line


def keep_sight_of_jobs() -> None:
    """Keep the executor plugin, in this process, from losing sight of jobs that Slurm has.

    The user's variables for squeue, such as SQUEUE_PARTITION, may hide jobs. And before each query the plugin asks for
    MinJobAge, how long Slurm remembers a job that has ended: if the controller does not answer, the plugin takes the
    time as too short and asks sacct instead, which works only with an accounting database. To cancel its jobs it goes
    through a list from which it takes them while it asks Slurm for their states, and on which a job that was just
    submitted is not yet: jobs are cancelled by their name as well, which is that of the run.
    """
    for name in filter(_changes_squeue, list(os.environ)):
        del os.environ[name]
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if ask := getattr(plugin, "get_min_job_age", None):
        plugin.get_min_job_age = lambda: math.inf if (known := ask()) is None else known
        cancel = plugin.Executor.cancel_jobs

        def cancel_all(executor: Any, active_jobs: Any) -> None:
            cancel(executor, active_jobs)
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(["scancel", f"--name={executor.run_uuid}"], timeout=CANCELLED_WITHIN)

        plugin.Executor.cancel_jobs = cancel_all


def _changes_squeue(variable: str) -> bool:
    return variable.startswith("SQUEUE_")
