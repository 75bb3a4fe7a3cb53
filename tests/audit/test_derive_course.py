"""What an audit says of promotions that do not follow from the evaluations."""

from collections import Counter

import pytest
from factories import evaluation
from own_searches import own_search
from results_folder import plan_of, put

from jointsearch.audit.derive_course import check_course, wrong_promotion
from jointsearch.audit.derive_plan import check_plan, check_settings
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.hash_level import check_records
from jointsearch.core import yaml_file
from jointsearch.core.config import StudySettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import to_config
from jointsearch.search.studies.kinds import proposer


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
    rung = evidence.proposals["search", 0, 1]
    [good] = [one for one in _promotions(evidence) if one.subject == path.relative_to(folder).as_posix()]
    other = rung.model_copy(update={"proposals": rung.proposals[::-1]})
    evidence.proposals["search", 0, 1] = other
    [wrong] = [one for one in _promotions(evidence) if one.subject == path.relative_to(folder).as_posix()]
    assert (good.verdict, wrong.verdict) == (Verdict.VERIFIED, Verdict.MISMATCH)
    assert wrong.message.startswith("promotes ")


def _promotions(evidence):
    findings = Findings()
    check_course(evidence, findings)
    return [one for one in findings if one.check == "promotion"]


def with_studies(folder, experiment, **studies) -> Evidence:
    """Let the configuration plan studies beside the search."""
    put(folder / "space.yaml", yaml_file.dump(experiment.space))
    put(folder / "config.yaml", yaml_file.dump(to_config(experiment, 3, StudySettings.model_validate(studies))))
    put(folder / "plan.json", plan_of(experiment, 3, **studies))
    return Evidence.read(folder)


@pytest.mark.parametrize("lost", ["bracket-000/rung-2/slot-00.json", "bracket-*/rung-*/slot-*.json"])
def test_finalists_cannot_be_chosen_again_where_a_record_of_the_search_is_missing(folder, experiment, lost):
    evidence = with_studies(folder, experiment, retraining={"seeds": 1})
    planned = evidence.configured["retraining"]
    followed = {"search": evidence.results().evaluations("search")}
    bracket = planned.brackets[0].index
    put(folder / "retraining/experiment.json", planned.experiment)
    proposed = proposer(planned.plan).propose(planned.experiment, planned.plan, bracket, 0, followed)
    name = f"retraining/bracket-{bracket:03d}/rung-0/proposals.json"
    put(folder / name, proposed)
    assert proposals_of(folder)[name] is Verdict.VERIFIED
    for path in list((folder / "search").glob(lost)):
        path.unlink()
    assert proposals_of(folder)[name] is Verdict.CANNOT_BE_CHECKED


def proposals_of(folder) -> dict[str, Verdict]:
    findings = Findings()
    check_course(Evidence.read(folder), findings)
    return {one.subject: one.verdict for one in findings if one.check == "proposals"}


def test_what_a_later_step_keeps_cannot_be_checked_where_a_record_of_an_earlier_one_is_missing(folder, experiment):
    arms = {"arms": {"joint_bohb": None, "architecture_first": None}, "brackets": 6, "start": "resnet_20"}
    evidence = with_studies(folder, experiment, arms=arms)
    name = "architecture_first-0-2"
    put(folder / name / "experiment.json", evidence.configured[name].experiment)
    findings = Findings()
    check_settings(Evidence.read(folder), findings)
    [found] = findings
    assert found.verdict is Verdict.CANNOT_BE_CHECKED
    assert found.message == "an evaluation of architecture_first-0-1, whose values it keeps, is missing"
