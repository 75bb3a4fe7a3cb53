"""What still trains when no run of the workflow is there: jobs of a cluster that outlived it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jointsearch import layout, lock
from jointsearch.errors import UserError
from jointsearch.pipeline import Pipeline

FIELDS = "%i|%T|%M|%R|%k|%Z"
"""Of squeue: job, state, time used, nodes or why it waits, comment, working directory."""


def slots_under_way(pipeline: Pipeline) -> list[Path]:
    """Records that a process, here or on another node, works on now."""
    found = []
    for item in pipeline.brackets:
        for rung, size in enumerate(item.sizes):
            folder = layout.rung_folder(pipeline.study, item.index, rung)
            there = set(folder.iterdir()) if folder.exists() else set()
            if layout.lock_file(folder) in there:
                files = {slot: layout.slot_file(folder, slot) for slot in range(size)}
                found += [file for slot, file in files.items() if file not in there and _is_held(folder, slot)]
    return found


def _is_held(folder: Path, slot: int) -> bool:
    with lock.place(layout.lock_file(folder), slot) as free:
        return not free


def saved_states(pipeline: Pipeline) -> list[Path]:
    """States of interrupted trainings, from which they go on."""
    return sorted(pipeline.study.glob("bracket-*/rung-*/state-*.pt"))


@dataclass(frozen=True)
class SlurmJob:
    """A training job in Slurm's queue.

    Attributes
    ----------
    id, state
        As Slurm says them.
    used
        Time that it ran.
    where
        Its nodes, or why it waits.
    what
        Rule and wildcards.
    """

    id: str
    state: str
    used: str
    where: str
    what: str


def slurm_jobs(folder: Path) -> list[SlurmJob] | None:
    """Training jobs of this user in Slurm's queue that were submitted from a folder; None where there is no Slurm.

    Raises
    ------
    UserError
        If Slurm does not answer.
    """
    if shutil.which("squeue") is None:
        return None
    command = ["squeue", "--noheader", f"--user={os.getuid()}", f"--format={FIELDS}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise UserError(f"{reason}; ask again once Slurm answers")
    rows = [line.split("|", 5) for line in done.stdout.splitlines()]
    return [
        SlurmJob(*row[:5])
        for row in rows
        if len(row) == 6 and row[4].startswith("rule_train") and Path(row[5]).resolve() == folder.resolve()
    ]
