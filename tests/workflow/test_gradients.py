"""A gradient-based step of an arm, run in one process, derived and trained again by an audit."""

import json
import shutil
from pathlib import Path

import pytest

from jointsearch.audit import hash_level
from jointsearch.audit.derive_architecture import check_architectures
from jointsearch.audit.derive_course import check_course
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.retrain import RetrainOptions, check_trainings
from jointsearch.core import config, yaml_file
from jointsearch.core.config import TrainingSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.networks.choices import GRADIENTS
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS
from jointsearch.results import trained_network
from jointsearch.results.folder import Folder
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow import cost, driver
from jointsearch.workflow.status import reader_of
from jointsearch.workflow.study_jobs import StudyJobs

START = {
    "learning_rate": 0.05,
    "batch_size": 128,
    "weight_decay": 1e-4,
    "momentum": 0.9,
    "mixup_alpha": 0.1,
    "cutout_length": 2,
    "shakedrop_death_rate": 0.3,
}
SMALLEST = dict.fromkeys(ARCHITECTURE_PARAMETERS, 1) | {"initial_filters": 4}
"""What later steps would keep if the gradient-based one failed."""
GIVEN = {
    "experiment": "small",
    "space": "config/spaces/joint17-digits.yaml",
    "data": {"name": "digits", "validation_fraction": 0.2, "crop_padding": 1, "horizontal_flip": False},
    "budget": {"unit": "gflop", "minimum": 0.5, "maximum": 1.5},
    "training": {"precision": "float32", "maximum_parameters": 15_000},
    "search": {"length": 1, "length_unit": "brackets"},
    "studies": {
        "arms": {
            "arms": {
                "joint_random": None,
                "gradients_first": {
                    "steps": [
                        {"search": "architecture", "sampler": "gradients", "sampler_settings": {"learning_rate": 0.1}},
                        {"search": "hyperparameters", "sampler": "random", "hyperband": False},
                    ]
                },
            },
            "start": START | SMALLEST,
            "brackets": 2,
            "repeats": 1,
        }
    },
    "jobs": {"device": "cpu"},
}
FIRST, SECOND = "gradients_first-0-1", "gradients_first-0-2"


@pytest.fixture(scope="module")
def all_jobs(tmp_path_factory) -> dict[str, StudyJobs]:
    folder = tmp_path_factory.mktemp("gradients")
    given = config.parse(GIVEN | {"cache_root": str(folder / "cache")})
    planned = StudyJobs.all_from_config(given, folder / "results")
    driver.run(planned)
    experiment = planned["search"].folder
    (experiment / "config.yaml").write_bytes(yaml_file.dump(given))
    return planned


@pytest.fixture
def folder(all_jobs, tmp_path) -> Path:
    """The results, to be tampered with."""
    return Path(shutil.copytree(all_jobs["search"].folder, tmp_path / "small"))


def learned(folder: Path) -> Evaluation:
    return read_record(record_of(folder), Evaluation)


def record_of(folder: Path) -> Path:
    return folder / FIRST / "bracket-000" / "rung-0" / "slot-00.json"


def audited(folder: Path) -> Findings:
    findings, evidence = Findings(), Evidence.read(folder)
    hash_level.check_records(evidence, findings)
    check_plan(evidence, findings)
    check_course(evidence, findings)
    check_architectures(evidence, findings)
    return findings


def test_one_training_has_the_share_of_the_step(all_jobs):
    """Two brackets are 3 * 0.5 + 1.5 and 2 * 1.5: 6 GFLOP, of which one half is for each step."""
    one = all_jobs[FIRST]
    assert (one.planned.plan.kind, one.planned.plan.trainings) == (GRADIENTS, 1)
    assert one.experiment.budget.maximum == 3
    record = learned(one.folder)
    assert (record.status, record.budget) == ("success", 3)
    assert record.steps == round(3 / record.step_cost)
    assert record.proposal.values == pytest.approx(START)
    assert record.parameters <= 15_000


