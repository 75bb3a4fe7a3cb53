"""The studies beside a search: what they train, what becomes of it, and what an audit sees."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from end_to_end.conftest import Workspace, make_workspace
from end_to_end.forgery import edit
from jointsearch.audit import hash_level
from jointsearch.audit.derive_course import check_course
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Finding, Findings, Verdict
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.files import digest, file_digest, read_record
from jointsearch.core.proposal import Rung
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.networks.manual import architecture
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent

MANUAL = ("wide_resnet_10_2", "shake_shake_14_2x8d")
STUDIES: dict[str, Any] = {
    "correlation": {"configurations": 3},
    "manual": {"architectures": list(MANUAL), "seeds": 2},
    "arms": {
        "arms": dict.fromkeys(["joint_bohb", "joint_random", "architecture_first"]),
        "brackets": 4,
        "repeats": 1,
        "start": "wide_resnet_10_2",
    },
    "retraining": {"seeds": 2},
}
SMALL: dict[str, Any] = {
    "budget": {"minimum": 2, "maximum": 6},
    "search": {"length": 1, "lags": [0, 1]},
    "jobs": {"evaluations_per_job": 27},
}
"""A search of 3 and 1 evaluations; the second bracket of an arm has 2."""
ADDED = ("manual", "architecture_first-0-2", "retraining")
"""What is made in ways that a search is not: without a model, with settings that another study found, of finalists."""
PACKED = SMALL | {"jobs": {"evaluations_per_job": 3}}
"""The same in other jobs."""


@pytest.fixture(scope="session")
def studied(shared) -> Workspace:
    """A finished search with all studies, made in one process. Read only."""
    return shared("studied", drive_studies)


def drive_studies(folder: Path) -> Workspace:
    workspace = with_studies(folder)
    workspace.drive("finish")
    return workspace


@pytest.fixture(scope="session")
def added(shared, studied) -> Workspace:
    """The same, but that the workflow has added three of its studies, in smaller jobs. Read only."""
    return shared("added", lambda folder: add_studies(studied, folder))


def add_studies(studied: Workspace, folder: Path) -> Workspace:
    workspace = studied.copy(folder)
    for name in ADDED:
        shutil.rmtree(workspace.results / name)
    workspace.configure(**PACKED, studies=STUDIES)
    (folder / "printed").write_text(workspace.snakemake("--cores", "2", "search", "studies"))
    return workspace


def with_studies(folder: Path) -> Workspace:
    workspace = make_workspace(folder)
    narrow = (folder / "config/spaces/joint17-digits.yaml").read_text()
    wide = narrow.replace("lower: 4, upper: 8", "lower: 4, upper: 16").replace("lower: 0.75", "lower: 0.5")
    (folder / "space.yaml").write_text(wide)
    workspace.configure(**SMALL, studies=STUDIES)
    return workspace


@pytest.fixture
def results(studied: Workspace, tmp_path: Path) -> Path:
    """Its results, to be tampered with."""
    return Path(shutil.copytree(studied.results, tmp_path / "small"))


def files(workspace: Workspace) -> list[Path]:
    """Records of its studies."""
    found = sorted(path for path in workspace.results.glob("*/**/*.json"))
    return [path.relative_to(workspace.results) for path in found]


def material(workspace: Workspace) -> Results:
    return Results.read(workspace.results)


def values_of(evaluations: tuple[Evaluation, ...]) -> list[Any]:
    return [one.proposal.values for one in evaluations]


def batches_an_epoch(one: Evaluation) -> float:
    """As many whole ones as there are images for."""
    return one.steps / one.epochs


def test_studies_added_to_a_finished_search_are_all_that_is_planned(studied, tmp_path):
    workspace = studied.copy(tmp_path / "clone")
    for name in material(studied).studies:
        if name != "search":
            shutil.rmtree(workspace.results / name)
    planned = [line.split() for line in workspace.snakemake("-n", "search", "studies").splitlines()]
    # Two for correlation; manual, retraining, random; six for the joint search and three for each step.
    assert ["train", "17"] in planned
    assert ["history", "8"] in planned
    assert ["study_observations", "7"] in planned
    assert not {"data", "experiment", "observations"} & {line[0] for line in planned if line}


def test_studies_added_by_the_workflow_train_only_what_is_theirs(added, studied):
    others = [path for path in files(studied) if path.parts[0] not in ADDED]
    assert len(others) > 50
    for path in others:
        assert (added.results / path).read_bytes() == (studied.results / path).read_bytes(), path
    ran = [line.split() for line in added.printed().splitlines()]
    # Two jobs for the four trainings of a study, and three rungs of a step.
    assert ["train", "7"] in ran
    assert ["history", "2"] in ran


def test_the_workflow_and_the_driver_take_the_same_course_though_their_jobs_are_others(added, studied):
    """Proposals and settings to the byte, with the digests of all they were made from; evaluations but for times."""
    for workspace, number in ((added, 2), (studied, 1)):
        assert len(list(workspace.results.glob("retraining/*/*/batch-*.json"))) == number
    assert added.chain() == studied.chain()
    theirs, ours = material(added).studies, material(studied).studies
    assert set(theirs) == set(ours)
    for name, study in ours.items():
        assert [one.derivable() for one in theirs[name].evaluations] == [one.derivable() for one in study.evaluations]
    for path in studied.results.glob("**/incumbent.json"):
        assert (added.results / path.relative_to(studied.results)).read_bytes() == path.read_bytes()


def test_every_study_trains_what_was_planned(studied):
    trained = {
        name: Counter(one.budget for one in study.evaluations) for name, study in material(studied).studies.items()
    }
    assert trained == {
        "search": {2: 3, 6: 1},
        "correlation": {2: 3, 6: 3},
        "manual": {6: 2 * 2},
        "retraining": {6: 2 * 2},
        "joint_bohb-0": {2: 2 * 3, 6: 2 * (1 + 2)},
        "joint_random-0": {6: 8},
        # Twice three of a third and three whole ones, eight in all.
        "architecture_first-0-1": {2: 3, 6: 1 + 2},
        "architecture_first-0-2": {2: 3, 6: 1 + 2},
    }


def test_the_same_random_configurations_are_trained_at_every_budget(studied):
    made = material(studied).evaluations("correlation")
    low, full = ([one for one in made if one.budget == budget] for budget in (2, 6))
    assert [one.proposal for one in low] == [one.proposal for one in full]
    assert len({digest(one.proposal.values) for one in low}) == 3
    assert len({one.seed for one in made}) == 6


def test_manual_architectures_have_the_values_of_the_literature(studied):
    made = material(studied).evaluations("manual")
    assert [one.proposal.origin.name for one in made] == [name for name in MANUAL for _ in range(2)]
    for one in made:
        assert one.proposal.values == architecture(one.proposal.origin.name).values
    assert len({one.seed for one in made}) == 4


def test_the_second_step_keeps_what_the_first_found_and_searches_the_rest(studied):
    found = read_record(studied.results / "architecture_first-0-1/incumbent.json", Incumbent).values
    known = material(studied)
    first, second = (values_of(known.evaluations(f"architecture_first-0-{step}")) for step in (1, 2))
    begin = architecture("wide_resnet_10_2").values
    assert all(values[name] == begin[name] for values in first for name in TRAINING_PARAMETERS)
    assert len({values["widen_factor_1"] for values in first}) == 3 + 2
    assert all(values[name] == found[name] for values in second for name in ARCHITECTURE_PARAMETERS)
    assert len({values["learning_rate"] for values in second}) == 3 + 2


def test_the_best_of_both_are_trained_on_training_and_validation_images(studied):
    known = material(studied)
    best = read_record(studied.results / "incumbent.json", Incumbent)
    losses: dict[str, float] = {}
    for one in known.evaluations("manual"):
        losses[one.proposal.origin.name] = losses.get(one.proposal.origin.name, 0) + one.loss
    by_hand = min(losses, key=lambda name: losses[name])
    made = known.evaluations("retraining")
    assert [one.proposal.origin.name for one in made] == ["incumbent", "incumbent", by_hand, by_hand]
    assert values_of(made) == [best.values] * 2 + [architecture(by_hand).values] * 2
    assert len({one.seed for one in made}) == 4
    images = read_record(studied.results / "data.json", DataSet)
    for one in made:
        whole = (images.train + images.validation) // one.proposal.values["batch_size"]
        assert batches_an_epoch(one) == pytest.approx(whole)
        assert 0 <= one.snapshot_test_error <= 1
    for one in (*known.evaluations("search"), *known.evaluations("manual")):
        assert batches_an_epoch(one) == pytest.approx(images.train // one.proposal.values["batch_size"])
        assert one.snapshot_test_error is None


def test_another_repeat_is_all_that_is_left_to_do(added, tmp_path):
    workspace = added.copy(tmp_path / "clone")
    workspace.configure(**PACKED, studies=STUDIES | {"arms": STUDIES["arms"] | {"repeats": 2}})
    printed = workspace.snakemake("-n", "search", "studies")
    planned = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", printed, flags=re.MULTILINE)}
    searches = {"history": 8, "sample": 8, "promote": 4}
    others = {"study_settings": 4, "propose": 1, "train": 15, "study_observations": 4, "studies": 1}
    assert planned == {**searches, **others, "total": sum(searches.values()) + sum(others.values())}


def test_an_audit_verifies_all_of_it(studied):
    done = studied.call("audit", "results/small", "--json")
    found = [one for one in json.loads(done.stdout)[0]["findings"] if one["verdict"] not in ("verified", "not checked")]
    # The code is of no commit here; that is all there is to say.
    assert {one["check"] for one in found} == {"committed"}, found
    assert done.returncode == 4


# What an audit finds


def mismatches(folder: Path) -> dict[str, list[str]]:
    """Files that do not follow from the others, by check."""
    findings, evidence = Findings(), Evidence.read(folder)
    check_plan(evidence, findings)
    check_course(evidence, findings)
    found: dict[str, list[str]] = {}
    for one in findings:
        if one.verdict is not Verdict.VERIFIED and one.verdict is not Verdict.NOT_CHECKED:
            found.setdefault(f"{one.check}: {one.verdict.words}", []).append(one.subject)
    return found


def broken_records(folder: Path) -> list[Finding]:
    findings = Findings()
    hash_level.check_records(Evidence.read(folder), findings)
    return findings.problems


def forge(rung: Path, slot: int, **changes: Any) -> None:
    """Change a proposal of a rung and all that names it, so that the records fit each other."""
    proposals = list(read_record(rung / "proposals.json", Rung).model_dump()["proposals"])
    proposals[slot] |= changes
    edit(rung / "proposals.json", Rung, proposals=tuple(proposals))
    forged = read_record(rung / "proposals.json", Rung)
    for path in rung.glob("slot-*.json"):
        one = read_record(path, Evaluation)
        edit(path, Evaluation, proposal=forged.proposals[one.slot].model_dump(), parents=(digest(forged),))
    for path in rung.glob("batch-*.json"):
        records = [file_digest(rung / f"slot-{number:02d}.json") for number in range(len(forged.proposals))]
        edit(path, Batch, records=tuple(records))


def proposal(rung: Path, slot: int) -> dict[str, Any]:
    return read_record(rung / "proposals.json", Rung).model_dump()["proposals"][slot]


def test_untouched_results_have_no_mismatch(results):
    assert mismatches(results) == {}
    assert broken_records(results) == []


def test_a_random_configuration_that_was_replaced_is_noticed(results):
    rungs = [results / f"correlation/bracket-000/rung-{rung}" for rung in (0, 1)]
    for rung in rungs:
        forge(rung, 1, values=proposal(rung, 1)["values"] | {"learning_rate": 0.1})
    assert broken_records(results) == []
    expected = [f"correlation/bracket-000/rung-{rung}/proposals.json" for rung in (0, 1)]
    assert mismatches(results) == {"proposals: mismatch": expected}


def test_a_manual_architecture_with_another_learning_rate_is_noticed(results):
    rung = results / "manual/bracket-001/rung-0"
    forge(rung, 1, values=proposal(rung, 1)["values"] | {"learning_rate": 0.05})
    # The last trainings name those that they were chosen from.
    chosen = "retraining/bracket-001/rung-0/proposals.json"
    assert [(one.check, one.subject) for one in broken_records(results)] == [("chain", chosen)]
    assert mismatches(results) == {"proposals: mismatch": ["manual/bracket-001/rung-0/proposals.json", chosen]}


@pytest.mark.parametrize("group", ["incumbent", "manual"])
def test_a_finalist_that_is_not_the_best_is_noticed(results, group):
    rung, known = results / "retraining/bracket-001/rung-0", Results.read(results)
    if group == "incumbent":
        best = read_record(results / "incumbent.json", Incumbent).evaluation
        winner = next(one for one in known.evaluations("search") if one.id == best)
        other = next(one for one in known.evaluations("search") if one.proposal != winner.proposal)
        name, slots = "incumbent", (0, 1)
    else:
        name, slots = next(name for name in MANUAL if name != proposal(rung, 2)["origin"]["name"]), (2, 3)
        other = next(one for one in known.evaluations("manual") if one.proposal.origin.name == name)
    for slot in slots:
        origin = proposal(rung, slot)["origin"] | {"name": name}
        forge(rung, slot, values=dict(other.proposal.values), origin=origin)
    assert broken_records(results) == []
    assert mismatches(results) == {"proposals: mismatch": ["retraining/bracket-001/rung-0/proposals.json"]}


@pytest.mark.parametrize(("step", "name"), [(1, "weight_decay"), (2, "widen_factor_2")])
def test_an_arm_with_another_space_is_noticed(results, step, name):
    """What a step does not search is fixed: at the beginning's values, or at what the first one found."""
    file = f"architecture_first-0-{step}/experiment.json"
    settings = read_record(results / file, Experiment).model_dump()
    assert settings["space"]["hyperparameters"][name]["type"] == "constant"
    settings["space"]["hyperparameters"][name]["value"] *= 1.5
    edit(results / file, Experiment, space=settings["space"])
    # Without the first step's records, which are now of other settings, the second cannot have kept its incumbent.
    assert mismatches(results)["study: mismatch"][0] == file


