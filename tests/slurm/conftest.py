"""Searches on a real Slurm cluster. Where it cannot be had these tests fail: `make test` leaves them out."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cluster
import pytest
from end_to_end.conftest import Workspace, finished, make_workspace, shared  # noqa: F401 # two are fixtures

from jointsearch.core.records import Evaluation

SOON = ("--slurm-init-seconds-before-status-checks", "1")
"""Looks for ended jobs after a second: these trainings take seconds."""
RESOURCES = ("--set-resources", "train:gpu=1", "train:cpus_per_task=1", "train:mem_mb=2000")
"""In place of those of the profile, which are for larger trainings; others may follow."""


@pytest.fixture(scope="session", autouse=True)
def running_cluster() -> None:
    """Fail loudly where `make test-slurm` could not start a cluster."""
    assert cluster.running(), "no cluster runs: sudo python tests/slurm/cluster.py start"


class ClusterWorkspace(Workspace):
    """A workspace whose trainings go to the cluster."""

    def command(self, *arguments: str) -> list[str]:
        return super().command("--profile", "slurm", *SOON, *arguments)

    def lasting(self, trainings: int, steps: int = 1200) -> None:
        """Configure some trainings that take several seconds, independent of each other: four at most."""
        budget = {"unit": "steps", "minimum": steps, "maximum": steps}
        jobs = {"evaluations_per_job": 1, "save_every": 1.5}
        self.configure(budget=budget, jobs=jobs, search={"length": trainings, "lags": [4]})

    def resume_check(self) -> str:
        """What it says."""
        done = self.script("resume_check", "config.yaml")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def still_running(self) -> list[str]:
        """The lines of resume_check about trainings still running."""
        return [line for line in self.resume_check().splitlines() if line.endswith("a process trains it now")]

    def states(self) -> list[Path]:
        """Saved states of trainings."""
        return list(self.results.glob("search/*/*/state-*.pt"))

    def squeue(self, fields: str) -> dict[str, str]:
        """Fields of all jobs from here that Slurm remembers, by id."""
        command = ["squeue", "--states=all", "--noheader", f"--format=%Z|%i|{fields}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows = [row.split("|") for row in done.stdout.splitlines()]
        return {job: what for folder, job, what in rows if folder == str(self.folder)}

    def jobs(self) -> dict[str, str]:
        """States of all jobs from here that Slurm remembers, by id."""
        return self.squeue("%T")

    def job_of(self, bracket: str) -> str:
        """Job that trains a bracket, while each has one."""
        (job,) = (job for job, comment in self.squeue("%k").items() if f"_wildcards_search_{bracket}_" in comment)
        return job


def sbatch(*arguments: str) -> str:
    """Submit a job of somebody else; its id."""
    command = ["sbatch", "--parsable", "--output=/dev/null", "--chdir=/", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def wait(what: Callable[[], Any], patience: float = 300.0) -> Any:
    """Wait until something is true; what it is."""
    deadline = time.monotonic() + patience
    while not (answer := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return answer


@pytest.fixture
def workspace(tmp_path: Path) -> ClusterWorkspace:
    return ClusterWorkspace(make_workspace(tmp_path / "clone").folder)


@pytest.fixture(scope="session")
def four_trainings(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What comes of `lasting(4)` without a cluster and without trouble."""
    folder = make_workspace(tmp_path_factory.mktemp("four") / "clone").folder
    ClusterWorkspace(folder).lasting(4)
    here = Workspace(folder)
    here.snakemake("--cores", "2", "search")
    return here.derivable()


def attempts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Where an evaluation was trained: node and job, in order."""
    return [(one.host, one.job) for one in (*evaluation.observed.earlier, evaluation.observed)]
