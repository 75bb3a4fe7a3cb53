"""A search that starts from the evaluations of another one."""

import json
import shutil

import pandas as pd
import pytest

from end_to_end.conftest import Workspace
from jointsearch.audit import ancestry, audit
from jointsearch.audit.findings import Verdict
from jointsearch.core.files import digest, read_record
from jointsearch.core.history import History, WarmStart
from jointsearch.core.proposal import Rung
from jointsearch.search import hpbandster

WARM = {"search": {"warm_start": "other", "length": 1}}


def export(finished: Workspace, workspace: Workspace) -> None:
    """Export the finished search into the folder that another one starts from."""
    done = workspace.call("export_hpbandster", str(finished.results / "experiment.json"), "other")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def warm(finished, tmp_path_factory):
    """One bracket that started from the finished search. Read only."""
    workspace = finished.copy(tmp_path_factory.mktemp("warm") / "clone")
    export(finished, workspace)
    shutil.rmtree(workspace.results)
    workspace.configure(**WARM)
    workspace.drive()
    return workspace


def first_rung(workspace: Workspace) -> Rung:
    return read_record(workspace.results / "search/bracket-000/rung-0/proposals.json", Rung)


def test_the_first_bracket_is_proposed_by_a_model_of_the_other_search(finished, warm):
    record = read_record(warm.results / "search/warm_start.json", WarmStart)
    assert [one.evaluation for one in record.observations] == [f"hpbandster:{one.id}" for one in finished.evaluations()]
    history = read_record(warm.results / "search/bracket-000/history.json", History)
    assert history.previous == digest(record)
    assert history.observations == ()
    rung = first_rung(warm)
    assert "model" in {one.origin.kind for one in rung.proposals}
    assert rung.model.budget == 2
    assert set(rung.model.evaluations) <= {one.evaluation for one in record.observations}
    assert {one.origin.kind for one in first_rung(finished).proposals} == {"random"}


def test_the_table_holds_what_the_search_trained_itself(warm):
    assert len(warm.evaluations()) == 13
    assert len(pd.read_csv(warm.results / "observations.csv")) == 13


def test_the_plan_knows_that_there_is_a_model_at_once(warm):
    assert (
        "first model       bracket 0, from 8 or more evaluations at 2 steps" in warm.call("plan", "config.yaml").stdout
    )


def test_again_it_gives_the_same_bits_and_nothing_is_left_to_do(warm, tmp_path):
    workspace = warm.copy(tmp_path / "clone")
    assert "Nothing to be done" in workspace.snakemake("--cores", "1", "search")
    shutil.rmtree(workspace.results)
    # Where the folder lies makes no difference.
    (workspace.folder / "other").rename(workspace.folder / "an other")
    workspace.configure(search=WARM["search"] | {"warm_start": "an other"})
    promoted = "search/bracket-000/rung-1/proposals.json"
    workspace.snakemake("--cores", "1", f"results/small/{promoted}")
    assert workspace.derivable() == warm.derivable()[:9]
    for name in ("experiment.json", "search/warm_start.json", "search/bracket-000/history.json", promoted):
        assert (workspace.results / name).read_bytes() == (warm.results / name).read_bytes()


def test_later_brackets_see_it_too(warm, tmp_path):
    workspace = warm.copy(tmp_path / "clone")
    workspace.configure(search=WARM["search"] | {"length": 2})
    workspace.drive()
    assert workspace.derivable()[:13] == warm.derivable()
    rung = read_record(workspace.results / "search/bracket-001/rung-0/proposals.json", Rung)
    names = [name.startswith("hpbandster:") for name in rung.model.evaluations]
    assert any(names) and not all(names)


def test_another_folder_is_refused(warm, tmp_path):
    workspace = warm.copy(tmp_path / "clone")
    results = workspace.folder / "other" / "results.json"
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(lines[:-1]))
    printed = workspace.snakemake("--cores", "1", succeeds=False)
    assert "results/small: holds results of another experiment: warm_start was" in printed
    workspace.configure(search={"length": 1})
    assert "is now null; give this one another name" in workspace.call("plan", "config.yaml").stderr


