"""On a cluster with an accounting database and accounts (`cluster.py start --accounting`)."""

import subprocess

import pytest
from conftest import RESOURCES


@pytest.mark.parametrize("status_command", ["squeue", "sacct"])
def test_a_search_on_a_cluster_with_accounting(workspace, status_command):
    account = "train:slurm_account='tests'"
    workspace.halve()
    undisturbed = workspace.undisturbed()
    workspace.snakemake("search", *RESOURCES, account, "--slurm-status-command", status_command)
    assert workspace.derivable() == undisturbed
    command = ["sacct", "--allocations", "--noheader", "--parsable2", "--format=JobIDRaw,Account,State,AllocTRES"]
    rows = [row.split("|") for row in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]
    known = {job: tuple(rest) for job, *rest in rows}
    (item,) = workspace.evaluations()
    account, state, resources = known[item.observed.job]
    assert (account, state) == ("tests", "COMPLETED")
    assert "gres/gpu=1" in resources