def test_a_study_that_is_gone_is_missed(results):
    shutil.rmtree(results / "correlation")
    missing = [one.subject for one in broken_records(results) if one.verdict is Verdict.CANNOT_BE_CHECKED]
    assert len(missing) == 6
    assert all(name.startswith("correlation/bracket-000/rung-") for name in missing)


def test_a_study_that_nobody_planned_is_told(results):
    shutil.copytree(results / "manual", results / "joint_random-1")
    assert "joint_random-1/experiment.json" in mismatches(results)["study: cannot be checked"]


# By hand


def test_proposals_can_be_made_again_by_hand(studied, tmp_path):
    folder, made = studied.results, tmp_path / "retraining/bracket-001/rung-0/proposals.json"
    made.parent.mkdir(parents=True)
    done = studied.call("propose", str(folder), str(made))
    assert done.returncode == 0, done.stderr
    assert made.read_bytes() == (folder / "retraining/bracket-001/rung-0/proposals.json").read_bytes()


def freeze(studied: Workspace, output: Path, incumbent: Incumbent | None, *kept: str) -> str:
    """Freeze the settings of a first step, with values of an incumbent; what went wrong."""
    settings = (studied.results / "architecture_first-0-1/experiment.json").read_text().strip()
    arguments = []
    if incumbent is not None:
        arguments = ["--found", str(output.with_name("incumbent.json")), "--keep", *kept]
        output.with_name("incumbent.json").write_text(incumbent.model_dump_json())
    return studied.call("freeze", settings, str(output), *arguments).stderr


