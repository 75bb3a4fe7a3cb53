"""What an audit says of promotions that do not follow from the evaluations."""

from collections import Counter

import pytest
from factories import evaluation
from own_searches import own_search

from jointsearch.audit.derive_course import check_course, wrong_promotion
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.hash_level import check_records
from jointsearch.core.evaluation import Evaluation
from jointsearch.search.experiment import Experiment


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ((None, None, None), "promotes 0-0-0, but the losses promote 0-0-2"),
        ((0.5, 0.7, 0.9), "promotes 0-0-0, but the losses promote 0-0-2: chosen by the test loss"),
        ((0.7, 0.5, 0.9), "promotes 0-0-0, but the losses promote 0-0-2"),
    ],
)
def test_the_first_ids_are_chosen_by_the_test_loss_only_if_there_is_one(tests, says):
    _, evaluations = own_search(1)
    below = [
        one.model_copy(update={"loss": -slot, "test_error": test})
        for slot, (one, test) in enumerate(zip(evaluations[:3], tests, strict=True))
    ]
    assert wrong_promotion(below, ["0-0-0"], ["0-0-2"]) == says


def test_errors_are_called_so():
    below = [evaluation("0-0-0", 0.5, test_error=0.1), evaluation("0-0-1", 0.4, test_error=0.2)]
    says = "promotes 0-0-0, but the validation errors promote 0-0-1: chosen by the test error"
    assert wrong_promotion(below, ["0-0-0"], ["0-0-1"]) == says


def test_an_audit_computes_each_digest_once(folder, monkeypatch):
    counts, derivable, id_of = Counter[str](), Evaluation.derivable, Experiment.id.fget

    def counted(one):
        counts[one.id] += 1
        return derivable(one)

    def counted_id(experiment):
        counts["experiment"] += 1
        return id_of(experiment)

    monkeypatch.setattr(Evaluation, "derivable", counted)
    monkeypatch.setattr(Experiment, "id", property(counted_id))
    findings, evidence = Findings(), Evidence.read(folder)
    for check in (check_records, check_plan, check_course):
        check(evidence, findings)
    assert counts.pop("experiment") < len(evidence.evaluations)
    assert len(counts) > 1 and set(counts.values()) == {1}


def test_a_promotion_that_does_not_follow_is_a_mismatch(folder):
    path = folder / "search/bracket-000/rung-1/proposals.json"
    evidence = Evidence.read(folder)
    rung = evidence.rungs["search", 0, 1]
    [good] = [one for one in _promotions(evidence) if one.subject == path.relative_to(folder).as_posix()]
    other = rung.model_copy(update={"proposals": rung.proposals[::-1]})
    evidence.rungs["search", 0, 1] = other
    [wrong] = [one for one in _promotions(evidence) if one.subject == path.relative_to(folder).as_posix()]
    assert (good.verdict, wrong.verdict) == (Verdict.VERIFIED, Verdict.MISMATCH)
    assert wrong.message.startswith("promotes ")


def _promotions(evidence):
    findings = Findings()
    check_course(evidence, findings)
    return [one for one in findings if one.check == "promotion"]
