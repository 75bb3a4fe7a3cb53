"""What is said of an experiment: its progress, its images, its results."""

from factories import VALUES, evaluation
from results_folder import settings
from synthetic import SPACE

from jointsearch.core import config
from jointsearch.core.data_set import DataSet
from jointsearch.core.files import write_record
from jointsearch.search.incumbent import Incumbent, incumbent
from jointsearch.workflow.status import images, reader_of, summary
from jointsearch.workflow.study_jobs import StudyJobs


def test_the_summary_names_the_results_and_the_best_configuration(tmp_path):
    write_record(tmp_path / "experiment.json", settings(3))
    write_record(tmp_path / "incumbent.json", incumbent([evaluation("0-0-1", 0.25, test_error=0.5, parameters=12345)]))
    (tmp_path / "observations.csv").write_text("")
    lines = summary(tmp_path).splitlines()
    assert lines[:2] == [f"results     {tmp_path}", f"            {tmp_path}/observations.csv"]
    assert lines[2] == "best        25.00% validation error, 50.00% test error, 12,345 weights, after 1 epoch (0-0-1@0)"
    assert [line.split()[0] for line in lines[3:]] == sorted(VALUES)


def test_the_summary_says_why_there_is_no_best(tmp_path):
    write_record(tmp_path / "experiment.json", settings(3))
    write_record(tmp_path / "incumbent.json", Incumbent(evaluations=2, failed=2, message="no evaluation succeeded"))
    assert "best        none: no evaluation succeeded" in summary(tmp_path)
    (tmp_path / "incumbent.json").write_text("{")
    assert "best        unknown: " in summary(tmp_path)
    assert "Invalid JSON" in summary(tmp_path)


def test_the_images_are_said_once_they_were_looked_at(tmp_path):
    assert images(tmp_path) == ""
    known = DataSet(digest="d" * 64, split="5" * 64, classes=("a", "b"), shape=(3, 8, 8), train=8, validation=2, test=2)
    write_record(tmp_path / "data.json", known)
    assert images(tmp_path).strip().startswith("images 2 classes: a, b; 8 / 2 / 2 images of 8 x 8 x 3 for training,")
    (tmp_path / "data.json").write_text("{")
    assert images(tmp_path).strip().startswith("images unknown: ")


def test_progress_counts_what_a_run_trains_and_all_where_that_is_nothing():
    studies = {"correlation": {"configurations": 3}, "retraining": {"seeds": 3}}
    raw = {"experiment": "small", "space": SPACE, "search": {"length": 2, "length_unit": "brackets"}}
    jobs = StudyJobs.all_from_config(config.parse(raw | {"studies": studies}))
    outputs = {name: {str(batch) for rung in one.rungs for batch in rung} for name, one in jobs.items()}
    every = list(jobs.values())

    def total(*files: str) -> int:
        return sum(reader_of(every, {*files}).read().total)

    assert total(*outputs["correlation"], "results/small/data.json") == jobs["correlation"].planned.plan.trainings
    assert total(*outputs["correlation"], *outputs["retraining"]) == 12 + 3
    first = {file for file in outputs["search"] if "/bracket-000/" in file}
    assert total(*first) == sum(jobs["search"].brackets[0].sizes) < jobs["search"].planned.plan.trainings
    assert total() == total("results/small/data.json") == sum(one.planned.plan.trainings for one in every)
