import os

from factories import VALUES, evaluation

from jointsearch.incumbent import Incumbent, incumbent
from jointsearch.records import DataSet, sweep, write_record
from jointsearch.run import images, summary


def test_the_summary_names_the_results_and_the_best_configuration(tmp_path):
    write_record(tmp_path / "incumbent.json", incumbent([evaluation("0-0-1", 0.25, test_error=0.5, parameters=12345)]))
    (tmp_path / "observations.csv").write_text("")
    lines = summary(tmp_path).splitlines()
    assert lines[:2] == [f"results     {tmp_path}", f"            {tmp_path}/observations.csv"]
    assert lines[2] == "best        25.00% validation error, 50.00% test error, 12,345 weights, after 1 epoch (0-0-1@0)"
    assert [line.split()[0] for line in lines[3:]] == sorted(VALUES)


def test_the_summary_says_why_there_is_no_best(tmp_path):
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


def test_what_killed_writers_left_is_swept_up_and_nothing_else(tmp_path):
    for name in (".slot-00.json.123.tmp", ".slot-01.json.124.tmp", "slot-02.json"):
        (tmp_path / name).write_text("")
    for name in (".slot-00.json.123.tmp", "slot-02.json"):
        os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".slot-01.json.124.tmp", "slot-02.json"]
