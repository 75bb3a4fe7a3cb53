"""What an audit of the hashes says of a record; whole folders that were tampered with are in tests/end_to_end."""

from results_folder import put

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
