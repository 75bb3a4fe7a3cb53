"""Results that were copied, restored or unpacked: what is there is not made again."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from end_to_end.conftest import Workspace
from end_to_end.forgery import LAST, SLOT, edit, set_errors
from jointsearch.audit import code_listing, current, manifest
from jointsearch.core import config, lock
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.core.proposal import Rung
from jointsearch.workflow import time_stamps
from jointsearch.workflow.session import Session
from jointsearch.workflow.study_jobs import StudyJobs

PROPOSALS = "search/bracket-000/rung-0/proposals.json"
BATCH = "search/bracket-000/rung-0/batch-00-08.json"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def shuffle_stamps(folder: Path) -> None:
    """As a copy leaves them, or a restore."""
    rng = random.Random(0)
    for path in files(folder):
        os.utime(path, ns=(0, rng.randrange(15 * 10**17, 17 * 10**17)))


def jobs(workspace: Workspace, *targets: str) -> list[list[str]]:
    """Rule and count of what a run would do."""
    printed = workspace.snakemake("-n", *targets)
    if "Nothing to be done" in printed:
        return []
    table = printed[printed.index("Job stats") :].splitlines()[3:]
    return [line.split() for line in table[: table.index("")] if not line.startswith("total")]


def settings(workspace: Workspace, **changes) -> config.Config:
    return config.read(workspace.folder / "config.yaml", overrides=changes)


def test_copied_results_have_nothing_to_do_in_another_clone(finished, run_by_snakemake, workspace):
    """Its code is newer than what was made by the same code, and the engine knows nothing of these files."""
    shutil.copytree(finished.results, workspace.results)
    shutil.copytree(run_by_snakemake.folder / "logs", workspace.folder / "logs")
    shuffle_stamps(workspace.results)
    # The engine takes the times that jobs took for their outputs.
    assert list((workspace.folder / "logs").rglob("train-*.tsv"))
    shuffle_stamps(workspace.folder / "logs")
    content = {path: path.read_bytes() for path in files(workspace.results) if not path.name.startswith(".")}
    assert jobs(workspace) == []
    assert {path: path.read_bytes() for path in content} == content


def test_an_archive_unpacked_has_nothing_to_do_and_its_configuration_finds_its_space(finished, workspace, tmp_path):
    packed = tmp_path / "small.tar.xz"
    assert finished.call("archive", "results/small", "--output", str(packed)).returncode == 0
    workspace.results.mkdir(parents=True)
    subprocess.run(["tar", "xf", packed, "-C", workspace.results.parent], check=True)
    (workspace.folder / "space.yaml").write_text("another")
    command = [workspace.command()[0], "-n", "--configfile", "results/small/config.yaml"]
    done = subprocess.run(command, cwd=workspace.folder, capture_output=True, text=True)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_of_a_copy_of_an_interrupted_search_that_is_made_longer_only_what_is_missing_is_trained(finished, tmp_path):
    copy = finished.copy(tmp_path / "clone")
    (copy.results / LAST).unlink()
    (copy.results / "search/bracket-002/rung-0/batch-00-02.json").unlink()
    (copy.results / "manifest.sha256").unlink()
    shuffle_stamps(copy.results)
    copy.configure(search={"length": 4})
    asked = jobs(copy, "search")
    assert ["train", "4"] in asked and {name for name, _ in asked} <= {"train", "history", "sample", "promote"} | {
        "observations",
        "search",
    }


def test_jobs_of_another_size_train_only_what_is_missing(finished, tmp_path):
    copy = finished.copy(tmp_path / "clone")
    copy.configure(search={"length": 4}, jobs={"evaluations_per_job": 2})
    # Nine, three and one of the fourth bracket, two at a time.
    assert ["train", "8"] in jobs(copy, "search")
    copy.configure(jobs={"evaluations_per_job": 1})
    assert jobs(copy, "search") == []
    assert copy.derivable() == finished.derivable()


def test_a_record_that_was_edited_in_a_copy_is_told_and_not_trained(finished, tmp_path):
    copy = finished.copy(tmp_path / "clone")
    set_errors(copy.results / SLOT, loss=0.0)
    shuffle_stamps(copy.results)
    printed = copy.snakemake("--cores", "1", "search", succeeds=False)
    assert "\ntrain " in printed  # of what follows
    assert f"{Path('results/small') / SLOT}: changed since it was made" in printed
    assert (copy.results / BATCH).read_bytes() == (finished.results / BATCH).read_bytes()


def test_of_results_that_nobody_touched_nothing_is_stale(finished):
    assert current.stale(finished.results, settings(finished)) == set()


def test_proposals_that_are_other_ones_make_what_was_trained_of_others_stale(finished, tmp_path):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    rung = read_record(results / PROPOSALS, Rung)
    edit(results / PROPOSALS, Rung, proposals=rung.proposals[::-1])
    assert BATCH in current.stale(results, settings(finished))


def test_proposals_that_say_more_of_the_same_configurations_make_no_training_stale(finished, tmp_path):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    edit(results / PROPOSALS, Rung, parents=("0" * 64,))
    stale = current.stale(results, settings(finished))
    assert PROPOSALS in stale and BATCH not in stale


def test_what_follows_from_an_evaluation_that_is_another_one_is_stale(finished, tmp_path):
    """As one that was trained again, where bits cannot be asked for."""
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    edit(results / SLOT, Evaluation, steps=3)
    stale = current.stale(results, settings(finished))
    assert {"search/bracket-000/rung-1/proposals.json", "observations.csv", "numbers.json"} <= stale
    assert not {BATCH, PROPOSALS} & stale


@pytest.mark.parametrize(
    "name", ["observations.csv", "figures/incumbent_over_time.csv", "numbers.json", "manifest.sha256"]
)
def test_outcomes_that_were_changed_are_stale_and_no_records(finished, tmp_path, name):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    (results / name).write_text((results / name).read_text().replace("0", "1", 1))
    stale = current.stale(results, settings(finished))
    assert {name, "paper.pdf", "manifest.sha256"} <= stale
    assert not [one for one in stale if one.startswith("search/")]


def test_a_longer_search_makes_the_outcomes_stale_and_no_records(finished):
    stale = current.stale(finished.results, settings(finished, search={"length": 4}))
    assert {"config.yaml", "observations.csv", "numbers.json", "paper.pdf"} <= stale
    assert not [one for one in stale if one.startswith("search/")]


@pytest.mark.parametrize(
    ("code", "stale", "current_ones"),
    [
        ("src/jointsearch/plotting/style.py", {"figures/incumbent_over_time.pdf", "paper.pdf"}, {"observations.csv"}),
        (
            "src/jointsearch/plotting/learning_curves.py",
            {"figures/learning_curves.csv", "figures/learning_curves.pdf", "numbers.json", "paper.pdf"},
            {"figures/incumbent_over_time.pdf", "figures/budget_correlation.csv", "interactive.html"},
        ),
        ("paper/main.typ", {"paper.pdf", "manifest.sha256"}, {"figures/incumbent_over_time.pdf", "numbers.json"}),
    ],
)
def test_figures_and_paper_follow_their_code_by_its_content(finished, tmp_path, code, stale, current_ones):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    lines = [line for line in (results / code_listing.NAME).read_text().splitlines() if not line.endswith(f"  {code}")]
    assert len(lines) == len(code_listing.files()) - 1
    (results / code_listing.NAME).write_text("\n".join([*lines, f"{'0' * 64}  {code}", ""]))
    (results / manifest.NAME).write_text(manifest.make(results))
    found = current.stale(results, settings(finished))
    assert stale <= found and not current_ones & found


def test_a_longer_search_is_noticed_though_the_stamps_are_those_that_were_left(finished, tmp_path):
    """A copy that keeps them may lack what the engine remembers of parameters."""
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    known = time_stamps.settle(results, settings(finished, search={"length": 4}), {})
    assert "observations.csv" in known.stale and BATCH not in known.stale


def test_results_that_another_run_works_on_or_that_cannot_be_written_are_left(finished, tmp_path):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    shuffle_stamps(results)
    before = {path: path.stat().st_mtime_ns for path in files(results) if path.name != ".lock"}
    with lock.take(results):
        time_stamps.settle(results, settings(finished), {})
    assert {path: path.stat().st_mtime_ns for path in files(results) if path.name != ".lock"} == before


def test_what_is_stale_is_named_and_all_has_the_same_stamp(finished, tmp_path):
    results = Path(shutil.copytree(finished.results, tmp_path / "small"))
    (results / "numbers.json").write_text("{}")
    shuffle_stamps(results)
    known = time_stamps.settle(results, settings(finished), {})
    assert {"numbers.json", "paper.pdf"} <= known.stale
    assert not {"space.yaml", BATCH} & known.stale
    assert len({(results / name).stat().st_mtime_ns for name in ("numbers.json", "observations.csv", BATCH)}) == 1
    # So it is the next time, without a look into any file.
    assert time_stamps.settle(results, settings(finished), {}) == known


def forced(workspace: Workspace) -> set[str]:
    """The files that a run makes whatever their time stamps and Snakemake's memory of them say."""
    found: set[str] = set()
    all_jobs = StudyJobs.all_from_config(config.read(workspace.folder / "config.yaml"), workspace.folder / "results")
    assert Session(all_jobs).settle(found) == []
    return {Path(name).relative_to(workspace.results).as_posix() for name in found}


def test_nothing_is_made_again_of_finished_results(finished, tmp_path):
    copy = finished.copy(tmp_path / "clone")
    assert forced(copy) == set()
    assert forced(copy) == set()


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 100)])
def test_a_record_that_is_missing_or_truncated_in_finished_results_is_noticed(finished, tmp_path, capfd, damage):
    copy = finished.copy(tmp_path / "clone")
    assert forced(copy) == set()
    damage(copy.results / SLOT)
    for _ in range(2):
        found = forced(copy)
        assert {"observations.csv", "numbers.json", "paper.pdf"} <= found or BATCH in found
        assert str(copy.results / SLOT) in capfd.readouterr().err
    # Whatever else is wrong, a record that is there is never trained again.
    assert (BATCH in found) == (not (copy.results / SLOT).exists())


def test_a_backup_of_a_shorter_search_that_was_restored_is_made_longer_again(finished, tmp_path):
    """Whatever the engine remembers of the longer one."""
    copy = finished.copy(tmp_path / "clone")
    copy.configure(search={"length": 4})
    found = forced(copy)
    assert {"config.yaml", "observations.csv", "incumbent.json", "numbers.json"} <= found
    assert not [name for name in found if name.startswith("search/")]
