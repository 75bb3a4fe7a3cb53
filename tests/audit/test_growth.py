"""What an audit says of a finished search that is being made longer."""

import shutil

import pytest
from results_folder import plan_of, put, write_search

from jointsearch.audit import audit, growth, manifest
from jointsearch.core import yaml_file
from jointsearch.search.resolve import to_config

FIRST, NEW = "search/bracket-000/rung-0/slot-00.json", "search/bracket-003/rung-0/slot-00.json"
SINCE = ("cannot be checked", growth.SINCE)


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


def said(folder, check, level="hash") -> dict[str, tuple[str, str]]:
    return {
        one.subject: (one.verdict.words, one.message) for one in audit.run(folder, level).findings if one.check == check
    }


def test_what_a_longer_search_has_made_so_far_cannot_be_checked(growing, experiment):
    found = said(growing, "manifest")
    assert found[NEW] == found[NEW.replace("slot-00", "batch-00-01")] == found["plan.json"] == SINCE
    assert said(growing, "complete")[NEW] == SINCE
    assert said(growing, "plan", "derive")["plan.json"] == SINCE
    outcomes = said(growing, "outcome", "derive")
    assert "paper.pdf" in outcomes and {verdict for verdict, _ in outcomes.values()} == {"cannot be checked"}
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
