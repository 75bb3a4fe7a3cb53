"""A whole search, and what may and may not change its course."""

import json
from collections import Counter

import pandas as pd
import torch
from PIL import Image

from end_to_end.conftest import Workspace
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, read_record
from jointsearch.core.history import History
from jointsearch.core.proposal import Rung
from jointsearch.results import data_summary
from jointsearch.search.incumbent import Incumbent

SAMPLER = """
from jointsearch.core.proposal import Origin
from jointsearch.samplers import Sampled, Suggestion


def make(rate):
    def propose(space, history, count, rng, outlook=None):
        origin = Origin(sampler="mine", kind="random")
        prior = space.sample(count, rng)
        return Suggestion(tuple(Sampled(values | {"learning_rate": float(rate)}, origin) for values in prior))

    return propose
"""

SLOW = """
import time


def evaluate(trial):
    time.sleep(0.5)
    return {"loss": trial.values["learning_rate"]}
"""

PLANNED = {2: 9, 6: 3 + 3, 18: 1 + 1 + 3}


def test_the_search_trains_what_was_planned(finished):
    evaluations = finished.evaluations()
    assert Counter(item.budget for item in evaluations) == PLANNED
    assert all(item.steps == item.budget for item in evaluations if item.status == "success")
    table = pd.read_csv(finished.results / "observations.csv")
    assert table["evaluation"].tolist() == [item.id for item in evaluations]


def test_the_later_brackets_are_proposed_by_a_model_that_says_what_it_saw(finished):
    first, *later = (
        read_record(finished.results / f"search/bracket-00{index}/rung-0/proposals.json", Rung) for index in range(3)
    )
    assert {proposal.origin.kind for proposal in first.proposals} == {"random"}
    assert first.model is None
    assert "model" in {proposal.origin.kind for rung in later for proposal in rung.proposals}
    for rung in later:
        known = {item.id for item in finished.evaluations(rung.bracket) if item.budget == rung.model.budget}
        assert set(rung.model.evaluations) <= known
        assert len(rung.model.evaluations) >= 8


def test_inactive_parameters_are_left_out(finished):
    for item in finished.evaluations():
        values = item.proposal.values
        assert ("shakedrop_death_rate" in values) == (values["residual_branches_3"] == 1)


def test_promoted_proposals_keep_their_ids_and_are_the_best_of_their_rung(finished):
    for bracket in range(3):
        rungs = {}
        for item in finished.evaluations():
            if item.bracket == bracket:
                rungs.setdefault(item.rung, []).append(item)
        for rung in range(1, len(rungs)):
            below = {item.proposal.id: item.loss for item in rungs[rung - 1]}
            kept = [below[item.proposal.id] for item in rungs[rung]]
            left = [loss for name, loss in below.items() if name not in {item.proposal.id for item in rungs[rung]}]
            assert max(kept) <= min(left)


def test_the_incumbent_is_the_best_at_the_full_budget(finished):
    best = read_record(finished.results / "incumbent.json", Incumbent)
    assert best.loss == min(item.loss for item in finished.evaluations() if item.budget == 18)


def test_the_figures_are_there_in_three_formats_with_their_data(finished):
    for name in ("budget_correlation", "full_budget_evaluations"):
        stem = finished.results / "figures" / name
        assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert "</svg>" in stem.with_suffix(".svg").read_text()
        with Image.open(stem.with_suffix(".png")) as image:
            assert image.width > 1000
        assert stem.with_suffix(".csv").read_text().count("\n") > 1


def test_the_workflow_and_the_driver_make_the_same(finished, run_by_snakemake):
    assert run_by_snakemake.derivable() == finished.derivable()
    assert run_by_snakemake.chain() == finished.chain()
    for name in ("plan.json", "data.json", "incumbent.json"):
        assert (run_by_snakemake.results / name).read_bytes() == (finished.results / name).read_bytes(), name


def test_the_run_shows_progress(run_by_snakemake):
    printed = (run_by_snakemake.folder / "printed").read_text()
    assert "20/20 evaluations (2 steps 9/9, 6 steps 6/6, 18 steps 5/5)" in printed
    assert "results in results/small" in printed


