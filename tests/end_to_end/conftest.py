"""Real runs of the workflow, in a folder of their own, on a search that takes seconds."""

import contextlib
import fcntl
import functools
import io
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from jointsearch.audit import derive_outcomes
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results

ROOT = Path(__file__).parents[2]

SPACE = {
    "hyperparameters": {
        "residual_blocks_1": {"type": "constant", "value": 1},
        "residual_blocks_2": {"type": "constant", "value": 1},
        "residual_blocks_3": {"type": "constant", "value": 1},
        "initial_filters": {"type": "constant", "value": 2},
        "residual_branches_3": {"type": "categorical", "choices": [1, 2]},
        "learning_rate": {"type": "float", "lower": 1e-3, "upper": 1, "log": True},
        "batch_size": {"type": "constant", "value": 32},
        "shakedrop_death_rate": {"type": "float", "lower": 0, "upper": 1},
    },
    "conditions": [{"child": "shakedrop_death_rate", "parent": "residual_branches_3", "equals": 1}],
}

CONFIG: dict[str, Any] = {
    "experiment": "small",
    "space": "space.yaml",
    "data": {"name": "digits", "crop_padding": 1, "horizontal_flip": False},
    "budget": {"unit": "steps", "minimum": 2, "maximum": 18},
    "search": {"length": 3, "length_unit": "brackets", "lags": [0, 1, 1]},
    "jobs": {"device": "cpu", "evaluations_per_job": 9},
}
"""One round: 9, 3, 1 and 3, 1 and 3 evaluations. A model needs 2 x (3 + 1) at one budget: bracket 1 has one."""


DRIVE = """
import sys
from pathlib import Path

from jointsearch.core import config
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

all_jobs = StudyJobs.all_from_config(config.read(Path("config.yaml")))
driver.run(all_jobs)
if "finish" in sys.argv:
    driver.finish(all_jobs)
"""


