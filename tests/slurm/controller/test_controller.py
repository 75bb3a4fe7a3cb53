"""While the controller is away nobody else can use the cluster: these tests run by themselves."""

import time

import cluster
from conftest import RESOURCES, attempts, wait

AWAY = 35
"""Seconds: the plugin, as it is by itself, gives up its jobs after less."""


def test_a_controller_that_is_away_costs_nothing(workspace, monkeypatch):
    """And squeue, as its user has set it, shows none of these jobs."""
    workspace.halve()
    workspace.pause.touch()
    with monkeypatch.context() as of_a_user:
        of_a_user.setenv("SQUEUE_PARTITION", "urgent")
        run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.still_running()) == 1)
    cluster.controller_down()
    away = time.monotonic()
    try:
        status = workspace.call("status", "config.yaml")
        checked = workspace.call("resume_check", "config.yaml")
        time.sleep(max(0, AWAY - (time.monotonic() - away)))
    finally:
        cluster.controller_up()
    # It is sure to be running until now.
    workspace.pause.unlink()
    wait(lambda: run.poll() is not None)
    assert run.returncode == 0, workspace.printed()
    assert list(workspace.jobs().values()) == ["COMPLETED"]
    (evaluation,) = workspace.evaluations()
    assert len(attempts(evaluation)) == 1
    # What was said meanwhile.
    assert checked.returncode == 1
    assert "results/small: a run works here (process " in checked.stdout
    assert "Unable to contact slurm controller" in checked.stderr
    assert status.returncode == 0
    assert "0 / 1" in status.stdout
    assert "in Slurm" in status.stdout
