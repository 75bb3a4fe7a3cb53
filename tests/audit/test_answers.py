"""What an audit answers."""

import re
from pathlib import Path

import pytest

from jointsearch.audit import answers, audit, manifest, page
from jointsearch.audit.audit import Audit, Target
from jointsearch.audit.evidence import Evidence, MissingEvidenceError
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.retrain import RetrainOptions
from jointsearch.core.errors import UserError


def test_a_page_is_rendered_only_when_it_is_asked_for(folder, monkeypatch):
    rendered = []
    monkeypatch.setattr(page, "render", lambda audits: rendered.extend(audits) or b"page")
    answer = answers.verify([Target(folder)], "hash")
    assert not rendered
    assert answer.page() == b"page"
    assert len(rendered) == 1


@pytest.mark.parametrize("text", ["results/nope", "nope", "nope/", "/nope", "deep/in/nope"])
@pytest.mark.parametrize("experiments", [0, 2])
def test_a_folder_that_does_not_exist_is_said_not_to(folder, tmp_path, monkeypatch, text, experiments):
    monkeypatch.chdir(tmp_path)
    for number in range(experiments):
        (tmp_path / f"results/{number}").mkdir(parents=True)
        (tmp_path / f"results/{number}/experiment.json").touch()
    with pytest.raises(UserError, match=f"^{re.escape(text)}: no such (file or )?folder; "):
        Target.read(text, None)


def test_of_which_experiment_an_evaluation_is_has_to_be_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^results: which experiment\? "):
        Target.read("11-0-1@0", None)
    assert Target.read("nope", tmp_path) == Target(tmp_path, "nope")


def test_what_lies_in_the_folder_of_a_study_is_of_the_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path("elsewhere/results/demo/correlation/observations.csv")
    file.parent.mkdir(parents=True)
    for name in (file, file.with_name("experiment.json"), file.parents[1] / "experiment.json"):
        name.touch()
    for beside in (file, tmp_path / file):
        assert Target.read(str(beside), None) == Target(beside.parents[1], "correlation/observations.csv")


def test_what_cannot_be_found_is_said_before_anything_is_trained(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "repeat_trainings", lambda *_: pytest.fail("trained"))
    options = RetrainOptions("cpu", Path(), Path(), tolerance=0.01)
    for other in (Target(folder, "77-0-0@0"), Target(tmp_path / "nowhere")):
        with pytest.raises(UserError):
            answers.verify([Target(folder, UPPER), other], "hash", options=options)


def test_a_missing_file_counts_only_for_what_rests_on_it(folder):
    (folder / "manifest.sha256").write_text(manifest.make(folder))
    lost = "search/bracket-002/rung-0/slot-00.json"
    (folder / lost).unlink()
    for name, counts in (("0-0-0@0", False), ("search/bracket-002/rung-0/batch-00-01.json", True)):
        [found] = answers.verify([Target(folder, name)], "hash").data
        assert (lost in {one["subject"] for one in found["findings"]}) == counts
        assert "all" in {one["check"] for one in found["findings"]}


UPPER, LOWER = "search/bracket-000/rung-2/slot-00.json", "search/bracket-000/rung-1/slot-01.json"


@pytest.mark.parametrize(
    ("subject", "verdict", "code"),
    [
        (UPPER, Verdict.MISMATCH, 1),
        (LOWER, Verdict.CANNOT_BE_CHECKED, 3),
        (UPPER, Verdict.UNPINNED, 0),
        (UPPER, Verdict.NOT_CHECKED, 0),
        ("search/bracket-002/rung-0/slot-00.json", Verdict.MISMATCH, 0),
    ],
)
def test_why_ends_with_what_is_wrong_in_its_tree(folder, monkeypatch, subject, verdict, code):
    evidence, findings = Evidence.read(folder), Findings()
    findings.add("hash", "batch", subject, verdict, "is otherwise; restore it")
    monkeypatch.setattr(audit, "run", lambda folder, level: Audit(evidence, findings, None))
    answer = answers.why([Target(folder, UPPER)])
    assert answer.code == code
    last = answer.text.splitlines()[-1]
    wrong = f"{UPPER}: does not follow from the files as they are now: {subject}: is otherwise; restore it"
    assert last.startswith(wrong) == bool(code)


def test_why_fails_for_a_lost_record_that_nothing_else_names(folder, monkeypatch):
    (folder / LOWER).unlink()
    evidence = Evidence.read(folder)
    monkeypatch.setattr(audit, "run", lambda folder, level: Audit(evidence, Findings(), None))
    answer = answers.why([Target(folder, UPPER)])
    assert answer.code == 3
    assert f"{LOWER}: missing or damaged; restore it" in answer.text.splitlines()[-1]


def test_why_asks_for_a_number_if_it_is_given_only_an_experiment(folder):
    (folder / "manifest.sha256").write_text("")
    with pytest.raises(
        UserError, match=r"^why: name a number \(such as paper:evaluations\), a file or an evaluation of "
    ):
        answers.why([Target(folder)])


def test_an_experiment_without_a_manifest_is_shown_by_its_parts(folder):
    with pytest.raises(MissingEvidenceError, match=r"manifest\.sha256: missing; run .* or name a number"):
        answers.show([Target(folder)])
