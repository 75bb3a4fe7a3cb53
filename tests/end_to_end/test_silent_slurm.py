"""What a user is told of a search while Slurm does not answer."""

import pytest

REASON = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


@pytest.fixture
def workspace(finished, tmp_path, monkeypatch):
    """A search that was interrupted, where squeue fails."""
    (tmp_path / "squeue").write_text(f"#!/bin/sh\necho '{REASON}' >&2\nexit 1\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    workspace = finished.copy(tmp_path / "clone")
    (last := workspace.slots()[-1]).rename(last.with_name(last.name.replace("slot", "state")).with_suffix(".pt"))
    return workspace


def test_resume_check_says_what_it_knows_without_and_then_why_it_fails(workspace):
    done = workspace.call("resume_check", "config.yaml")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "results/small: no run works here",
        "1 interrupted trainings resume from their saved states (state-*.pt, scratch-*)",
        "to resume:  the command that started the run; it waits for trainings still running (none runs twice)",
    ]
    assert done.stderr == f"error: jobs in Slurm's queue are not known: {REASON}; ask again once Slurm answers\n"


def test_status_does_not_fail(workspace):
    done = workspace.call("status", "config.yaml")
    assert done.returncode == 0
    assert "19 / 20" in done.stdout
    assert done.stdout.endswith(f"    in Slurm {REASON}; ask again once Slurm answers\n")
    assert done.stderr == ""
