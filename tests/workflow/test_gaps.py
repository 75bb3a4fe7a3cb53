"""What is missing from results or damaged, and what a run does about it."""

import os
import shutil
from pathlib import Path

import pytest
from results_folder import put, settings, write_search
from synthetic import SPACE

from jointsearch.audit import manifest
from jointsearch.core import layout
from jointsearch.core.evaluation import Batch
from jointsearch.core.files import read_record, write_record
from jointsearch.search.resolve import to_config
from jointsearch.training import job
from jointsearch.workflow import gaps
from jointsearch.workflow.gaps import Gaps
from jointsearch.workflow.study_jobs import DRAWN, StudyJobs
from jointsearch.workflow.time_stamps import Known

RUNG = Path("search/bracket-000/rung-0")
SLOT, BATCH = RUNG / "slot-03.json", RUNG / "batch-02-03.json"
BRACKETS = 3


@pytest.fixture
def folder(tmp_path):
    """A search that has ended; two slots a job."""
    folder = tmp_path / "small"
    write_search(folder, settings(maximum=9), BRACKETS)
    for path in (folder / "figures").glob("*.csv"):
        for suffix in DRAWN:
            path.with_suffix(suffix).touch()
    (folder / "ro-crate-metadata.json").touch()
    put(folder / manifest.NAME, manifest.make(folder).encode())
    return folder


def jobs(folder: Path, brackets: int = BRACKETS, size: int = 2) -> dict[str, StudyJobs]:
    config = to_config(settings(maximum=9), brackets)
    packed = config.model_copy(
        update={"space": SPACE, "jobs": config.jobs.model_copy(update={"evaluations_per_job": size})}
    )
    return StudyJobs.all_from_config(packed, folder.parent)


def made(folder: Path, **changes: int) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in gaps.find(jobs(folder, **changes)).made}


def test_finished_results_have_none(folder):
    assert gaps.find(jobs(folder)) == Gaps()


def test_nor_have_those_of_a_search_that_has_only_begun(folder):
    for path in folder.iterdir():
        if path.name not in ("experiment.json", "plan.json", "data.json", "search"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder / "search/bracket-002")
    assert gaps.find(jobs(folder)) == Gaps()


def test_a_missing_record_is_trained_again_by_the_job_that_its_batch_names(folder):
    (folder / SLOT).unlink()
    found = gaps.find(jobs(folder))
    assert (found.records, found.files, found.made) == ((folder / SLOT,), (), {folder / BATCH})


def test_of_a_missing_bracket_is_made_again_what_was_made_from_it(folder):
    shutil.rmtree(folder / "search/bracket-001")
    remade = made(folder)
    assert {"observations.csv", "incumbent.json", "search/bracket-002/history.json"} <= remade
    assert not [name for name in remade if name.startswith("search/bracket-000")]


@pytest.mark.parametrize(
    ("name", "follows"),
    [
        (RUNG / "proposals.json", f"{RUNG}/batch-00-01.json"),
        (BATCH, "search/bracket-000/rung-1/proposals.json"),
        ("search/bracket-001/history.json", "search/bracket-002/history.json"),
        ("observations.csv", "figures/incumbent_over_time.pdf"),
        ("figures/incumbent_over_time.png", "paper.pdf"),
        ("config.yaml", "paper.pdf"),
    ],
)
def test_whatever_is_missing_is_noticed_by_what_was_made_from_it(folder, name, follows):
    (folder / name).unlink()
    found = gaps.find(jobs(folder))
    assert found.files == (folder / name,)
    assert folder / follows in found.made


def test_a_study_that_is_a_link_to_another_disk_is_there(folder, tmp_path):
    (folder / "search").rename(tmp_path / "elsewhere")
    (folder / "search").symlink_to(tmp_path / "elsewhere")
    assert gaps.find(jobs(folder)) == Gaps()
    (folder / SLOT).unlink()
    assert gaps.find(jobs(folder)).records == (folder / SLOT,)


def test_batches_that_follow_from_those_of_another_size_count_as_there(folder):
    all_jobs = jobs(folder, size=9)
    [batch] = all_jobs["search"].rungs[0]
    given = [path for rung in all_jobs["search"].rungs for path in rung]
    assert gaps.find(all_jobs).files
    assert gaps.find(all_jobs, given) == Gaps()
    (folder / SLOT).unlink()
    assert gaps.find(all_jobs, given).made == {batch}


