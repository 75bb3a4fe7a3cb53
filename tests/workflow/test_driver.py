"""A whole search in one process."""

import math
from pathlib import Path

import pytest
import yaml

from jointsearch import Diverged
from jointsearch.core import config, layout, lock
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record, write_record
from jointsearch.results.results import Results
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs


def all_jobs(folder, **changes):
    given = {
        "experiment": "small",
        "space": "examples/boosting/space.yaml",
        "objective": "examples.boosting.boosting:evaluate",
        "budget": {"unit": "steps", "minimum": 2, "maximum": 18},
        "search": {"length": 3, "length_unit": "brackets", "lags": [0, 1, 1]},
        "jobs": {"device": "cpu", "evaluations_per_job": 4, "seconds_per_unit": 0.5},
    }
    return StudyJobs.all_from_config(config.parse(given | changes), folder / "results")


def objective(trial):
    """The lower the learning rate the better; the third configuration fails."""
    if trial.name == "0-0-2@0":
        raise Diverged("too fast")
    return math.log(trial.values["learning_rate"]) - trial.budget


@pytest.fixture
def asked():
    return []


@pytest.fixture
def counted(asked):
    def ask(trial):
        asked.append(trial.name)
        return objective(trial)

    return ask


def test_an_objective_is_asked_once_for_each_evaluation_that_is_missing(tmp_path, asked, counted):
    planned = all_jobs(tmp_path)
    driver.run(planned, counted)
    assert len(asked) == len(set(asked)) == 20
    search = planned["search"]
    (layout.rung_folder(search.study_folder, 0, 1) / "slot-01.json").unlink()
    driver.run(planned, counted)
    assert len(asked) == 21 and asked[-1] in asked[:-1]
    best = read_record(search.folder / "incumbent.json", Incumbent)
    assert (best.budget, best.failed) == (18, 1)


def test_a_record_is_trained_again_by_a_job_of_another_size(tmp_path, capsys):
    driver.run(all_jobs(tmp_path), objective)
    larger = all_jobs(tmp_path, jobs={"device": "cpu", "evaluations_per_job": 9, "seconds_per_unit": 0.5})
    (layout.rung_folder(larger["search"].study_folder, 0, 0) / "slot-02.json").unlink()
    driver.run(larger, objective)
    assert "batch-00-03.json: removed, as records named there are missing" in capsys.readouterr().err
    assert len(Results.read(larger["search"].folder).evaluations("search")) == 20


def test_a_failure_is_a_record_and_not_promoted(tmp_path):
    planned = all_jobs(tmp_path)
    driver.run(planned, objective)
    evaluations = Results.read(planned["search"].folder).evaluations("search")
    [failed] = [one for one in evaluations if one.loss is None]
    assert (failed.id, failed.status) == ("0-0-2@0", "diverged")


def test_batches_of_another_size_give_the_same_course(tmp_path):
    made = []
    for size in (1, 9):
        planned = all_jobs(
            tmp_path / str(size), jobs={"device": "cpu", "evaluations_per_job": size, "seconds_per_unit": 0.5}
        )
        driver.run(planned, objective)
        made.append([one.derivable() for one in Results.read(planned["search"].folder).evaluations("search")])
    assert made[0] == made[1]


def test_parts_change_no_proposal_and_no_loss(tmp_path):
    """Only the experiment is another, as its space says more."""
    raw = yaml.safe_load(Path("config/spaces/joint17-digits.yaml").read_text())
    searched = ["learning_rate", "momentum"]
    for name, one in raw["hyperparameters"].items():
        if name not in searched:
            raw["hyperparameters"][name] = {"type": "constant", "value": one["upper"]}
    ids, made = set(), []
    for parts in ({}, dict.fromkeys(raw["hyperparameters"], "other") | {"learning_rate": "rate"}):
        for name, one in raw["hyperparameters"].items():
            one["part"] = parts.get(name)
        folder = tmp_path / str(len(made))
        folder.mkdir()
        (folder / "space.yaml").write_text(yaml.safe_dump(raw))
        planned = all_jobs(folder, space=str(folder / "space.yaml"))
        driver.run(planned, objective)
        results = Results.read(planned["search"].folder)
        ids.add(results.experiment.id)
        every = [one for study in results.studies.values() for one in study.evaluations]
        made.append([(one.study, one.id, one.seed, one.proposal, one.loss) for one in every])
    assert len(ids) == 2 and made[0] == made[1]
    assert any(proposal.origin.kind == "model" for *_, proposal, _ in made[0])


