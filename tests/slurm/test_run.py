"""What becomes of jobs when the run that submitted them ends: on the login node, in any way."""

import os
import signal
import subprocess

from conftest import RESOURCES, attempts, wait


def stop_command(said: str) -> list[str]:
    """The one command by which resume_check says that jobs are stopped."""
    (command,) = (line.removeprefix("to stop:").split() for line in said.splitlines() if line.startswith("to stop:"))
    return command


def test_ctrl_c_cancels_the_jobs_and_the_next_run_resumes_from_their_states(workspace, four_trainings, monkeypatch):
    workspace.lasting(2)
    workspace.pause.touch()
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
    workspace.pause.unlink()
    workspace.snakemake("search", *RESOURCES)
    assert workspace.derivable() == four_trainings[:2]
    for item in workspace.evaluations():
        assert [one.job in first for one in item.observed.earlier] == [True]
        assert item.observed.job not in first


def test_jobs_that_outlive_their_run_are_reported_and_waited_for_or_stopped(workspace):
    """As after kill -9, or when the login node restarts: nothing is trained twice, though all is submitted again."""
    workspace.halve(2)
    undisturbed = workspace.undisturbed()
    workspace.pause.touch()
    run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.still_running()) == 2)
    run.kill()
    run.wait()
    stopped, outlives = map(workspace.job_of, ("000", "001"))
    command = stop_command(workspace.resume_check())
    assert command[0] == "scancel"
    assert set(command[1:]) == {stopped, outlives}
    again = workspace.start("search", *RESOURCES)
    wait(lambda: all("another process trains it" in workspace.log_of(bracket) for bracket in ("000", "001")))
    assert "note: still running: 2 trainings of an earlier run" in workspace.printed()
    subprocess.run([command[0], stopped], check=True)
    wait(lambda: workspace.jobs()[stopped] == "CANCELLED")
    workspace.pause.unlink()
    assert again.wait() == 0, workspace.printed()
    assert workspace.derivable() == undisturbed
    one, other = map(attempts, workspace.evaluations())
    assert [job for _, job in one[:-1]] == [stopped] and one[-1][1] not in {stopped, outlives}
    assert [job for _, job in other] == [outlives]


def test_a_run_that_is_asked_to_end_lets_what_runs_come_to_its_end(workspace):
    """By somebody, or by a terminal that closes. It submits nothing more."""
    workspace.halve(2)
    for trained, number in enumerate((signal.SIGTERM, signal.SIGHUP), start=1):
        workspace.pause.touch()
        # A run goes on ignoring what it was started to ignore, and these tests may be run by `nohup`.
        before = signal.signal(number, signal.SIG_DFL)
        run = workspace.start("search", *RESOURCES, "--jobs", "1")
        signal.signal(number, before)
        wait(lambda: len(workspace.still_running()) == 1)
        os.killpg(run.pid, number)
        workspace.pause.unlink()
        assert run.wait() != 0
        assert len(workspace.slots()) == trained
        assert list(workspace.jobs().values()) == ["COMPLETED"] * trained
        assert not (workspace.results / "observations.csv").exists()
    workspace.snakemake("search")
    assert len(workspace.jobs()) == 2
