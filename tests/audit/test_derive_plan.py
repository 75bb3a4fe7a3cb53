"""An audit derives the plan of an experiment again from its configuration."""

from pathlib import Path

import pytest
from results_folder import plan_of, put

from jointsearch.audit import audit
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings
from jointsearch.core import layout, yaml_file
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import to_config


@pytest.fixture
def planned(folder: Path, experiment: Experiment) -> Path:
    """A search of three brackets and its configuration."""
    put(folder / "space.yaml", yaml_file.dump(experiment.space))
    put(folder / "config.yaml", yaml_file.dump(to_config(experiment, 3)))
    return folder


def verdict(folder: Path) -> tuple[str, str]:
    """What an audit says of the plan."""
    findings = Findings()
    check_plan(Evidence.read(folder), findings)
    [found] = [one for one in findings if one.subject == "plan.json"]
    return found.verdict.words, found.message


def test_the_plan_that_the_configuration_gives_is_verified(planned):
    assert verdict(planned) == ("verified", "")


def test_another_plan_is_a_mismatch_that_names_the_study(planned, experiment):
    put(planned / "plan.json", plan_of(experiment, 4))
    assert verdict(planned) == ("mismatch", "is not the plan that config.yaml gives: of search")
    put(planned / "plan.json", plan_of(experiment, 3, retraining={"seeds": 1}))
    assert verdict(planned) == ("mismatch", "is not the plan that config.yaml gives: of retraining")


def test_a_plan_of_another_seed_is_a_mismatch(planned, experiment):
    put(planned / "plan.json", plan_of(experiment, 3).model_copy(update={"seed": 5}))
    assert verdict(planned) == ("mismatch", "is not the plan that config.yaml gives")


def test_a_plan_that_is_missing_or_follows_from_nothing_cannot_be_checked(planned):
    plan = (planned / "plan.json").read_bytes()
    (planned / "plan.json").unlink()
    assert verdict(planned) == ("cannot be checked", "missing; restore it")
    put(planned / "plan.json", plan)
    (planned / "config.yaml").unlink()
    assert verdict(planned)[0] == "cannot be checked"


def said_of_the_configuration(folder: Path) -> dict[str, str]:
    """What an audit says where the configuration is needed, by level."""
    done = audit.run(folder, "derive")
    return {one.level: one.message for one in done.findings if one.subject == "config.yaml"}


def test_a_configuration_is_missing_only_where_a_run_has_written_it(planned):
    """One of the studies, or of the search, alone ends before it does."""
    (planned / "config.yaml").unlink()
    early = "not made yet; run the workflow to its end to make it"
    assert said_of_the_configuration(planned) == {"hash": f"it says what is complete, but is {early}", "derive": early}
    assert verdict(planned) == ("cannot be checked", f"config.yaml, from which it follows, is {early}")
    put(planned / "manifest.sha256", b"")
    assert said_of_the_configuration(planned)["derive"] == "missing; restore it"
    put(planned / "config.yaml", b"{")
    assert said_of_the_configuration(planned)["hash"].endswith(" is broken; restore it")


def test_a_plan_that_is_broken_is_a_mismatch(planned):
    put(planned / "plan.json", b"{")
    found, message = verdict(planned)
    assert found == "mismatch" and message.startswith("not a valid Plan record")


def test_the_manifest_names_the_plan_which_may_grow(planned):
    assert "plan.json" in layout.files(planned) and not layout.lasts("plan.json")