def test_a_longer_search_keeps_what_is_there(tmp_path, asked, counted):
    short = {"length": 1, "length_unit": "brackets", "lags": [0, 1, 1]}
    driver.run(all_jobs(tmp_path, search=short), counted)
    assert len(asked) == 13
    driver.run(all_jobs(tmp_path), counted)
    assert len(asked) == len(set(asked)) == 20


def test_the_folder_of_another_run_or_of_another_experiment_is_left(tmp_path):
    planned = all_jobs(tmp_path)
    with lock.take(planned["search"].folder), pytest.raises(UserError, match="another run works here"):
        driver.run(planned, objective)
    driver.run(planned, objective)
    with pytest.raises(UserError, match="another experiment: seed was 0, is now 1"):
        all_jobs(tmp_path, seed=1)


def test_other_images_than_before_are_refused(tmp_path):
    planned = all_jobs(tmp_path, objective=None, space="config/spaces/joint17-digits.yaml", data={"name": "digits"})
    data = layout.data_file(planned["search"].folder)
    before = DataSet(
        digest="d" * 64, split="5" * 64, classes=("0", "1"), shape=(1, 8, 8), train=8, validation=2, test=2
    )
    write_record(data, before)
    with pytest.raises(UserError, match=r"other images, or another split, than \S+data\.json says"):
        driver.run(planned)
    assert read_record(data, DataSet) == before


def around_first(planned) -> Environment:
    one = read_record(layout.rung_folder(planned["search"].study_folder, 0, 0) / "slot-00.json", Evaluation)
    return read_record(layout.environment_file(planned["search"].folder, one.observed.environment), Environment)


def test_a_record_names_the_function_that_was_called_and_not_the_one_that_was_not(tmp_path):
    planned = all_jobs(tmp_path)
    driver.run(planned, objective)
    assert {Path(name).name for name in around_first(planned).own} == {Path(__file__).name}


def test_a_record_names_the_modules_of_the_objective_and_the_code_that_calls_it(tmp_path, monkeypatch):
    monkeypatch.setattr("examples.boosting.boosting.evaluate", objective)
    planned = all_jobs(tmp_path)
    driver.run(planned)
    one = read_record(layout.rung_folder(planned["search"].study_folder, 0, 0) / "slot-00.json", Evaluation)
    around = around_first(planned)
    assert one.made_with.code == around.code_digest
    assert set(around.own) == {"examples/boosting/boosting.py"}
    assert "training/objective.py" in around.code and "training/loop.py" not in around.code
    assert around.torch is None and around.flags == {}


def test_a_function_needs_a_name_in_the_configuration(tmp_path):
    planned = all_jobs(tmp_path, objective=None, space="config/spaces/joint17-digits.yaml")
    with pytest.raises(UserError, match="objective: missing; name the function in the configuration too"):
        driver.run(planned, objective)


def test_nothing_is_left_of_scratch_folders_and_negative_losses_are_ranked(tmp_path):
    planned = all_jobs(tmp_path)
    driver.run(planned, objective)
    assert not list(planned["search"].study_folder.rglob("scratch-*"))
    best = read_record(planned["search"].folder / "incumbent.json", Incumbent)
    evaluations = Results.read(planned["search"].folder).evaluations("search")
    assert best.loss == min(one.loss for one in evaluations if one.budget == 18) < 0
