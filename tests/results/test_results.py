"""All that is known of an experiment, as it lies in its folder."""

import pytest
from factories import evaluation
from results_folder import plan_of, put, settings, write_rung, write_search

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.results.results import Results, StudyResults
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import Plan, StudyPlan
from jointsearch.search.studies.retraining import retraining_settings

SMALL = settings(3)
"""Two budgets: 3 and 1 evaluations, then 2."""


@pytest.fixture
def folder(tmp_path):
    write_search(tmp_path, SMALL, 2)
    return tmp_path


def write_study(folder, name: str, experiment: Experiment, bracket: int = 1, size: int = 3) -> list[Evaluation]:
    """Write the settings of a study and one rung of it."""
    put(layout.experiment_file(folder / name), experiment)
    place = {"study": name, "experiment": experiment.id, "budget": 3}
    made = [evaluation(f"{bracket}-0-{slot}", 0.1 * (slot + 1), **place) for slot in range(size)]
    known = read_record(layout.plan_file(folder), Plan)
    item = Bracket(bracket, (size,), (1,))
    planned = StudyPlan(name=name, kind="random", settings=experiment.id, brackets=(item,))
    others = [one for one in known.studies if one.name != name]
    put(layout.plan_file(folder), known.model_copy(update={"studies": (*others, planned)}))
    write_rung(folder / name, made, size)
    return made


def test_an_experiment_that_has_only_a_search(folder):
    results = Results.read(folder)
    assert list(results.studies) == ["search"]
    assert results.experiment == SMALL
    assert [one.id for one in results.evaluations("search")][:3] == ["0-0-0@0", "0-0-1@0", "0-0-2@0"]
    assert len(results.evaluations("search")) == 3 + 1 + 2


def test_of_the_search_only_the_brackets_that_are_planned_count(folder):
    put(layout.plan_file(folder), plan_of(SMALL, 1))
    results = Results.read(folder)
    assert len(results.evaluations("search")) == 3 + 1


def test_each_study_comes_with_its_own_settings(folder):
    last = retraining_settings(SMALL)
    made = {"retraining": write_study(folder, "retraining", last), "manual": write_study(folder, "manual", SMALL)}
    results = Results.read(folder)
    assert set(results.studies) == {"search", "manual", "retraining"}
    assert results.studies["retraining"].experiment == last
    assert results.studies["manual"].experiment == SMALL
    for name, evaluations in made.items():
        assert results.evaluations(name) == tuple(evaluations)


def test_of_a_study_as_well_only_the_brackets_that_are_planned_count(folder):
    for bracket in (0, 5):
        write_study(folder, "joint_hyperband-0", SMALL, bracket)
    found = [one.bracket for one in Results.read(folder).evaluations("joint_hyperband-0")]
    assert found == [5, 5, 5]


def test_a_study_that_is_not_planned_is_left_out_and_named_when_asked_for(folder):
    write_study(folder, "manual", SMALL)
    put(layout.plan_file(folder), plan_of(SMALL, 2))
    results = Results.read(folder)
    assert list(results.studies) == ["search"]
    with pytest.raises(UserError, match="manual: no planned study; known are search"):
        StudyResults.read(folder, "manual")


def test_results_without_a_plan_are_refused_by_name(folder):
    layout.plan_file(folder).unlink()
    with pytest.raises(UserError, match=r"plan\.json: cannot be read"):
        Results.read(folder)


def test_a_study_that_has_not_begun_has_trained_nothing(folder):
    assert Results.read(folder).evaluations("retraining") == ()
    put(layout.plan_file(folder), plan_of(SMALL, 2, manual={"architectures": ["resnet_20"], "seeds": 1}))
    put(layout.experiment_file(folder / "manual"), SMALL)
    results = Results.read(folder)
    assert results.studies["manual"].evaluations == ()


def test_what_a_job_under_way_has_written_counts_already(folder):
    made = write_study(folder, "manual", SMALL)
    for batch in folder.glob("manual/*/*/batch-*.json"):
        batch.unlink()
    (folder / "manual/bracket-001/rung-0/slot-01.json").unlink()
    assert Results.read(folder).evaluations("manual") == (made[0], made[2])


def test_a_training_under_other_settings_than_those_of_its_study_is_refused(folder):
    write_study(folder, "retraining", SMALL)
    put(layout.experiment_file(folder / "retraining"), retraining_settings(SMALL))
    with pytest.raises(UserError, match=r"retraining/bracket-001/rung-0/slot-0\d\.json: belongs to another experiment"):
        Results.read(folder)


@pytest.mark.parametrize("name", ["experiment.json", "manual/experiment.json"])
def test_settings_that_are_broken_are_named(folder, name):
    write_study(folder, "manual", SMALL)
    (folder / name).write_text("{")
    with pytest.raises(UserError, match=f"{name}: not a valid Experiment record"):
        Results.read(folder)