def test_jobs_to_start_are_sought_when_a_job_has_ended_and_not_by_the_clock(workspace):
    """By its clock, Snakemake seeks more and more often: several hundred times in this run."""
    (workspace.folder / "slow.py").write_text(SLOW)
    workspace.configure(
        objective="slow:evaluate",
        budget={"unit": "rounds", "minimum": 1, "maximum": 1},
        search={"length": 4, "lags": None, "sampler": "random"},
        jobs={"seconds_per_unit": 1},
        data=None,
    )
    printed = workspace.snakemake("search", "--cores", "1", "--verbose")
    assert 12 < printed.count("Ready jobs: ") <= printed.count("Handle temp files for job ") + 1


def test_the_run_the_status_and_the_record_say_which_images_there_are(run_by_snakemake):
    line = data_summary.line(read_record(run_by_snakemake.results / "data.json", DataSet))
    assert line.startswith(
        "10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; 1,294 / 144 / 359 images of 8 x 8 x 1 for training,"
    )
    assert line in (run_by_snakemake.folder / "printed").read_text().splitlines()
    assert f"images {line}\n" in run_by_snakemake.call("status", "config.yaml").stdout


def test_status_says_the_same_from_the_files_and_names_the_best_configuration(finished):
    done = finished.script("status", "config.yaml")
    assert done.returncode == 0
    assert "20 / 20" in done.stdout
    assert "results     results/small" in done.stdout
    assert "learning_rate = " in done.stdout


def test_killed_repacked_and_made_longer_a_search_takes_the_same_course_and_trains_nothing_twice(finished, workspace):
    search = {"length": 1, "length_unit": "full_budget_evaluations"}
    workspace.configure(search=search, jobs={"evaluations_per_job": 4})
    # As when the login node dies and the jobs live on: two processes train the same slots at the same time.
    run = workspace.start("--cores", "1", "search")
    workspace.wait_for(workspace.slots, run)
    run.kill()
    run.wait()
    kept = {path: path.read_bytes() for path in workspace.slots()}
    workspace.snakemake("--cores", "1", "search")
    # Byte for byte, times included: what was complete was not trained again.
    assert all(path.read_bytes() == before for path, before in kept.items())
    assert workspace.derivable() == [one.derivable() for one in finished.evaluations(1)]
    assert len(pd.read_csv(workspace.results / "observations.csv")) == 9 + 3 + 1
    kept = {path: path.read_bytes() for path in workspace.slots()}
    workspace.configure(search=search | {"length": 2})
    workspace.snakemake("--cores", "1", "search")
    assert all(path.read_bytes() == before for path, before in kept.items())
    assert workspace.derivable() == [one.derivable() for one in finished.evaluations(2)]
    assert len(pd.read_csv(workspace.results / "observations.csv")) == 17


def test_nothing_is_left_to_do_and_harmless_changes_leave_it_so(run_by_snakemake, tmp_path):
    workspace = run_by_snakemake.copy(tmp_path / "clone")
    assert "Nothing to be done" in workspace.snakemake("-n", "search")
    workspace.configure(notes={"a key of mine": 1}, jobs={"workers": 3}, data_root="elsewhere")
    for code in [*workspace.folder.glob("scripts/*.py"), *workspace.folder.glob("workflow/rules/*.smk")]:
        code.write_text(code.read_text() + "# A comment.\n")
    for path in (workspace.results / "experiment.json", workspace.folder / "space.yaml", *workspace.slots()):
        path.touch()
    for path in workspace.results.rglob("proposals.json"):
        path.touch()
    planned = workspace.snakemake("-n")
    assert "train " not in planned, planned


