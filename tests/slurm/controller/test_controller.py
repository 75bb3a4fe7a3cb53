"""While the controller is away nobody else can use the cluster: these tests run by themselves."""

import time

import cluster
from conftest import RESOURCES, attempts, configure_lasting, wait

AWAY = 35
"""Seconds: the plugin, as it is by itself, gives up its jobs after less."""


def test_a_controller_that_is_away_costs_nothing(workspace, monkeypatch):
    """And squeue, as its user has set it, shows none of these jobs."""
    configure_lasting(workspace, 1, steps=2400)
    with monkeypatch.context() as of_a_user:
        of_a_user.setenv("SQUEUE_PARTITION", "urgent")
        run = workspace.start("search", *RESOURCES)
    wait(lambda: len(workspace.still_running()) == 1)
    cluster.controller_down()
    away = time.monotonic()
    try:
        # First, while the training is sure to be running.
        status = workspace.call("status", "config.yaml")
        checked = workspace.call("resume_check", "config.yaml")
        time.sleep(max(0, AWAY - (time.monotonic() - away)))
    finally:
        cluster.controller_up()
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
