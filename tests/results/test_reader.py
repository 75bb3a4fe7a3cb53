"""All that is known of an experiment, as it lies in its folder."""

import pytest
from factories import evaluation
from results_folder import put, settings, write_rung, write_search

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.records import Evaluation
from jointsearch.results.material import Material
from jointsearch.search.experiment import Experiment
from jointsearch.search.studies import retraining_settings

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
    write_rung(folder / name, made, size)
    return made


def test_an_experiment_that_has_only_a_search(folder):
    material = Material.read(folder, 2)
    assert list(material.studies) == ["search"]
    assert material.experiment == SMALL
    assert [one.id for one in material.evaluations("search")][:3] == ["0-0-0@0", "0-0-1@0", "0-0-2@0"]
    assert len(material.evaluations("search")) == 3 + 1 + 2


def test_of_the_search_only_the_brackets_that_are_planned_count(folder):
    material = Material.read(folder, 1)
    assert material.brackets == 1
    assert len(material.evaluations("search")) == 3 + 1


def test_each_study_comes_with_its_own_settings(folder):
    last = retraining_settings(SMALL)
    made = {"retraining": write_study(folder, "retraining", last), "manual": write_study(folder, "manual", SMALL)}
    material = Material.read(folder, 2)
    assert set(material.studies) == {"search", "manual", "retraining"}
    assert material.studies["retraining"].experiment == last
    assert material.studies["manual"].experiment == SMALL
    for name, evaluations in made.items():
        assert material.evaluations(name) == tuple(evaluations)


def test_an_arm_counts_with_all_brackets_that_it_has(folder):
    for bracket in (0, 5):
        write_study(folder, "joint_hyperband-0", SMALL, bracket)
    found = [one.bracket for one in Material.read(folder, 1).evaluations("joint_hyperband-0")]
    assert found == [0, 0, 0, 5, 5, 5]


def test_a_study_that_has_not_begun_has_trained_nothing(folder):
    assert Material.read(folder, 2).evaluations("retraining") == ()
    put(layout.experiment_file(folder / "manual"), SMALL)
    material = Material.read(folder, 2)
    assert material.studies["manual"].evaluations == ()


def test_what_a_job_under_way_has_written_counts_already(folder):
    made = write_study(folder, "manual", SMALL)
    for batch in folder.glob("manual/*/*/batch-*.json"):
        batch.unlink()
    (folder / "manual/bracket-001/rung-0/slot-01.json").unlink()
    assert Material.read(folder, 2).evaluations("manual") == (made[0], made[2])


def test_a_training_under_other_settings_than_those_of_its_study_is_refused(folder):
    write_study(folder, "retraining", SMALL)
    put(layout.experiment_file(folder / "retraining"), retraining_settings(SMALL))
    with pytest.raises(UserError, match=r"retraining/bracket-001/rung-0/slot-0\d\.json: belongs to another experiment"):
        Material.read(folder, 2)


@pytest.mark.parametrize("name", ["experiment.json", "manual/experiment.json"])
def test_settings_that_are_broken_are_named(folder, name):
    write_study(folder, "manual", SMALL)
    (folder / name).write_text("{")
    with pytest.raises(UserError, match=f"{name}: not a valid Experiment record"):
        Material.read(folder, 2)