def test_settings_are_frozen_with_the_values_of_an_incumbent(studied, tmp_path):
    found = read_record(studied.results / "incumbent.json", Incumbent)
    assert freeze(studied, tmp_path / "a.json", found, "learning_rate", "momentum") == ""
    kept = read_record(tmp_path / "a.json", Experiment).space.hyperparameters
    before = read_record(studied.results / "architecture_first-0-1/experiment.json", Experiment).space.hyperparameters
    assert {name for name in before if kept[name] != before[name]} == {"learning_rate", "momentum"}
    assert kept["learning_rate"].value == found.values["learning_rate"]
    # Other values than those that the records beside were made with are refused.
    said = freeze(studied, tmp_path / "a.json", None)
    assert "holds results of another experiment: space.hyperparameters.learning_rate.value was" in said
    assert said.count("\n") == 1


def test_a_first_step_that_found_nothing_leaves_the_second_what_it_began_with(studied, tmp_path):
    nothing = Incumbent(evaluations=4, failed=4, message="no evaluation succeeded: 4 diverged")
    assert freeze(studied, tmp_path / "a.json", nothing, *ARCHITECTURE_PARAMETERS) == ""
    begun = studied.results / "architecture_first-0-1/experiment.json"
    assert (tmp_path / "a.json").read_bytes() == begun.read_bytes()


@pytest.mark.parametrize(
    ("studies", "says"),
    [
        ({"manual": {"architectures": ["resnet20"]}}, "no manual architecture 'resnet20'; did you mean 'resnet_20'?"),
        ({"manual": {"architectures": [MANUAL[0]]}}, f"{MANUAL[0]}: its batch_size of 128 is outside of the space"),
        ({"arms": {"arms": {"a": {"sampler": "bob"}}}}, "studies.arms.arms.a.sampler: no sampler 'bob'; did you mean"),
    ],
)
def test_a_study_that_cannot_work_is_refused_at_once(workspace, studies, says):
    workspace.configure(studies=studies)
    done = workspace.call("plan", "config.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and says in done.stderr
    assert done.stderr.count("\n") == 1
