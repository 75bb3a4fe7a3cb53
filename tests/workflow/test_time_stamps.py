"""Time stamps that a run has left are known again."""

import os
import subprocess
import sys

import pytest
from results_folder import settings, write_search

from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.search.resolve import to_config
from jointsearch.workflow import time_stamps

SURROUNDINGS = (
    "from pathlib import Path; from jointsearch.core import config; from jointsearch.workflow import time_stamps; "
    "print(time_stamps._surroundings(config.read(Path('config/demo.yaml'))))"
)


@pytest.fixture
def folder(tmp_path):
    write_search(tmp_path / "small", settings(maximum=9), 3)
    return tmp_path / "small"


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_they_are_left(folder):
    configured = to_config(settings(maximum=9), 3)
    time_stamps.remember(folder, configured)
    before = stamps(folder)
    known = time_stamps.settle(folder, configured, {})
    assert stamps(folder) == before
    assert known.stale == frozenset()


def test_what_was_stale_is_so_until_it_is_another_file(folder):
    configured = to_config(settings(maximum=9), 3)
    time_stamps.remember(folder, configured, ["numbers.json"])
    (folder / "search/bracket-000/rung-0/slot-00.json").unlink()
    assert time_stamps.settle(folder, configured, {}).stale == {"numbers.json"}
    (folder / "numbers.json").write_text("{}")
    assert time_stamps._as_left(folder, configured) is None


def test_a_record_is_noticed_that_was_changed_and_has_its_size_and_time_still(folder):
    configured = to_config(settings(maximum=9), 3)
    time_stamps.remember(folder, configured)
    record = folder / "search/bracket-000/rung-0/slot-00.json"
    kept = record.stat()
    record.write_bytes(record.read_bytes()[::-1])
    os.utime(record, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert time_stamps._as_left(folder, configured) is None


def test_another_stamp_of_a_record_is_noticed(folder):
    configured = to_config(settings(maximum=9), 3)
    time_stamps.remember(folder, configured)
    record = layout.proposals_file(folder / "search", 0, 0)
    os.utime(record, ns=(0, 0))
    time_stamps.settle(folder, configured, {})
    assert record.stat().st_mtime_ns != 0


@pytest.mark.parametrize("name", ["paper.pdf", "paper.html", "space.yaml"])
def test_another_stamp_is_set_of_a_file_that_is_made_together_with_another_one_too(folder, name):
    os.utime(folder / name, ns=(0, 0))
    time_stamps.settle(folder, to_config(settings(maximum=9), 3), {})
    assert (folder / name).stat().st_mtime_ns != 0


def test_the_code_is_the_same_by_whatever_path_it_is_found(tmp_path):
    for name in ("CITATION.cff", "config", "paper", "scripts", "src", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    said = subprocess.run(
        [sys.executable, "-c", SURROUNDINGS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == time_stamps._surroundings(config.read(ROOT / "config/demo.yaml"))


@pytest.mark.parametrize("written", ["{", "[]", '{"stamps": {}, "stale": []}', '{"stamps": 3, "stale": []}'])
def test_a_damaged_list_of_time_stamps_is_made_again(folder, written):
    configured = to_config(settings(maximum=9), 3)
    time_stamps.remember(folder, configured)
    (folder / time_stamps.KNOWN).write_text(written)
    assert time_stamps._as_left(folder, configured) is None