def test_the_workflow_runs_from_another_working_directory(finished, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("config.yaml", "space.yaml"):
        (elsewhere / name).write_text((finished.folder / name).read_text())
    snakefile, first = finished.folder / "workflow/Snakefile", "search/bracket-000/rung-0/proposals.json"
    workspace = Workspace(elsewhere)
    workspace.snakemake("--cores", "1", "-s", str(snakefile), f"results/small/{first}", "results/small/data.json")
    for name in (first, "data.json"):
        assert (workspace.results / name).read_bytes() == (finished.results / name).read_bytes()


def test_a_sampler_of_ones_own(workspace):
    (workspace.folder / "mine.py").write_text(SAMPLER)
    workspace.configure(search={"sampler": "mine:make", "sampler_settings": {"rate": "1e-2"}, "length": 1})
    target = "results/small/search/bracket-000/rung-0/proposals.json"
    workspace.snakemake("--cores", "1", target)
    rung = read_record(workspace.folder / target, Rung)
    assert {proposal.values["learning_rate"] for proposal in rung.proposals} == {0.01}


def test_a_search_with_the_gaussian_process_can_be_repeated_and_its_proposals_derived(workspace):
    """Its brackets look at what earlier ones have proposed and not yet learned."""
    workspace.configure(search={"sampler": "mfgp", "length": 5, "lags": [0, 1, 2]})
    workspace.drive()
    folders = [workspace.results / f"search/bracket-00{index}" for index in range(5)]
    files = [folder / "rung-0/proposals.json" for folder in folders]
    rungs = [read_record(file, Rung) for file in files]
    assert "model" in {proposal.origin.kind for rung in rungs[3:] for proposal in rung.proposals}
    histories = [digest(read_record(folder / "history.json", History)) for folder in folders]
    waits = {3: [2], 4: [2]}
    for index, pending in waits.items():
        rung = rungs[index]
        assert rung.parents == (histories[index], *(digest(rungs[other]) for other in pending))
        assert rung.model.details["pending"] == sum(len(rungs[other].proposals) for other in pending)
    # The workflow makes the same of the same records.
    again = {files[index]: files[index].read_bytes() for index in waits}
    for file in again:
        file.unlink()
    workspace.snakemake("--cores", "2", *(str(file.relative_to(workspace.folder)) for file in again))
    assert {file: file.read_bytes() for file in again} == again


def test_records_say_what_they_were_made_with(finished):
    data = json.loads((finished.results / "data.json").read_text())
    for item in finished.evaluations():
        assert item.made_with.data == data["digest"]
        assert item.made_with.split == data["split"]
        assert item.made_with.torch == torch.__version__
        assert item.made_with.threads == 1
        assert item.observed.finished >= item.observed.started
    assert len({item.seed for item in finished.evaluations()}) == 20


def test_a_search_whose_trainings_all_fail_ends_with_figures_that_say_so(workspace):
    workspace.configure(training={"maximum_parameters": 1}, search={"length": 2})
    workspace.drive("finish")
    assert {item.status for item in workspace.evaluations()} == {"too_large"}
    best = read_record(workspace.results / "incumbent.json", Incumbent)
    assert best.values is None
    assert "too_large" in best.message
    assert (workspace.results / "figures" / "full_budget_evaluations.png").exists()


def test_a_record_reads_back_from_its_file(finished):
    record = read_record(finished.slots()[0], Evaluation)
    assert json.loads(finished.slots()[0].read_text()) == record.model_dump(mode="json")


def test_with_continuation_promoted_configurations_go_on_and_what_is_damaged_is_named(workspace, tmp_path):
    workspace.configure(training={"continuation": True}, search={"length": 1})
    other = workspace.copy(tmp_path / "other")
    other.drive()
    for item in other.evaluations():
        assert item.continues == (f"{item.proposal.id}@{item.rung - 1}" if item.rung else None)
        assert item.status != "success" or item.steps == item.budget
    assert not list(other.results.rglob("end-*"))
    workspace.configure(training={"continuation": True}, search={"length": 1}, jobs={"evaluations_per_job": 5})
    workspace.snakemake("--until", "promote", "search")
    ends = sorted(workspace.results.rglob("rung-0/end-*"))
    assert len(ends) == 3
    ends[0].write_bytes(ends[0].read_bytes()[:-1])
    ends[1].unlink()
    output = workspace.snakemake("search", succeeds=False)
    slots = [
        workspace.results.relative_to(workspace.folder)
        / f"search/bracket-000/rung-0/slot-{int(end.stem.split('-')[-1]):02d}.json"
        for end in ends
    ]
    assert f"damaged; delete {slots[0]} to train it again" in output
    for path in (*workspace.results.rglob("rung-0/batch-*"), workspace.folder / slots[0], workspace.folder / slots[1]):
        path.unlink(missing_ok=True)
    workspace.snakemake("search")
    assert not list(workspace.results.rglob("end-*"))
    assert workspace.derivable() == other.derivable()
