"""Where what follows from the records is written, while a run works there and while none does."""

import pytest
from results_folder import settings, write_search

from jointsearch.audit import archive, manifest
from jointsearch.core import layout, lock
from jointsearch.core.errors import UserError
from jointsearch.workflow import outcomes


@pytest.fixture
def folder(tmp_path):
    write_search(tmp_path / "small", settings(9), 1)
    return tmp_path / "small"


def contents(folder):
    return {name: (folder / name).read_bytes() for name in layout.files(folder)}


def test_while_a_run_works_it_is_a_copy_of_the_records(folder):
    before = contents(folder)
    with lock.take(folder), outcomes.where_to_write(folder) as results:
        copied = contents(results / folder.name)
        assert copied == {name: before[name] for name in before if archive.is_source(name)}
        assert {"experiment.json", "plan.json", "data.json", "search/bracket-000/rung-2/batch-00-00.json"} < set(copied)
        (results / folder.name / "paper.pdf").write_text("draft")
    assert contents(folder) == before


def test_otherwise_it_is_the_folder_itself_in_which_no_run_can_begin(folder):
    with lock.take(folder), outcomes.where_to_write(folder):
        assert (folder / "draft").exists()
    with outcomes.where_to_write(folder) as results:
        assert results / folder.name == folder and not (folder / "draft").exists()
        with pytest.raises(UserError, match=r"another run works here \(process"):
            lock.take(folder)


def test_what_a_manifest_names_is_left_and_a_draft_made_beside_it(folder):
    (folder / manifest.NAME).write_text(manifest.make(folder))
    before = contents(folder)
    with outcomes.where_to_write(folder) as results:
        (results / folder.name / "paper.pdf").write_text("draft")
    assert contents(folder) == before
    assert (folder / manifest.NAME).read_text() == manifest.make(folder)


def test_a_broken_record_is_named_where_it_lies_and_the_earlier_draft_stays(folder):
    (folder / manifest.NAME).write_text(manifest.make(folder))
    with outcomes.where_to_write(folder) as results:
        paper = results / folder.name / "paper.pdf"
        paper.write_text("draft")
    record = folder / "search/bracket-000/rung-0/slot-00.json"
    record.write_text("{")
    with pytest.raises(UserError, match=f"^{record}: "), outcomes.where_to_write(folder):
        pass
    assert paper.read_text() == "draft"


def test_a_draft_that_another_process_still_writes_is_left(folder):
    run = lock.take(folder)
    with outcomes.where_to_write(folder) as results:
        run.close()
        with pytest.raises(UserError, match=r"draft: another run works here"), outcomes.where_to_write(folder):
            pass
        assert (results / folder.name / "experiment.json").exists()


def test_two_drafts_at_once_are_refused(folder):
    with (
        lock.take(folder),
        outcomes.where_to_write(folder),
        pytest.raises(UserError, match=r"draft: another run works here"),
        outcomes.where_to_write(folder),
    ):
        pass
