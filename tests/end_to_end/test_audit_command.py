"""What scripts/audit.py answers, and trainings that it does again."""

import json
import shutil
from pathlib import Path

import pytest

from end_to_end.conftest import Workspace
from end_to_end.forgery import LAST, edit, rebuild_hashes, set_errors
from jointsearch.audit import audit, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Verdict
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, read_record
from jointsearch.search.incumbent import Incumbent

pytestmark = pytest.mark.usefixtures("undrawn")


def test_retraining_gives_the_same_bits(committed):
    done = committed.script("audit", "results/small", "--level", "retrain", "--sample", "2", "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same, bit for bit, after") == 2
    assert "18 of 20 trainings" in done.stdout


def retrained(workspace: Workspace, *files: Path) -> list[dict[str, str]]:
    names = [str(file.relative_to(workspace.folder)) for file in files]
    done = workspace.call("audit", *names, "--level", "retrain", "--device", "cpu", "--json")
    assert not done.stderr
    found = json.loads(done.stdout)[0]["findings"]
    return [one for one in found if one["level"] == "retrain" and one["verdict"] != "not checked"]


def test_a_budget_in_seconds_is_replayed_by_its_clock_readings(workspace):
    seconds = {"unit": "seconds", "minimum": 0.1, "maximum": 0.3}
    workspace.configure(budget=seconds, search={"length": 1, "lags": [0, 0]})
    workspace.drive()
    before = {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()}
    slots = workspace.slots()[::2]
    found = retrained(workspace, *slots)
    assert len(found) == len(slots)
    assert {one["verdict"] for one in found} == {"verified"}
    assert all("the same, bit for bit" in one["message"] for one in found)
    assert {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()} == before
    edit(slots[0], Evaluation, parameters=1)
    [found] = retrained(workspace, slots[0])
    assert (found["verdict"], found["message"]) == ("mismatch", "trained again, its parameters is different")


@pytest.mark.parametrize("budget", [{}, {"unit": "seconds", "minimum": 0.1, "maximum": 0.9}])
def test_a_training_that_went_on_from_a_lower_budget_is_trained_from_there(workspace, budget):
    workspace.configure(budget=budget, training={"continuation": True}, search={"length": 1, "lags": [0, 0, 0]})
    workspace.drive()
    [last] = (path for path in workspace.slots() if path.parent.name == "rung-2")
    assert read_record(last, Evaluation).continues is not None
    [found] = retrained(workspace, last)
    assert found["verdict"] == "verified"
    assert "the same, bit for bit" in found["message"]


def test_retraining_elsewhere_allows_what_is_stated(results, committed):
    [path] = (results / "environments").glob("*.json")
    environment = json.loads(path.read_text()) | {"cpu": "another"}
    evaluation = read_record(results / LAST, Evaluation)
    edit(results / LAST, Evaluation, observed=evaluation.observed.model_dump() | {"environment": digest(environment)})
    (path.with_name(f"{digest(environment)}.json")).write_text(json.dumps(environment))
    set_errors(results / LAST, loss=evaluation.loss - 0.03)
    rebuild_hashes(results)
    command = ["audit", str(results / LAST), "--level", "retrain", "--device", "cpu", "--json", "--data-root", "."]
    for tolerance, verdict in (("0.05", "verified"), ("0.01", "mismatch")):
        done = committed.call(*command, "--tolerance", tolerance)
        [found] = [
            one
            for one in json.loads(done.stdout)[0]["findings"]
            if one["subject"] == LAST and one["level"] == "retrain"
        ]
        assert found["verdict"] == verdict, found
        assert found["message"].startswith("trained with another processor, so not bit for bit: validation error ")


def test_show_draws_where_an_evaluation_comes_from(committed):
    promoted = next(
        one for one in Evidence.read(committed.results).evaluations.values() if one.id.startswith("1-") and one.rung
    )
    done = committed.call("audit", "show", promoted.id)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"evaluation {promoted.id}: ")
    assert f"[{Verdict.VERIFIED.words}]" in lines[0]
    for words in (
        "├── configuration 1-0-",
        "the model saw",
        "├── promoted from evaluation 1-0-",
        "├── seed ",
        "├── code ",
        "lock",
        "images",
        "of training",
    ):
        assert any(words in line for line in lines), words
    tree = json.loads(committed.call("audit", "show", "--json", promoted.id).stdout)[0]
    assert tree["file"].endswith("slot-00.json")
    assert committed.call("audit", "show", f"results/small/{tree['file']}").stdout == done.stdout


