"""Objectives that end their process, or keep it alive: a training job says so in one line."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jointsearch.core import config, layout
from jointsearch.core.evaluation import Batch
from jointsearch.core.files import read_record, write_record
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.search.resolve import resolve

ROOT = Path(__file__).parents[2]
MODULE = """
import os, signal, threading, time
from pathlib import Path

def evaluate(trial):
    if trial.values["depth"] == 1:
        return 0.5
    {does}
    return 0.25
"""
TRAIN = """
import runpy, sys
from jointsearch.training import supervised
supervised.GRACE = {grace}
sys.argv[0] = {script!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SECOND = "objective: mine:evaluate: {}; configuration 0-0-1: {{'depth': 2}}"


@pytest.fixture
def start(tmp_path):
    """Start a job of two trainings, of which the second does something."""
    folder = tmp_path / "results/own/search/bracket-000/rung-0"

    def start(does: str, grace: float = 60) -> subprocess.Popen[str]:
        (tmp_path / "mine.py").write_text(MODULE.format(does=does))
        (tmp_path / "space.yaml").write_text("hyperparameters: {depth: {type: integer, lower: 1, upper: 2}}")
        asked = {"experiment": "own", "space": "space.yaml", "objective": "mine:evaluate", "budget": {"unit": "trees"}}
        experiment = resolve(config.parse(asked | {"jobs": {"seconds_per_unit": 1}}))
        origin = Origin(sampler="random", kind="random")
        proposals = tuple(Proposal(id=f"0-0-{slot}", values={"depth": slot + 1}, origin=origin) for slot in (0, 1))
        rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=proposals)
        write_record(layout.experiment_file(tmp_path / "results/own/search"), experiment)
        write_record(folder / "proposals.json", rung)
        given = [layout.experiment_file(tmp_path / "results/own/search"), folder / "proposals.json", "0", "1"]
        command = [
            sys.executable,
            "-c",
            TRAIN.format(grace=grace, script=str(ROOT / "scripts/train.py")),
            *given,
            folder / "b.json",
        ]
        return subprocess.Popen(
            list(map(str, command)), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr(sys, "path", list(sys.path))
        yield start


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("os._exit(0)", "ended the process, as os._exit(0) does; return a loss, or raise"),
        ("os._exit(3)", "ended the process, as os._exit(3) does; return a loss, or raise"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the process was ended by SIGSEGV, as by a library that crashes"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "the process was ended by SIGKILL, as if memory is short"),
        # A process goes on in its child, as a daemon does.
        (
            "os._exit(0) if os.fork() else time.sleep(0.5)",
            "ended the process, as os._exit(0) does; return a loss, or raise",
        ),
    ],
)
def test_the_end_of_the_process_gets_a_line_with_function_and_configuration_and_earlier_results_are_kept(
    start, does, message
):
    job = start(does)
    _, errors = job.communicate()
    assert errors.splitlines()[0] == f"error: {SECOND.format(message)}" and job.returncode == 1
    [kept] = Path("results").rglob("slot-*.json")
    assert kept.name == "slot-00.json"


def test_a_thread_that_is_left_does_not_keep_a_finished_job_alive(start):
    job = start("threading.Thread(target=time.sleep, args=[1000]).start()", grace=0.1)
    _, errors = job.communicate()
    what = "its process did not end, as with a thread that is not joined; it was killed, and its results are kept"
    assert errors == f"error: {SECOND.format(what)}\n" and job.returncode == 0
    [batch] = Path("results").rglob("b.json")
    assert len(read_record(batch, Batch).records) == 2


def test_whoever_asks_it_to_end_asks_the_process_that_trains(start):
    job = start("Path('called').touch()\n    while not trial.should_stop(): time.sleep(0.01)")
    while not Path("called").exists():
        assert job.poll() is None
        time.sleep(0.01)
    job.send_signal(signal.SIGTERM)
    _, errors = job.communicate()
    assert job.returncode == 128 + signal.SIGTERM, errors
    assert "interrupted by SIGTERM; mine:evaluate is called again" in errors
