"""Arms of every kind, run in one process and derived again by an audit."""

import math
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from jointsearch.audit import hash_level, lineage
from jointsearch.audit.derive_course import check_course
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import config, yaml_file
from jointsearch.core.files import read_record
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

ARMS = {
    "joint_bohb": None,
    "joint_random": None,
    "joint_hyperband": None,
    "evolution_full": {"sampler": "evolution", "hyperband": False},
    "in_three_steps": {
        "start": {"subsample": 0.5},
        "steps": [
            {"search": "fitting", "share": 0.334},
            {"search": "trees", "sampler": "evolution", "hyperband": False},
            {"search": "features", "sampler": "random", "hyperband": False},
        ],
    },
}


def objective(trial):
    """Depends on the seed as much as on the values."""
    return math.log(trial.values["learning_rate"]) + trial.values["max_depth"] / 6 + trial.seed / 2**53 - trial.budget


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> dict[str, StudyJobs]:
    folder = tmp_path_factory.mktemp("arms")
    raw = yaml.safe_load(Path("examples/boosting/space.yaml").read_text())
    defaults = {"max_depth": 3, "min_samples_leaf": 5, "learning_rate": 0.1, "max_features": "sqrt"}
    for name, one in raw["hyperparameters"].items():
        one |= {"default": defaults[name]} if name in defaults else {}
    raw["hyperparameters"]["max_features"]["part"] = "features"
    (folder / "space.yaml").write_text(yaml.safe_dump(raw))
    given = {
        "experiment": "small",
        "space": str(folder / "space.yaml"),
        "objective": "examples.boosting.boosting:evaluate",
        "budget": {"unit": "steps", "minimum": 2, "maximum": 6},
        "search": {"length": 1, "length_unit": "brackets"},
        "studies": {"arms": {"arms": ARMS, "brackets": 6, "repeats": 2}},
        "jobs": {"device": "cpu", "evaluations_per_job": 4, "seconds_per_unit": 0.5},
    }
    all_jobs = StudyJobs.all_from_config(config.parse(given), folder / "results")
    driver.run(all_jobs, objective)
    experiment = all_jobs["search"].folder
    (experiment / "config.yaml").write_bytes(yaml_file.dump(config.parse(given)))
    return all_jobs


@pytest.fixture(scope="module")
def results(planned) -> Results:
    return Results.read(planned["search"].folder)


def test_each_repeat_of_each_arm_trains_as_much_as_any_other(results):
    """By hand: a bracket costs 2 full budgets, in 3 + 1 or in 2 trainings."""
    spent: Counter[tuple[str, int]] = Counter()
    trained: Counter[str] = Counter()
    for study in results.plan.studies[1:]:
        spent[study.arm, study.repeat] += sum(one.budget for one in results.evaluations(study.name))
        trained[study.name] += len(results.evaluations(study.name))
    assert spent == dict.fromkeys([(arm, repeat) for arm in ARMS for repeat in (0, 1)], 12 * 6)
    assert [trained[name] for name in ("joint_bohb-0", "joint_random-0", "evolution_full-0")] == [18, 12, 12]
    assert [trained[f"in_three_steps-0-{step}"] for step in (1, 2, 3)] == [6, 4, 4]


def test_later_steps_keep_what_the_earlier_ones_found(planned, results):
    folder = planned["search"].folder
    one, two = (read_record(folder / f"in_three_steps-1-{step}/incumbent.json", Incumbent) for step in (1, 2))
    last = read_record(folder / "in_three_steps-1-3/experiment.json", Experiment).space.hyperparameters
    assert last["learning_rate"].value == one.values["learning_rate"] == two.values["learning_rate"]
    assert last["max_depth"].value == two.values["max_depth"]
    assert {evaluation.proposal.values["subsample"] for evaluation in results.evaluations("in_three_steps-1-3")} == {
        one.values["subsample"]
    }
    assert one.values["max_depth"] == 3


def test_what_arms_of_a_repeat_have_in_common_gives_the_same_losses(results):
    """Number 0 to 2 are in the first bracket of Hyperband, 3 and 4 in the second, which trains at the full budget."""

    def at_full_budget(study: str, by) -> dict[int, tuple]:
        return {
            by(one): (one.proposal.values, one.seed, one.loss) for one in results.evaluations(study) if one.budget == 6
        }

    random = at_full_budget("joint_random-0", lambda one: one.slot)
    settings = results.studies["joint_hyperband-0"].experiment
    hyperband = at_full_budget("joint_hyperband-0", lambda one: settings.number(one.proposal.id))
    assert len(hyperband) == 9 and all(random[number] == found for number, found in hyperband.items() if number < 12)
    assert random != at_full_budget("joint_random-1", lambda one: one.slot)
    full = at_full_budget("evolution_full-0", lambda one: one.bracket)
    assert full[0] == random[0] and [full[number][1] for number in range(12)] == [random[n][1] for n in range(12)]


def test_an_audit_derives_all_of_it_again(planned):
    findings = Findings()
    evidence = Evidence.read(planned["search"].folder)
    hash_level.check_records(evidence, findings)
    check_plan(evidence, findings)
    check_course(evidence, findings)
    bad = [(one.subject, one.verdict, one.message) for one in findings if one.verdict is not Verdict.VERIFIED]
    assert bad == []


def test_the_lineage_of_a_later_step_leads_to_what_each_step_before_has_found(planned):
    evidence = Evidence.read(planned["search"].folder)
    drawn = list(lineage.find(evidence, "in_three_steps-0-3/0-0-0@0").lines({}))
    for step in ("in_three_steps-0-1", "in_three_steps-0-2"):
        found = read_record(evidence.path / step / "incumbent.json", Incumbent).evaluation
        at = next(number for number, line in enumerate(drawn) if f"values kept from what {step} found" in line)
        assert f"{step}/incumbent.json" in drawn[at]
        assert f"evaluation {step}/{found}" in drawn[at + 1] or found in drawn[at + 1]
    assert not any("values kept" in line for line in lineage.find(evidence, "joint_bohb-0/0-0-0@0").lines({}))


def test_a_rung_that_a_bracket_of_one_training_does_not_have_is_left_out(planned, tmp_path):
    shutil.copytree(planned["search"].folder, tmp_path / "small")
    bracket = tmp_path / "small/evolution_full-0/bracket-000"
    shutil.copytree(bracket / "rung-0", bracket / "rung-1")
    broken = Evidence.read(tmp_path / "small").broken
    assert set(broken) == {
        f"evolution_full-0/bracket-000/rung-1/{name}.json" for name in ("proposals", "batch-00-00", "slot-00")
    }
    assert set(broken.values()) == {"no record that a search has; move it away"}