@dataclass
class Workspace:
    """A folder with the workflow in it, as after a clone."""

    folder: Path

    def configure(self, **changes: Any) -> None:
        """Write the configuration; a mapping changes single keys of a section."""
        config = {key: dict(value) if isinstance(value, dict) else value for key, value in CONFIG.items()}
        for key, value in changes.items():
            config[key] = config.get(key, {}) | value if isinstance(value, dict) else value
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("snakemake")), *arguments, "--configfile", "config.yaml"]

    def snakemake(self, *arguments: str, succeeds: bool = True) -> str:
        """Run to the end; all that it printed."""
        with tempfile.NamedTemporaryFile("r") as printed:
            request = {"command": self.command(*arguments), "folder": str(self.folder), "printed": printed.name}
            server = start_server()
            print(json.dumps(request | {"environment": dict(os.environ)}), file=server.stdin, flush=True)
            assert (code := server.stdout.readline()), "the server of Snakemake has ended"
            text = printed.read()
        assert (int(code) == 0) == succeeds, text
        return text

    def drive(self, *arguments: str) -> None:
        """Run the search and its studies in one process, by the library of the workspace; with `finish` to the end."""
        environment = os.environ | {"PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}"}
        command = [sys.executable, "-c", DRIVE, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start in a process group of its own; Ctrl-C works also where the tests run in the background of a shell."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=(self.folder / "printed").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script by hand."""
        command = [sys.executable, f"scripts/{name}.py", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)

    def call(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script in this process, which has imported the most by now: a new one takes a second or more for it."""
        stdout, stderr, code = io.StringIO(), io.StringIO(), 0
        command = [f"{name}.py", *arguments]
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            try:
                with mock.patch.object(sys, "argv", command):
                    runpy.run_path(f"scripts/{name}.py", run_name="__main__")
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
                if isinstance(end.code, str):
                    stderr.write(f"{end.code}\n")
        return subprocess.CompletedProcess(command, code, stdout.getvalue(), stderr.getvalue())

    @property
    def results(self) -> Path:
        return self.folder / "results" / "small"

    def slots(self) -> list[Path]:
        """The evaluation records that exist."""
        return sorted(self.results.glob("search/*/*/slot-*.json"))

    def evaluations(self, brackets: int = 100) -> list[Evaluation]:
        found = Results.read(self.results).evaluations("search")
        return [one for one in found if one.bracket < brackets]

    def derivable(self) -> list[dict[str, Any]]:
        """What has to come out the same however the search ran."""
        return [item.derivable() for item in self.evaluations()]

    def chain(self) -> dict[str, bytes]:
        """Settings, histories and proposals, which name by digest all that they were made from."""
        names = ("experiment.json", "history.json", "proposals.json")
        files = [path for name in names for path in self.results.rglob(name)]
        return {path.relative_to(self.results).as_posix(): path.read_bytes() for path in files}

    def wait_for(self, condition: Callable[[], object], run: subprocess.Popen[bytes], every: float = 0.005) -> None:
        """Wait, for as long as a run goes on, until something is so."""
        while not condition():
            assert run.poll() is None, self.printed()
            time.sleep(every)

    def trains(self) -> bool:
        """Whether a process trains a slot, as is said to a user."""
        return "a process trains it now" in self.call("resume_check", "config.yaml").stdout

    def printed(self) -> str:
        """What the run that was started has printed so far."""
        return (self.folder / "printed").read_text()

    def copy(self, folder: Path) -> "Workspace":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Workspace(folder)


@functools.cache
def start_server() -> subprocess.Popen[str]:
    """Start a process from which those of Snakemake are forked; it ends with this one."""
    command = [sys.executable, str(Path(__file__).with_name("snakemake_server.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def make_workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config", "envs", "paper", "profiles", "src", "slurm"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("scripts", "workflow"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    # The paper is made from the citation file: it is as old as the one that the code knows.
    for name in ("Snakefile", "CITATION.cff"):
        shutil.copy2(ROOT / name, folder)
    (folder / "space.yaml").write_text(yaml.safe_dump(SPACE))
    workspace = Workspace(folder)
    workspace.configure()
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "clone")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], Workspace]], Workspace]:
    """Make a workspace once for all processes that test side by side. Read only."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make_once(name: str, make: Callable[[Path], Workspace]) -> Workspace:
        folder = base / name
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / "done").exists():
                return Workspace(folder / "clone")
            workspace = make(folder / "clone")
            (folder / "done").touch()
        return workspace

    return make_once


@pytest.fixture(scope="session")
def finished(shared) -> Workspace:
    """A search that was run to its end in one process, from code that is in no repository. Read only: copy it."""
    return shared("finished", finish)


def finish(folder: Path) -> Workspace:
    workspace = make_workspace(folder)
    workspace.drive("finish")
    return workspace


@pytest.fixture(scope="session")
def run_by_snakemake(shared) -> Workspace:
    """A search by the workflow on two cores, without figures. Read only: copy it to change it."""
    return shared("run", search_by_snakemake)


def search_by_snakemake(folder: Path) -> Workspace:
    workspace = make_workspace(folder)
    (workspace.folder / "printed").write_text(workspace.snakemake("--cores", "2", "search"))
    return workspace


@pytest.fixture(scope="session")
def committed(shared) -> Workspace:
    """A search that was run to its end in one process from a commit. Read only."""
    return shared("committed", run_from_a_commit)


def run_from_a_commit(folder: Path) -> Workspace:
    workspace = make_workspace(folder)
    for name in ("src", "envs"):
        # A link to code is not the code.
        (workspace.folder / name).unlink()
        shutil.copytree(ROOT / name, workspace.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (workspace.folder / ".gitignore").write_text("__pycache__\n/results\n/logs\n/.snakemake\n/.cache\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *author, *command], cwd=workspace.folder, check=True)
    workspace.drive("finish")
    return workspace


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Have audits in this process check the data behind figures alone: to draw, and to set the paper, takes longest."""
    monkeypatch.setattr(derive_outcomes, "_has_versions", lambda evidence, packages: False)


@pytest.fixture
def results(committed, tmp_path) -> Path:
    """Its results, to be tampered with."""
    return Path(shutil.copytree(committed.results, tmp_path / "small"))
