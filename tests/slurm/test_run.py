"""What becomes of jobs when the run that submitted them ends: on the login node, in any way."""

import os
import signal
import subprocess

import pytest
from conftest import RESOURCES, attempts, wait


def stop_command(said: str) -> list[str]:
    """The one command by which resume_check says that jobs are stopped."""
    (command,) = (line.removeprefix("to stop:").split() for line in said.splitlines() if line.startswith("to stop:"))
    return command


def test_ctrl_c_cancels_the_jobs_and_the_next_run_resumes_from_their_states(workspace, four_trainings, monkeypatch):
    workspace.lasting(2)
    run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.states()) == 2)
    run.send_signal(signal.SIGINT)
    assert run.wait() != 0
    wait(lambda: not workspace.still_running())
    first = set(workspace.jobs())
    with monkeypatch.context() as of_a_user:
        of_a_user.setenv("SQUEUE_STATES", "all")
        said = workspace.resume_check()
    assert "results/small: no run works here\n" in said
    assert "2 interrupted trainings resume from their saved states" in said
    assert "scancel" not in said
    workspace.snakemake("search", *RESOURCES)
    assert workspace.derivable() == four_trainings[:2]
    for item in workspace.evaluations():
        assert [one.job in first for one in item.observed.earlier] == [True]
        assert item.observed.job not in first


def test_jobs_that_outlive_their_run_are_reported_and_waited_for(workspace, four_trainings):
    """As after kill -9, or when the login node restarts: nothing is trained twice, though all is submitted again."""
    workspace.lasting(2)
    run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.still_running()) == 2)
    run.kill()
    run.wait()
    first = set(workspace.jobs())
    said = workspace.resume_check()
    assert said.count("a process trains it now") == 2
    command = stop_command(said)
    assert command[0] == "scancel"
    assert set(command[1:]) == first
    printed = workspace.snakemake("search", *RESOURCES)
    assert "note: still running: 2 trainings of an earlier run" in printed
    assert workspace.derivable() == four_trainings[:2]
    for item in workspace.evaluations():
        assert item.observed.job in first
        assert item.observed.earlier == ()


def test_what_outlived_a_run_can_be_stopped_as_resume_check_says(workspace, four_trainings):
    workspace.lasting(2)
    run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.states()) == 2)
    run.kill()
    run.wait()
    subprocess.run(stop_command(workspace.resume_check()), check=True)
    wait(lambda: not workspace.still_running())
    workspace.snakemake("search", *RESOURCES)
    assert workspace.derivable() == four_trainings[:2]
    assert {len(attempts(item)) for item in workspace.evaluations()} == {2}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_asked_to_end_lets_what_runs_come_to_its_end(workspace, number):
    """By somebody, or by a terminal that closes."""
    workspace.lasting(1)
    # A run goes on ignoring what it was started to ignore, and these tests may be run by `nohup`.
    before = signal.signal(number, signal.SIG_DFL)
    run = workspace.start("search", *RESOURCES)
    signal.signal(number, before)
    wait(lambda: len(workspace.still_running()) == 1)
    os.killpg(run.pid, number)
    assert run.wait() != 0
    assert len(workspace.slots()) == 1
    assert not (workspace.results / "observations.csv").exists()
    assert list(workspace.jobs().values()) == ["COMPLETED"]
    workspace.snakemake("search")
    assert len(workspace.jobs()) == 1
