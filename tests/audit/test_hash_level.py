"""What an audit of the hashes says of a record; whole folders that were tampered with are in tests/end_to_end."""

import shutil

import pytest
from results_folder import plan_of, put, write_search

from jointsearch.audit import hash_level, manifest
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings
from jointsearch.core import yaml_file
from jointsearch.results.graph import evaluation
from jointsearch.search.resolve import to_config

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


FIRST, NEW = "search/bracket-000/rung-0/slot-00.json", "search/bracket-003/rung-0/slot-00.json"
SINCE = ("cannot be checked", hash_level.SINCE)


def configure(folder, experiment, brackets):
    put(folder / "config.yaml", yaml_file.dump(to_config(experiment, brackets)))


@pytest.fixture
def growing(folder, experiment):
    """A search of three brackets that has ended, in which a fourth has been trained since."""
    put(folder / "space.yaml", yaml_file.dump(experiment.space))
    configure(folder, experiment, 3)
    ended = {name: (folder / name).read_bytes() for name in ("space.yaml", "config.yaml")}
    put(folder / "manifest.sha256", manifest.make(folder).encode())
    write_search(folder, experiment, 4)
    for name, content in ended.items():
        put(folder / name, content)
    return folder


def said(folder, check) -> dict[str, tuple[str, str]]:
    findings, evidence = Findings(), Evidence.read(folder)
    hash_level.check_manifest(evidence, findings)
    hash_level.check_records(evidence, findings)
    check_plan(evidence, findings)
    return {one.subject: (one.verdict.words, one.message) for one in findings if one.check == check}


def test_what_a_longer_search_has_made_so_far_cannot_be_checked(growing, experiment):
    found = said(growing, "manifest")
    assert found[NEW] == found[NEW.replace("slot-00", "batch-00-01")] == found["plan.json"] == SINCE
    assert said(growing, "complete")[NEW] == SINCE
    assert said(growing, "plan")["plan.json"][0] == "cannot be checked"
    assert {verdict for verdict, _ in found.values()} == {"verified", "cannot be checked"}
    configure(growing, experiment, 4)
    found = said(growing, "manifest")
    assert found[NEW] == found["config.yaml"] == SINCE


def test_a_record_that_the_manifest_names_may_not_change_as_a_search_grows(growing):
    (growing / FIRST).write_bytes((growing / FIRST).read_bytes() + b" ")
    assert said(growing, "manifest")[FIRST][0] == "mismatch"


def test_only_whole_brackets_count_as_growth(growing, experiment):
    """A record that was added beside those of the manifest, or a plan of other brackets, is none."""
    extra = FIRST.replace("slot-00", "slot-77")
    shutil.copy(growing / FIRST, growing / extra)
    assert said(growing, "manifest")[extra][0] == "mismatch"
    put(growing / "plan.json", plan_of(experiment, 4).model_copy(update={"seed": 5}))
    assert {said(growing, "manifest")[name][0] for name in (NEW, "plan.json")} == {"mismatch"}


def test_a_shorter_configuration_is_no_growth_though_the_manifest_was_rebuilt(growing):
    put(growing / "manifest.sha256", manifest.make(growing).encode())
    assert said(growing, "complete")[NEW][0] == "mismatch"


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
    verdict, message = said(folder, "record")["plan.json"]
    assert verdict == "mismatch" and says in message and message.endswith("; restore it")
