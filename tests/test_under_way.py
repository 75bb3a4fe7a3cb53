"""Asking Slurm where it does not answer."""

import pytest

from jointsearch.errors import UserError
from jointsearch.under_way import slurm_jobs

SILENT = """#!/bin/sh
echo "squeue: error: fetch_config: DNS SRV lookup failed" >&2
echo "squeue: fatal: Could not establish a configuration source" >&2
exit 1
"""


def test_a_slurm_that_does_not_answer_is_told_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "squeue").write_text(SILENT)
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UserError) as raised:
        slurm_jobs(tmp_path)
    assert str(raised.value) == (
        "squeue: fatal: Could not establish a configuration source; ask again once Slurm answers"
    )


def test_without_slurm_there_is_nothing_to_ask(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm_jobs(tmp_path) is None
