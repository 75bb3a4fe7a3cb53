"""Searches on a real Slurm cluster. Where it cannot be had these tests fail: `make test` leaves them out."""

import contextlib
import fcntl
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cluster
import pytest
import yaml
from end_to_end.conftest import Workspace, make_workspace, shared  # noqa: F401 # a fixture

from jointsearch.core.evaluation import Evaluation

SOON = ("--slurm-init-seconds-before-status-checks", "1")
"""Looks for ended jobs after a second: these trainings take seconds."""
EVERY_SECOND = """

import sys

if plugin := sys.modules.get("snakemake_executor_plugin_slurm"):
    plugin.Executor.next_seconds_between_status_checks = property(lambda executor: 1, lambda executor, seconds: None)
"""
"""End of a Snakefile. While nothing ends the plugin looks after 1, 12, 33, 64 s: longer than all that is waited for."""
RESOURCES = ("--set-resources", "train:gpu=1", "train:cpus_per_task=1", "train:mem_mb=2000")
"""In place of those of the profile, which are for larger trainings; others may follow."""
SLOW = """
import time
from pathlib import Path
from jointsearch.training.sgd import Sgd

step = Sgd.step
Sgd.step = lambda *arguments: (Path("pause").exists() and time.sleep(0.1), step(*arguments))
"""
"""A step takes a tenth of a second, and no computation, while there is a file `pause`."""
HALVING = {
    "experiment": "small",
    "space": "space.yaml",
    "objective": "halving:evaluate",
    "budget": {"unit": "rounds", "minimum": 6, "maximum": 6},
    "search": {"length": 1, "length_unit": "brackets", "lags": None, "sampler": "random"},
    "jobs": {"device": "cpu", "seconds_per_unit": 10},
}
"""One training of the objective of `halving.py`."""


@pytest.fixture(scope="session", autouse=True)
def running_cluster() -> None:
    """Fail loudly where `make test-slurm` could not start a cluster."""
    assert cluster.running(), "no cluster runs: sudo python tests/slurm/cluster.py start"


@dataclass
class ClusterWorkspace(Workspace):
    """A workspace whose trainings go to the cluster."""

    four: Callable[[], Workspace]
    """Yields the folder in which lasting trainings were proposed, see the fixture."""

    def command(self, *arguments: str) -> list[str]:
        return super().command("--profile", "slurm", *SOON, *arguments)

    def lasting(self, trainings: int) -> None:
        """Propose some trainings that last for as long as a test wants, independent of each other: four at most."""
        configure_lasting(self, trainings)
        self.slow_down()
        brackets = [f"search/bracket-00{index}" for index in range(trainings)]
        proposed = [f"{bracket}/{name}" for bracket in brackets for name in ("history.json", "rung-0/proposals.json")]
        for name in ("experiment.json", "data.json", *proposed):
            (self.results / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.four().results / name, self.results / name)

    def slow_down(self) -> None:
        """Have steps take their time while there is a file `pause`."""
        script = self.folder / "scripts" / "train.py"
        main = 'if __name__ == "__main__":'
        script.write_text(script.read_text().replace(main, SLOW + main))

    def halve(self, brackets: int = 1, **changes: Any) -> None:
        """Configure trainings that take no time: as many brackets, none of which waits for another."""
        shutil.copy(Path(__file__).with_name("halving.py"), self.folder)
        (self.folder / "space.yaml").write_text("hyperparameters: {start: {type: float, lower: 1, upper: 2}}")
        search = HALVING["search"] | {"length": brackets, "lags": [brackets] if brackets > 1 else None}
        (self.folder / "config.yaml").write_text(yaml.safe_dump(HALVING | {"search": search} | changes))

    def undisturbed(self) -> list[dict[str, Any]]:
        """What comes of all of this here, without a cluster and without trouble."""
        here = self.copy(self.folder.with_name("undisturbed"))
        here.drive()
        return here.derivable()

    @property
    def pause(self) -> Path:
        """The file that makes trainings wait."""
        return self.folder / "pause"

    def log_of(self, bracket: str) -> str:
        """What the training of a bracket has written; a job that starts removes what the one before wrote."""
        log = self.folder / f"logs/small/search/bracket-{bracket}/train-0-00-00.log"
        with contextlib.suppress(FileNotFoundError):
            return log.read_text()
        return ""

    def resume_check(self) -> str:
        """What it says."""
        done = self.call("resume_check", "config.yaml")
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

    def jobs_of(self, bracket: str) -> list[str]:
        """Jobs that train a bracket, or did."""
        return [job for job, comment in self.squeue("%k").items() if f"_wildcards_search_{bracket}_" in comment]

    def job_of(self, bracket: str) -> str:
        """Job that trains a bracket, while each has one."""
        (job,) = self.jobs_of(bracket)
        return job


def sbatch(*arguments: str) -> str:
    """Submit a job of somebody else; its id."""
    command = ["sbatch", "--parsable", "--output=/dev/null", "--chdir=/", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def wait(what: Callable[[], Any], patience: float = 300.0, every: float = 0.5) -> Any:
    """Wait until something is true; what it is."""
    deadline = time.monotonic() + patience
    while not (answer := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(every)
    return answer


@pytest.fixture
def workspace(tmp_path: Path, four: Callable[[], Workspace]) -> ClusterWorkspace:
    workspace = ClusterWorkspace(make_workspace(tmp_path / "clone").folder, four)
    with (workspace.folder / "Snakefile").open("a") as snakefile:
        snakefile.write(EVERY_SECOND)
    return workspace


@pytest.fixture
def frail_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the nodes of the partition `frail` alone, among the processes that test side by side."""
    with (tmp_path_factory.getbasetemp().parent / "frail").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def configure_lasting(workspace: Workspace, trainings: int) -> None:
    """Configure as many brackets of one training each."""
    budget = {"unit": "steps", "minimum": 300, "maximum": 300}
    jobs = {"evaluations_per_job": 1, "save_every": 1.5}
    workspace.configure(budget=budget, jobs=jobs, search={"length": trainings, "lags": [4]})


@pytest.fixture(scope="session")
def four(shared) -> Callable[[], Workspace]:  # noqa: F811
    """Four lasting trainings here, without a cluster and without trouble; made when the first test asks for them."""

    def train(folder: Path) -> Workspace:
        workspace = make_workspace(folder)
        configure_lasting(workspace, 4)
        workspace.drive()
        return workspace

    return lambda: shared("four", train)


@pytest.fixture(scope="session")
def four_trainings(four: Callable[[], Workspace]) -> list[dict[str, Any]]:
    """What came of them."""
    return four().derivable()


def attempts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Where an evaluation was trained: node and job, in order."""
    return [(one.host, one.job) for one in (*evaluation.observed.earlier, evaluation.observed)]