def test_notes_are_of_what_was_there_and_not_of_a_search_that_is_made_longer(folder):
    longer = gaps.find(jobs(folder, brackets=4))
    assert longer.made and gaps.notes(folder, longer, Known()) == []
    shutil.rmtree(folder / "search/bracket-002")
    (folder / SLOT).unlink()
    record, files = gaps.notes(folder, gaps.find(jobs(folder)), Known())
    assert record == f"{folder / SLOT}: a record that its batch file names is missing; it is trained again"
    assert files.startswith(f"{folder}/search/bracket-002/") and files.endswith("made from it; made again")


def test_a_damaged_record_is_noted_and_so_is_what_does_not_follow(folder):
    stale = [f"{RUNG}/proposals.json", str(SLOT), "observations.csv"]
    [note] = gaps.notes(folder, Gaps(), Known(stale=frozenset(stale[1:])))
    assert note.startswith(f"{folder / SLOT}: broken, or changed since it was made; restore it, or delete it")
    [note] = gaps.notes(folder, Gaps(), Known(stale=frozenset({stale[0], stale[2]})))
    assert note == f"{folder / RUNG}/proposals.json: does not follow from its inputs; made again"


def test_what_names_a_missing_record_makes_room_for_another_one(folder):
    """Batch files of jobs of any size; every other file stays."""
    (folder / SLOT).unlink()
    put(folder / RUNG / "batch-00-08.json", b"{}")
    found = gaps.find(jobs(folder))
    before = set(layout.files(folder))
    notes = gaps.open_up(folder, found)
    assert before - set(layout.files(folder)) == {str(BATCH), f"{RUNG}/batch-00-08.json"}
    assert not (folder / manifest.NAME).exists()
    assert [note.rpartition(": ")[2] for note in notes] == ["removed, as records named there are missing"] * 1 + [
        f"removed, as records named there are missing ({folder / SLOT})"
    ]


def test_a_record_is_missed_by_a_batch_file_of_another_size_that_is_not_complete_in_this_one(folder):
    for path in (folder / RUNG).glob("batch-0[4-8]*.json"):
        path.unlink()
    (folder / SLOT).unlink()
    all_jobs = jobs(folder, size=9)
    assert not job.repacked(all_jobs["search"].rungs[0])
    found = gaps.find(all_jobs)
    assert found.records == (folder / SLOT,) and folder / BATCH not in found.made
    gaps.open_up(folder, found)
    assert [path.name for path in (folder / RUNG).glob("batch-*")] == ["batch-00-01.json"]


def test_a_copy_of_a_batch_file_beside_it_is_none(folder):
    copy = shutil.copy(folder / BATCH, folder / RUNG / "batch-02-03 (copy).json")
    assert gaps.find(jobs(folder)) == Gaps() and gaps.damage(jobs(folder)) == ""
    (folder / SLOT).unlink()
    gaps.open_up(folder, gaps.find(jobs(folder)))
    assert copy.exists() and not (folder / BATCH).exists()


def test_without_a_missing_record_nothing_is_removed(folder):
    (folder / "observations.csv").unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert gaps.open_up(folder, gaps.find(jobs(folder))) == []
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_records_that_are_missing_or_damaged_are_counted_by_their_digests(folder):
    assert gaps.damage(jobs(folder)) == ""
    kept = (folder / SLOT).stat()
    content = (folder / SLOT).read_bytes()
    (folder / SLOT).write_bytes(content[:-2] + b" }")
    os.utime(folder / SLOT, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert gaps.damage(jobs(folder)).startswith(f"     damaged {folder / SLOT}: missing, broken, or changed")
    (folder / RUNG / "slot-00.json").write_bytes(b"{")
    (folder / RUNG / "slot-01.json").unlink()
    assert " and 2 more: " in gaps.damage(jobs(folder))


def test_a_damaged_record_is_counted_once_whatever_the_size_of_jobs(folder):
    batch = read_record(folder / BATCH, Batch)
    put(folder / RUNG / "batch-03-03.json", Batch(first_slot=3, records=batch.records[1:]))
    (folder / SLOT).write_bytes(b"{")
    for size in (9, 2):
        assert gaps.damage(jobs(folder, size=size)).startswith(f"     damaged {folder / SLOT}: missing, broken"), size


def test_a_batch_file_that_names_too_few_records_is_damaged(folder):
    path = folder / BATCH
    batch = read_record(path, Batch)
    write_record(path, batch.model_copy(update={"records": batch.records[:-1]}))
    assert gaps.damage(jobs(folder)).startswith(f"     damaged {path}: missing, broken, or changed")
