"""The manifest as a file."""

from pathlib import Path

import pytest

from jointsearch.audit import manifest
from jointsearch.core import layout
from jointsearch.core.errors import UserError

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def folder(tmp_path):
    for name in (
        "search/bracket-000/history.json",
        "search/.lock",
        "search/bracket-000/rung-0/state-01.pt",
        "search/bracket-000/rung-0/.slot-00.json.1-2.tmp",
        "figures/a figure.csv",
        "manifest.sha256.sig",
        "audit.html",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_it_names_results_and_neither_locks_nor_states_nor_itself(folder):
    names = ["figures/a figure.csv", "search/bracket-000/history.json"]
    assert layout.files(folder) == names
    assert list(manifest.parse(manifest.make(folder))) == names


@pytest.mark.parametrize(
    "text",
    [
        "nonsense\n",
        f"{ONE} one-space\n",
        f"{ONE}  a\n{OTHER}  a\n",
        f"{ONE}  /etc/passwd\n",
        f"{ONE}  ../elsewhere\n",
        f"{ONE[1:]}  a\n",
    ],
)
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(UserError, match=r"manifest\.sha256: line \d is not that of a manifest; restore it"):
        manifest.parse(text)


def break_off(path: Path) -> None:
    path.write_text(f"{ONE}  a\n{ONE[:9]}")


def test_one_that_was_written_is_read(folder):
    (folder / manifest.NAME).write_text(manifest.make(folder))
    assert manifest.read(folder) == manifest.parse(manifest.make(folder))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: None, "missing; run the workflow to its end to make it"),
        (Path.mkdir, "missing; run the workflow to its end to make it"),
        (break_off, "line 2 is not that of a manifest; restore it"),
        (lambda path: path.write_bytes(b"\xff"), r"cannot be read \(.*\); restore it"),
    ],
)
def test_one_that_is_missing_or_broken_is_refused(tmp_path, spoil, says):
    for name in (manifest.NAME, "code.sha256"):
        spoil(tmp_path / name)
        with pytest.raises(UserError, match=f"{name}: {says}"):
            manifest.read(tmp_path, name)


def test_records_last_and_tables_follow():
    before = {"search/bracket-000/x.json": ONE, "observations.csv": ONE, "environments/e.json": ONE}
    now = {"search/bracket-000/x.json": OTHER, "observations.csv": OTHER, "search/bracket-000/new.json": ONE}
    assert manifest.changed(before, now) == ["search/bracket-000/x.json", "environments/e.json"]


def test_the_root_of_what_has_no_manifest_is_not_known(tmp_path):
    with pytest.raises(UserError, match="missing; run the workflow to its end to make it"):
        manifest.root(tmp_path)
