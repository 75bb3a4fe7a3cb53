"""One reader of a results folder, strict or doubting."""

import re
from pathlib import Path

import pytest
from results_folder import plan_of, put, settings, write_search

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.results import folder as folder_module
from jointsearch.results.folder import DoubtingFolder, Folder

SMALL = settings(3)
WHOLE = plan_of(SMALL, 2).search
SLOT = "search/bracket-000/rung-0/slot-01.json"
PACKAGE = Path(__file__).parents[2] / "src/jointsearch"


@pytest.fixture
def folder(tmp_path):
    write_search(tmp_path, SMALL, 2)
    return tmp_path


def change(path: Path, **changes: object) -> None:
    put(path, read_record(path, Evaluation).model_copy(update=changes))


FAULTS = {
    "broken": (
        lambda path: path.write_text("{"),
        "not a valid Evaluation record: .*; delete it to remake it",
        "not a valid Evaluation record: .*; restore it",
    ),
    "of another experiment": (
        lambda path: change(path, experiment="0" * 64),
        "belongs to another experiment; move it away to train this one",
        "belongs to another experiment, or to other settings of its study; move it away",
    ),
    "in another place": (
        lambda path: change(path, slot=2),
        "is the record of bracket 0, rung 0, slot 2; move it back, or delete it to train this one",
        r"is the record of search, 0, 0, 2 \(study, bracket, ...\); move it back",
    ),
    "of another study": (
        lambda path: change(path, study="manual"),
        "is the record of study manual, bracket 0, rung 0, slot 1; move it back, or delete it to train this one",
        r"is the record of manual, 0, 0, 1 \(study, bracket, ...\); move it back",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_strict_reader_refuses_a_record_that_a_doubting_one_leaves_out(folder, fault):
    spoil, strict, doubting = FAULTS[fault]
    spoil(folder / SLOT)
    with pytest.raises(UserError, match=f"{folder / SLOT}: {strict}$"):
        Folder(folder).evaluations_of(WHOLE)
    one = DoubtingFolder(folder)
    assert len(one.evaluations_of(WHOLE)) == 3 + 1 + 2 - 1
    assert re.fullmatch(doubting, one.broken[SLOT])


def test_records_of_a_study_whose_settings_are_missing_are_not_called_foreign(folder):
    put(layout.plan_file(folder), plan_of(SMALL, 2, retraining={"seeds": 1}))
    name, says = "retraining/bracket-001/rung-0/slot-00.json", "retraining/experiment.json"
    put(folder / name, read_record(folder / SLOT, Evaluation).model_copy(update={"study": "retraining"}))
    change(folder / name, experiment="0" * 64)
    plan = plan_of(SMALL, 2, retraining={"seeds": 1}).find("retraining")
    with pytest.raises(UserError, match=rf"its settings \({says}\) are missing; restore them$"):
        Folder(folder).evaluations_of(plan)
    one = DoubtingFolder(folder)
    one.read_all()
    assert says in one.broken[name] and one.unsettled == {name}


def test_a_folder_in_the_place_of_a_record_is_refused_in_one_line(folder):
    (folder / SLOT).unlink()
    (folder / SLOT).mkdir()
    with pytest.raises(UserError, match=r"slot-01\.json: cannot be read \(Is a directory\); delete it"):
        Folder(folder).evaluations_of(WHOLE)


def test_a_changed_record_is_refused_by_a_strict_reader_alone(folder):
    change(folder / SLOT, seed=1)
    with pytest.raises(UserError, match="changed since it was made"):
        Folder(folder).evaluations_of(WHOLE)
    assert DoubtingFolder(folder).evaluations_of(WHOLE)[1].seed == 1


def test_a_doubting_reader_leaves_out_what_lies_beside_the_place_of_a_record(folder):
    other = (folder / SLOT).with_name("slot-1.json")
    other.write_bytes((folder / SLOT).read_bytes())
    (folder / SLOT).with_name("notes.txt").touch()
    one = DoubtingFolder(folder)
    one.read_all()
    assert f"is not in the place of such a record, which is {SLOT}" in one.broken[folder_name(folder, other)]
    assert one.broken["search/bracket-000/rung-0/notes.txt"] == "no record that a search has; move it away"


def folder_name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def test_both_find_the_same_where_nothing_is_wrong(folder):
    strict, doubting = Folder(folder), DoubtingFolder(folder)
    assert strict.evaluations_of(WHOLE) == doubting.evaluations_of(WHOLE)
    assert strict.evaluations_of(plan_of(SMALL, 1).search) == doubting.evaluations_of(plan_of(SMALL, 1).search)
    assert strict.data == doubting.data


def test_each_file_is_read_once(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "jointsearch.results.folder.read_record",
        lambda path, kind: opened.append(path) or read_record(path, kind),
    )
    one = DoubtingFolder(folder)
    for _ in range(2):
        assert len(list(one.appeared(layout.SEARCH, [0, 1]))) == 3 + 1 + 2
    one.read_all()
    slots = [path for path in opened if path.name.startswith("slot-")]
    assert len(slots) == len(set(slots)) == 3 + 1 + 2


def test_a_job_reads_each_file_once_too(folder, monkeypatch):
    opened, batches = [], sorted(folder.glob("search/bracket-000/rung-0/batch-*.json"))
    monkeypatch.setattr(folder_module, "read_record", lambda path, kind: opened.append(path) or read_record(path, kind))
    one = Folder(folder)
    for _ in range(2):
        assert len(one.of_batches(batches)) == 3
        assert one.batches_of(layout.SEARCH, 0, 0) == {
            0: folder_name(folder, batches[0]),
            1: folder_name(folder, batches[0]),
            2: folder_name(folder, batches[1]),
        }
    assert len(opened) == len(set(opened))


def test_nothing_else_reads_evaluations_but_what_trains_them():
    readers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"read_record\(.*\bEvaluation\b", path.read_text()) and path.name != "folder.py"
    }
    assert readers == {"training"}


def test_a_strict_reader_parses_again_only_what_the_doubting_one_left_out(folder, monkeypatch):
    (folder / SLOT).write_text("{")
    doubting, parsed = DoubtingFolder(folder), []
    doubting.read_all()
    read = folder_module.read_record
    monkeypatch.setattr(folder_module, "read_record", lambda path, kind: (parsed.append(path), read(path, kind))[1])
    with pytest.raises(UserError, match=f"{folder / SLOT}: not a valid Evaluation record"):
        doubting.strict().evaluations_of(WHOLE)
    assert [path for path in parsed if "slot" in path.name] == [folder / SLOT]


def test_a_strict_reader_of_known_records_refuses_one_that_was_changed(folder):
    doubting = DoubtingFolder(folder)
    doubting.read_all()
    change(folder / SLOT, seed=8)
    with pytest.raises(UserError, match="changed since it was made"):
        doubting.strict().evaluations_of(WHOLE)
