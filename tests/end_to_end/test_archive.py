"""An experiment in one file."""

import os
import shutil
import subprocess
import time

import pytest

from jointsearch.audit import audit, manifest


@pytest.mark.usefixtures("undrawn")
def test_it_is_the_same_when_made_twice_and_audits_where_it_is_unpacked(finished, tmp_path):
    first, second = tmp_path / "first.tar.xz", tmp_path / "second.tar.xz"
    done = finished.script("archive", "results/small", "--output", str(first))
    assert done.returncode == 0, done.stderr
    copy = finished.copy(tmp_path / "clone")
    for path in copy.results.rglob("*"):
        os.utime(path, (time.time(), time.time()))
    (copy.results / "search/bracket-000/rung-0/state-00.pt").write_bytes(b"state")
    assert copy.call("archive", "config.yaml", "--output", str(second)).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    subprocess.run(["tar", "xf", first, "-C", tmp_path], check=True)
    unpacked = tmp_path / "small"
    done = audit.run(unpacked, "derive")
    assert done.root == audit.run(finished.results, "hash").root
    assert not [one for one in done.findings.problems if one.verdict.exit_code != 4]
    assert manifest.make(unpacked) == manifest.make(finished.results)
    done = copy.call("archive", "results/small", "--output", str(second), "--checkpoints")
    listed = subprocess.run(["tar", "tf", second], capture_output=True, text=True, check=True).stdout
    assert "small/search/bracket-000/rung-0/state-00.pt\n" in listed


def test_what_was_changed_is_not_packed(finished, tmp_path):
    copy = finished.copy(tmp_path / "clone")
    (copy.results / "observations.csv").write_text("other")
    done = copy.call("archive", "results/small", "--output", str(tmp_path / "a.tar.xz"))
    assert done.returncode == 1
    assert (
        "observations.csv: changed since the manifest was made; restore it (scripts/audit.py lists all)" in done.stderr
    )
    assert not (tmp_path / "a.tar.xz").exists()


def test_the_configuration_beside_the_results_makes_them_again(finished, workspace):
    folder = workspace.folder / "results/small"
    folder.mkdir(parents=True)
    for name in ("config.yaml", "space.yaml"):
        shutil.copy(finished.results / name, folder)
    config = folder / "config.yaml"
    config.rename(workspace.folder / "config.yaml")
    workspace.drive()
    assert workspace.derivable() == finished.derivable()


def test_records_alone_give_all_else_again_without_training(finished, workspace, tmp_path):
    copy = finished.copy(tmp_path / "copy")
    assert copy.call("archive", "config.yaml", "--records").returncode == 0
    packed = copy.results / "records.tar.xz"
    assert (
        packed.stat().st_size < sum(path.stat().st_size for path in finished.results.rglob("*") if path.is_file()) / 4
    )
    workspace.results.mkdir(parents=True)
    shutil.copy(packed, workspace.results)
    shutil.rmtree(workspace.results.parents[1] / ".snakemake", ignore_errors=True)
    assert "files of records unpacked" in workspace.call("outcomes", "config.yaml").stdout
    unpacked = {path: path.stat().st_mtime_ns for path in workspace.slots()}
    planned = workspace.snakemake("-n").partition("Reasons")[0]
    assert "\npaper " in planned and "train" not in planned and "sample" not in planned
    assert {path: path.stat().st_mtime_ns for path in workspace.slots()} == unpacked
    # By hand the paper was made with the library of another working copy, whose commit stands in it.
    last = {"paper.pdf", "paper.html", "workflow.smk", "ro-crate-metadata.json", "code.sha256"}
    here, there = (manifest.parse(manifest.make(one.results)) for one in (workspace, finished))
    assert {name: here[name] for name in there.keys() - last} == {name: there[name] for name in there.keys() - last}


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_damaged_archive_of_records_is_one_clear_line(workspace, content):
    workspace.results.mkdir(parents=True)
    (workspace.results / "records.tar.xz").write_bytes(content)
    done = workspace.call("outcomes", "config.yaml")
    assert done.returncode == 1
    assert "records.tar.xz: " in done.stderr and len(done.stderr.splitlines()) == 1
    assert {path.name for path in workspace.results.iterdir()} == {".lock", "records.tar.xz"}
