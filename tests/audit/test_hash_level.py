"""What an audit of the hashes says of a record; whole folders that were tampered with are in tests/end_to_end."""

import pytest
from results_folder import plan_of, put

from jointsearch.audit import hash_level
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings
from jointsearch.results.graph import evaluation

PLACE = ("search", 0, 0, 0)


def test_a_record_that_was_made_from_other_records_is_a_mismatch(folder):
    evidence = Evidence.read(folder)
    name, record, parents = evidence.file(*PLACE), evidence.evaluations[PLACE], evidence.parents_of(evaluation(PLACE))
    assert parents
    for named, verdict in ((parents, "verified"), (("0" * 64,) * len(parents), "mismatch"), ((), "mismatch")):
        put(folder / name, record.model_copy(update={"parents": named}))
        findings = Findings()
        hash_level.check_records(Evidence.read(folder), findings)
        assert [one.verdict.words for one in findings if (one.check, one.subject) == ("chain", name)] == [verdict]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda study: {"brackets": (study.brackets[0].__class__(0, (9,), (0,)), *study.brackets[1:])}, "bracket 0 of"),
        (lambda study: {"follows": ("manual",)}, "lets search follow manual, which it does not plan"),
        (lambda study: {"name": "other"}, "does not plan the search"),
    ],
)
def test_a_plan_that_cannot_be_that_of_the_records_is_a_finding(folder, experiment, change, says):
    plan = plan_of(experiment, 3)
    put(
        folder / "plan.json", plan.model_copy(update={"studies": (plan.search.model_copy(update=change(plan.search)),)})
    )
    findings = Findings()
    hash_level.check_records(Evidence.read(folder), findings)
    [(verdict, message)] = [(one.verdict.words, one.message) for one in findings if one.subject == "plan.json"]
    assert verdict == "mismatch" and says in message and message.endswith("; restore it")