def test_why_goes_from_a_number_to_its_records(committed):
    best = read_record(committed.results / "incumbent.json", Incumbent)
    done = committed.call("audit", "why", "paper:best_test_error")
    assert done.stdout.startswith(f"best_test_error = {100 * best.test_error:.2f} %: ")
    assert f"└── evaluation {best.evaluation}: " in done.stdout
    done = committed.call("audit", "why", "paper:best_test_eror")
    assert done.returncode == 2
    assert done.stderr == "error: paper:best_test_eror: no such number; did you mean 'best_test_error'?\n"


def test_diff_says_what_differs(committed, finished):
    done = committed.call("audit", "diff", "0-0-0@0", "0-0-1@0")
    assert "configuration:\n" in done.stdout
    assert "code and environment:" not in done.stdout
    done = committed.call("audit", "diff", "results/small", str(finished.results))
    assert "code and environment:\n  commit: " in done.stdout
    assert "settings:" not in done.stdout
    assert "outcome:" not in done.stdout
    assert committed.call("audit", "diff", "results/small", "results/small").stdout == "no difference\n"


def test_the_page_shows_verdicts_and_trees(committed, tmp_path):
    page = tmp_path / "audit.html"
    assert committed.call("audit", "results/small", "--html", str(page)).returncode == 0
    text = page.read_text()
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<details>") == 20
    assert (audit.run(committed.results, "hash").root or "") in text


def test_a_page_that_cannot_be_written_is_no_mismatch(committed, tmp_path):
    done = committed.call("audit", "results/small", "--level", "hash", "--html", str(tmp_path))
    assert done.returncode == 2
    assert "verdict: verified" in done.stdout and f"error: {tmp_path}: cannot be written" in done.stderr


def test_what_is_asked_about_one_thing_rests_on_all_that_it_was_made_of(results, committed):
    """Also on what a drawing leaves out, and on the manifest."""
    target = read_record(results / "search/bracket-002/rung-0/slot-00.json", Evaluation).id
    assert committed.call("audit", target, "--experiment", str(results)).returncode == 0
    history = results / "search/bracket-000/history.json"
    content = history.read_text()
    history.write_text(content + " ")
    assert committed.call("audit", target, "--experiment", str(results)).returncode == 1
    assert committed.call("audit", str(results / "search/bracket-001/rung-1/proposals.json")).returncode == 1
    history.write_text(content)
    (results / manifest.NAME).rename(results / "aside.sha256")
    assert committed.call("audit", target, "--experiment", str(results)).returncode == 3


def test_retraining_what_a_number_rests_on(committed):
    best = read_record(committed.results / "incumbent.json", Incumbent)
    command = ["--level", "retrain", "--device", "cpu", "--json", "paper:best_test_error"]
    [told] = json.loads(committed.call("audit", *command).stdout)
    [found] = [one for one in told["findings"] if one["check"] == "training"]
    place = next(
        place for place, one in Evidence.read(committed.results).evaluations.items() if one.id == best.evaluation
    )
    assert found["subject"] == Evidence.read(committed.results).file(*place)
    assert "the same, bit for bit" in found["message"]


def test_json_is_one_document_and_whole(committed, finished):
    both = committed.call("audit", "--level", "hash", "--json", "results/small", str(finished.results))
    assert [one["exit_code"] for one in json.loads(both.stdout)] == [0, 4]
    assert both.returncode == 4
    [tree] = json.loads(committed.call("audit", "why", "paper:evaluations", "--json").stdout)
    assert len(tree["made_of"]) == 20
    assert committed.call("audit", "why", "paper:evaluations").stdout.count("evaluation 0-0-") < 20
    roots = json.loads(committed.call("audit", "--json", "root").stdout)
    assert roots == {"results/small": audit.run(committed.results, "hash").root}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere/at/all"], "nowhere/at/all: no such file or folder"),
        (["show", "nothing"], "nothing: no file, evaluation or number of results/small"),
        (["diff", "0-0-0@0"], "diff: takes two evaluations, or two results folders"),
        (["diff", "0-0-0@0", "results/small"], "diff: takes two evaluations, or two results folders"),
        (["diff", "0-0-0@0", "config.yaml"], "config.yaml: not in the results"),
    ],
)
def test_wrong_usage_is_told_in_one_line(committed, arguments, told):
    done = committed.call("audit", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {told}")
    assert done.stderr.count("\n") == 1


def test_an_experiment_that_is_not_complete_is_evidence_that_is_missing(finished, tmp_path):
    workspace = finished.copy(tmp_path / "clone")
    (workspace.results / manifest.NAME).unlink()
    shutil.rmtree(workspace.results / "search/bracket-002")
    done = workspace.call("audit", "results/small")
    assert done.returncode == 3, done.stdout
    assert "manifest.sha256: missing; run the workflow to its end to make it" in done.stdout
