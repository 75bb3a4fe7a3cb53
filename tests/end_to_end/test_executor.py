"""Trainings through another executor than Slurm's: the profile `generic`, with a pretend PBS that is three scripts.

That they take the same course is seen where the workflow is deployed in a folder of another name.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from end_to_end.conftest import Workspace

QSUB = """#!/bin/sh
# Like PBS: a job starts elsewhere, with little in its environment; what is left of it when its shell ends is killed.
for script; do :; done
jobs="$(dirname "$0")/jobs"
mkdir -p "$jobs"
id=$(date +%s%N)
cp "$script" "$jobs/$id.sh"
echo "$@" > "$jobs/$id.arguments"
cd /
env -i HOME=/ PATH=/usr/bin:/bin PBS_JOBID="$id" setsid sh -c '
    setsid sh "$1.sh" & echo $! > "$1.leader"
    wait $!
    echo $? > "$1.status"
    kill -KILL "-$(cat "$1.leader")"
' - "$jobs/$id" > "$jobs/$id.printed" 2>&1 < /dev/null &
echo "$id"
"""
QSTAT = """#!/bin/sh
for id; do :; done
job="$(dirname "$0")/jobs/$id"
echo "Job Id: $id"
[ ! -e "$job.status" ] && echo "    job_state = R" && exit
echo "    job_state = F"
echo "    Exit_status = $(cat "$job.status")"
"""
QDEL = """#!/bin/sh
for id; do kill -TERM "-$(cat "$(dirname "$0")/jobs/$id.leader")"; done
"""


class PbsWorkspace(Workspace):
    """A workspace whose trainings go to the pretend PBS."""

    @property
    def jobs(self) -> Path:
        return self.folder.parent / "bin" / "jobs"

    def command(self, *arguments: str) -> list[str]:
        return super().command("--profile", "profiles/generic", "--seconds-between-status-checks", "1", *arguments)


def pretend_pbs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a pretend PBS into a folder, and into PATH; where its jobs will be."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name, script in (("qsub", QSUB), ("qstat", QSTAT), ("qdel", QDEL)):
        (bin_folder / name).write_text(script)
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    return bin_folder / "jobs"


@pytest.fixture
def workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> PbsWorkspace:
    pretend_pbs(workspace.folder.parent, monkeypatch)
    return PbsWorkspace(workspace.folder)


def test_ctrl_c_cancels_the_jobs_which_save_what_they_trained(workspace):
    """The job's shell, whose end would be the end of the whole job, waits for the training to save its state."""
    budget = {"unit": "steps", "minimum": 100_000, "maximum": 100_000}
    workspace.configure(budget=budget, search={"length": 1, "lags": [1]})
    run = workspace.start("search")
    workspace.wait_for(workspace.trains, run, every=0.2)
    run.send_signal(signal.SIGINT)
    assert run.wait() == 1
    # As long as it takes: on a busy machine saving the state and ending may take minutes.
    while not (ended := list(workspace.jobs.glob("*.status"))):
        time.sleep(0.1)
    assert len(ended) == 1
    assert len(list(workspace.results.glob("search/*/*/state-*.pt"))) == 1
    assert "interrupted by SIGTERM; its state is saved" in ended[0].with_suffix(".printed").read_text()
