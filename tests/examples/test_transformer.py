"""The example with a network of one's own: a whole small search in one process."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from jointsearch.audit import hash_level, retrain
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import config
from jointsearch.results.results import Results
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

EXAMPLE = Path(__file__).parents[2] / "examples" / "transformer"


def jobs(brackets=2):
    """The example with a shorter search and shorter trainings, from a copy in the working directory."""
    changes = {
        "cache_root": "cache",
        "training": {"network": "my_transformer.network:build", "precision": "float32"},
        "budget": {"unit": "steps", "minimum": 3, "maximum": 9},
        "search": {"length": brackets, "length_unit": "brackets", "lags": [1, 1]},
    }
    settings = config.read(Path("my_transformer/config.yaml"), overrides=changes)
    return StudyJobs.all_from_config(settings, Path("results"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here, path = Path.cwd(), list(sys.path)
    os.chdir(tmp_path_factory.mktemp("own"))
    shutil.copytree(EXAMPLE, "my_transformer")
    planned = jobs()
    driver.run(planned)
    yield planned["search"].folder.absolute()
    os.chdir(here)
    sys.path[:] = path


def test_the_module_is_short():
    assert len((EXAMPLE / "network.py").read_text().splitlines()) <= 60


def test_a_search_has_results_and_configurations_that_cannot_be_built(folder):
    evaluations = Results.read(folder).evaluations("search")
    assert Counter(one.status for one in evaluations).keys() == {"success", "invalid"}
    for one in evaluations:
        width, heads = one.proposal.values["width"], one.proposal.values["heads"]
        assert (one.status == "invalid") == (width % heads > 0)
        if one.status == "invalid":
            assert one.message == f"{heads} heads do not divide a width of {width}"
    promoted = {one.proposal.id for one in evaluations if one.rung == 1}
    assert promoted.isdisjoint(one.proposal.id for one in evaluations if one.status == "invalid")


def test_an_audit_trains_it_again_to_the_same_bits(folder):
    evidence, findings = Evidence.read(folder), Findings()
    places = [
        next(place for place, one in evidence.evaluations.items() if one.status == status)
        for status in ("success", "invalid")
    ]
    retrain.check_trainings(evidence, places, retrain.RetrainOptions("cpu", Path("data"), Path("cache"), 0.0), findings)
    assert [one.verdict for one in findings if one.check == "training"] == [Verdict.VERIFIED] * 2


def test_a_change_of_the_module_during_a_search_is_noticed(folder):
    evidence, unchanged = Evidence.read(folder), Findings()
    hash_level.check_made_with(evidence, unchanged)
    assert {one.verdict for one in unchanged if one.check == "code"} == {Verdict.VERIFIED}
    [environment] = evidence.environments.values()
    assert set(environment.own) == {"my_transformer/network.py"}
    with Path("my_transformer/network.py").open("a") as file:
        file.write("# changed\n")
    driver.run(jobs(brackets=3))
    changed = Findings()
    hash_level.check_made_with(Evidence.read(folder), changed)
    messages = [one.message for one in changed if one.check == "code" and one.verdict is Verdict.MISMATCH]
    assert messages and all(message.startswith("another code (") for message in messages)
