"""What the workflow asks for the studies beside the search: files, order, time limits."""

import pytest
from results_folder import put
from synthetic import SPACE

from jointsearch.core.config import parse
from jointsearch.core.errors import UserError
from jointsearch.search.studies.arms import restricted
from jointsearch.workflow.study_jobs import StudyJobs

ALL = {"correlation": {"configurations": 10}, "manual": {}, "arms": {"repeats": 2}, "retraining": {}}


def all_jobs(**changes) -> dict[str, StudyJobs]:
    return StudyJobs.all_from_config(parse({"experiment": "small", "studies": ALL} | changes))


def test_the_search_is_one_of_them_and_the_first():
    assert next(iter(all_jobs())) == "search"
    assert StudyJobs.from_config(parse({"experiment": "small", "studies": ALL})) == all_jobs()["search"]


def test_settings_of_the_search_lie_in_the_folder_of_the_experiment_those_of_a_study_in_its_own():
    frozen = {name: str(one.settings_file) for name, one in all_jobs().items()}
    assert frozen.pop("search") == "results/small/experiment.json"
    assert frozen == {name: f"results/small/{name}/experiment.json" for name in frozen}


def test_only_a_second_step_waits_for_what_another_study_found():
    keeps = {name: one.inputs("settings")["keeps"] for name, one in all_jobs().items()}
    waits = {name: list(map(str, paths)) for name, paths in keeps.items() if paths}
    assert waits == {
        f"{arm}-{repeat}-2": [f"results/small/{arm}-{repeat}-1/incumbent.json"]
        for arm in ("architecture_first", "hyperparameters_first")
        for repeat in (0, 1)
    }


def test_the_search_goes_before_all_others_and_earlier_repeats_before_later_ones():
    highest, lowest = {}, {}
    for name, one in all_jobs(search={"length": 256}).items():
        places = [(item.index, rung) for item in one.brackets for rung in range(len(item.sizes))]
        highest[name] = max(one.priority(*place) for place in places)
        lowest[name] = min(one.priority(*place) for place in places)
    assert all(lowest["search"] > other for name, other in highest.items() if name != "search")
    of_repeat = {repeat: [name for name in highest if name.split("-")[1:2] == [repeat]] for repeat in "01"}
    assert min(lowest[name] for name in of_repeat["0"]) > max(highest[name] for name in of_repeat["1"])
    # A second step cannot start before the first is over.
    assert lowest["architecture_first-1-1"] > highest["architecture_first-1-2"]


def test_each_training_of_a_study_is_of_one_job():
    for one in all_jobs(jobs={"evaluations_per_job": 4}).values():
        batches, trainings = one.inputs("study")["evaluations"], 0
        for path in batches:
            first, last = (int(number) for number in path.stem.split("-")[1:])
            trainings += last - first + 1
        assert trainings == sum(sum(item.sizes) for item in one.brackets)
        assert len(set(batches)) == len(batches)


def test_a_study_at_the_full_budget_gets_the_time_that_takes():
    planned = all_jobs()
    [item] = planned["retraining"].brackets
    assert planned["retraining"].time_limit(item.index, 0, 1) == planned["search"].time_limit(0, 3, 1)


@pytest.mark.parametrize("name", ["manual", "joint_hyperband-1", "architecture_first-0-1"])
def test_results_under_other_settings_are_refused_by_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    one = all_jobs(space=SPACE, seed=1)[name]
    put(one.settings_file, one.experiment)
    says = f"results/small/{name}: holds results of another experiment: seed was 1, is now 0; "
    with pytest.raises(UserError, match=says):
        all_jobs(space=SPACE)


def test_what_a_second_step_keeps_is_known_only_once_the_first_has_found_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = all_jobs(space=SPACE)["architecture_first-0-2"]
    found = restricted(one.experiment.space, {"residual_blocks_1": 7}, one.planned.plan.keeps)
    assert found != one.experiment.space
    put(one.settings_file, one.experiment.model_copy(update={"space": found}))
    assert list(all_jobs(space=SPACE)) == list(all_jobs(space=SPACE, experiment="another"))