def test_losses_that_are_no_errors_are_ranked_and_an_audit_follows(finished, workspace):
    export(finished, workspace)
    path = workspace.folder / "other" / "results.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line[3]["loss"] = 100 * line[3]["loss"] - 7
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    workspace.configure(**WARM)
    assert "search.warm_start: {folder: ..., losses: ranks}" in workspace.call("plan", "config.yaml").stderr
    workspace.configure(search=WARM["search"] | {"warm_start": {"folder": "other", "losses": "ranks"}})
    proposals = "search/bracket-000/rung-0/proposals.json"
    workspace.snakemake("--cores", "1", f"results/small/{proposals}", "results/small/config.yaml")
    record = read_record(workspace.results / "search/warm_start.json", WarmStart)
    assert record.losses == "ranks"
    assert all(0 < one.loss < 1 for one in record.observations)
    assert "model" in {one.origin.kind for one in first_rung(workspace).proposals}
    done = audit.run(workspace.results, "derive")
    verdicts = done.findings.verdicts()
    assert Verdict.MISMATCH not in verdicts.values(), done.findings.problems
    assert verdicts[proposals] is verdicts["search/warm_start.json"] is verdicts["config.yaml"] is Verdict.VERIFIED
    assert "search/warm_start.json" in ancestry.files_behind(done.evidence, proposals)


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("results.json", "[[0, 0, 0]", "other/results.json: line 1: no valid JSON"),
        ("configs.json", '[[0, 0, 0], {"rate": 1}, {}]', "configuration 0-0-0: no hyperparameter 'rate' in the space"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_at_once(finished, workspace, name, line, says):
    export(finished, workspace)
    path = workspace.folder / "other" / name
    path.write_text("".join([f"{line}\n", *path.read_text().splitlines(keepends=True)[1:]]))
    workspace.configure(**WARM)
    said = workspace.call("plan", "config.yaml").stderr
    assert said.startswith("error: ") and says in said
    assert said.count("\n") == 1
    assert not workspace.results.exists()


def test_a_configuration_with_an_inactive_value_stops_the_search_before_it_trains(finished, workspace):
    export(finished, workspace)
    path = workspace.folder / "other" / "configs.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    wrong = next(line for line in lines if line[1]["residual_branches_3"] == 2)
    wrong[1]["shakedrop_death_rate"] = 0.5
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    workspace.configure(**WARM)
    printed = workspace.snakemake("--cores", "1", "results/small/search/warm_start.json", succeeds=False)
    name = "-".join(map(str, wrong[0]))
    assert f"error: other: hpbandster:{name}@0: not of the space: " in printed
    assert not (workspace.results / "search/warm_start.json").exists()


def test_a_warm_start_that_was_tampered_with_is_not_used(warm, tmp_path):
    workspace = warm.copy(tmp_path / "clone")
    path = workspace.results / "search" / "warm_start.json"
    path.write_text(path.read_text().replace('"loss":0.', '"loss":0.1', 1))
    (workspace.results / "search/bracket-000/rung-0/proposals.json").unlink()
    folder = workspace.results
    files = [str(folder / name) for name in ("experiment.json", "search/bracket-000/history.json")]
    sampled = workspace.call("sample", *files, "again.json")
    assert "does not continue the history before it" in sampled.stderr
    seen = workspace.call("history", *files)
    assert "warm_start.json: changed since it was made; delete it to remake it" in seen.stderr


def test_an_import_of_the_export_is_the_table_of_the_search(finished, workspace):
    export(finished, workspace)
    assert len(hpbandster.read(workspace.folder / "other")) == 20
    done = workspace.call("import_hpbandster", "other", "other.csv", "--budget-unit", "steps")
    assert (done.returncode, done.stderr) == (0, "")
    theirs, ours = pd.read_csv(workspace.folder / "other.csv"), pd.read_csv(finished.results / "observations.csv")
    for column in ("evaluation", "slot", "budget", "loss", "origin", "learning_rate", "shakedrop_death_rate"):
        assert theirs[column].equals(ours[column])