def test_a_step_costs_what_one_of_the_narrowed_network_does(all_jobs):
    one = all_jobs[FIRST]
    record, images = learned(one.folder), Folder(one.folder).data
    assert trained_network.step_cost(record, one.experiment, images).operations == pytest.approx(record.step_cost * 1e9)
    unlimited = one.experiment.model_copy(update={"training": TrainingSettings(precision="float32")})
    assert trained_network.step_cost(record, unlimited, images).operations > record.step_cost * 1.1e9


def test_it_counts_in_the_costs_of_the_plan_and_in_the_progress(all_jobs):
    """Of the search there is one bracket, of 3 GFLOP; of each arm there are two."""
    assert "all studies       15 GFLOP of training" in cost.report(all_jobs, workers=2)
    progress = reader_of(list(all_jobs.values())).read()
    assert sum(progress.done) == sum(progress.total) == sum(one.planned.plan.trainings for one in all_jobs.values())


def test_the_next_step_keeps_the_architecture_that_was_found(all_jobs):
    folder = all_jobs["search"].folder
    found = learned(folder).architecture.values
    assert set(found) == set(ARCHITECTURE_PARAMETERS)
    incumbent = read_record(folder / FIRST / "incumbent.json", Incumbent)
    assert incumbent.values == pytest.approx(START | found)
    assert (incumbent.loss, incumbent.test_error, incumbent.parameters) == (None, None, None)
    settings = read_record(folder / SECOND / "experiment.json", Experiment)
    assert settings.space.fixed_values == pytest.approx(found)
    for one in Results.read(folder).evaluations(SECOND):
        assert one.architecture is None
        assert {name: one.proposal.values[name] for name in found} == pytest.approx(found)


def test_an_audit_derives_the_architecture_and_trains_it_again_to_the_bit(folder):
    findings = audited(folder)
    assert not findings.problems
    assert [one.subject for one in findings if one.check == "architecture"] == [
        record_of(folder).relative_to(folder).as_posix()
    ]
    findings = Findings()
    options = RetrainOptions("cpu", Path("data"), folder.parent / "cache", tolerance=0.01)
    check_trainings(Evidence.read(folder), [(FIRST, 0, 0, 0)], options, findings)
    [found] = findings
    assert found.verdict is Verdict.VERIFIED
    assert found.message.startswith("the same, bit for bit, after ")


def change(folder: Path, path: Path, edit) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def other_values(record):
    record["architecture"]["values"]["initial_filters"] = 4 + record["architecture"]["values"]["initial_filters"] % 2


def other_weights(record):
    record["architecture"]["weights"] = {
        name: [1.0, *[0.0] * (len(of) - 1)] if name == "initial_filters" else of
        for name, of in record["architecture"]["weights"].items()
    }
    record["architecture"]["values"]["initial_filters"] = record["architecture"]["choices"]["initial_filters"][0]


def other_choices(record):
    for part in ("choices", "weights"):
        record["architecture"][part]["initial_filters"].pop(0)


def no_choice(record):
    del record["architecture"]


def fewer_rows(record):
    record["architecture"]["losses"].pop()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (other_values, "its values are not the choices with the largest weights"),
        (other_weights, "its last entropies are not those of its weights"),
        (other_choices, "its choices are not those of the space, as far as they are within the limits"),
        (no_choice, "has no architecture"),
        (fewer_rows, "it has not one entropy, or loss, for each row of the learning curve"),
    ],
)
def test_an_architecture_that_does_not_follow_from_its_record_is_a_mismatch(folder, edit, message):
    change(folder, record_of(folder), edit)
    found = [one for one in audited(folder) if one.check == "architecture"]
    assert [(one.verdict, one.message) for one in found] == [(Verdict.MISMATCH, message)]


def test_an_architecture_of_a_training_that_learns_none_is_a_mismatch(folder):
    path = folder / SECOND / "bracket-000" / "rung-0" / "slot-00.json"
    learned_elsewhere = json.loads(record_of(folder).read_text())["architecture"]
    change(folder, path, lambda record: record.update(architecture=learned_elsewhere))
    found = [one for one in audited(folder) if one.check == "architecture" and one.verdict is Verdict.MISMATCH]
    assert [one.message for one in found] == ["has an architecture, which it cannot have learned"]
