import logging
import os
import sys
from pathlib import Path

import pytest
from factories import broken_pipe
from synthetic import SPACE

from jointsearch.audit import audit
from jointsearch.core import config, layout
from jointsearch.core.files import read_record, sweep
from jointsearch.search.plan import Plan
from jointsearch.workflow import driver
from jointsearch.workflow.session import Session, failure
from jointsearch.workflow.study_jobs import StudyJobs


def test_what_killed_writers_left_is_swept_up_and_nothing_else(tmp_path):
    for name in (".slot-00.json.123.tmp", ".slot-01.json.124.tmp", "slot-02.json"):
        (tmp_path / name).write_text("")
    for name in (".slot-00.json.123.tmp", "slot-02.json"):
        os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".slot-01.json.124.tmp", "slot-02.json"]


def all_jobs(length: int) -> dict[str, StudyJobs]:
    search = {"length": length, "length_unit": "brackets"}
    return StudyJobs.all_from_config(config.parse({"experiment": "small", "space": SPACE, "search": search}))


def test_a_run_writes_the_plan_before_its_jobs_and_leaves_one_that_is_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = layout.plan_file(tmp_path / "results/small")
    for length in (3, 5, 2):
        Session(all_jobs(length)).write_plan()
        assert len(read_record(path, Plan).search.brackets) == length
    os.utime(path, (0, 0))
    Session(all_jobs(2)).write_plan()
    assert path.stat().st_mtime == 0


def own(length: int) -> dict[str, StudyJobs]:
    return StudyJobs.all_from_config(
        config.parse(
            {
                "experiment": "own",
                "space": "space.yaml",
                "objective": "changing:evaluate",
                "budget": {"unit": "trees", "minimum": 1, "maximum": 3},
                "search": {"length": length, "length_unit": "brackets", "sampler": "random"},
                "jobs": {"seconds_per_unit": 1},
            }
        )
    )


@pytest.fixture
def changing(tmp_path, monkeypatch) -> Path:
    """The results of a first bracket, by a module that has changed since."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "space.yaml").write_text("hyperparameters: {depth: {type: float, lower: 1, upper: 2}}")
    module = tmp_path / "changing.py"
    module.write_text("def evaluate(trial):\n    return trial.values['depth']\n")
    driver.run(own(1))
    module.write_text("def evaluate(trial):\n    return trial.values['depth'] + 1\n")
    yield tmp_path / "results/own"
    sys.modules.pop("changing", None)


def test_a_run_that_goes_on_with_other_code_says_which_file_has_changed_and_so_does_the_audit(changing, capsys):
    Session(own(2))._report_changes()
    started = capsys.readouterr().err
    assert started.startswith("warning: changing.py: changed since earlier trainings in results/own;")
    driver.run(own(2))
    assert capsys.readouterr().err == started
    found = [one.message for one in audit.run(changing, "hash").findings.problems if one.check == "code"]
    assert found and all(message.endswith("): changing.py") for message in found)


def test_a_run_that_trains_nothing_more_says_nothing_of_changed_code(changing, capsys):
    for one in own(1).values():
        for rung in one.rungs:
            for batch in rung:
                batch.touch()
    Session(own(1))._report_changes()
    assert capsys.readouterr().err == ""


REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition'.\n"
    "    sbatch call:\n        sbatch -p x\n"
    "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
)


def hear(session: Session, event: str, log: str, message: str | None) -> None:
    told = {"event": event, "output": ["batch.json"], "log": [log], "rule_msg": message}
    session.listen(logging.makeLogRecord({"msg": "of a job", **told}))


@pytest.mark.parametrize("earlier", [None, "# yesterday on node1\nZeroDivisionError: of yesterday\n"])
@pytest.mark.parametrize("written", ["", "# today on node1\nOSError: of today\n"])
def test_of_a_failed_job_the_log_of_this_attempt_is_quoted_alone(tmp_path, capsys, earlier, written):
    """Nothing was written where the job was refused, or ended before the training began."""
    log = tmp_path / "train.log"
    if earlier is not None:
        log.write_text(earlier)
    session = Session({layout.SEARCH: None})
    hear(session, "job_info", str(log), None)
    with log.open("a") as file:
        file.write(written)
    hear(session, "job_error", str(log), REFUSED)
    told = "failed: batch.json: SLURM sbatch failed. The error message was 'sbatch: error: invalid partition'."
    quoted = f" Its log {log} ends: OSError: of today" if written else ""
    assert capsys.readouterr().err == f"{told}{quoted}\n"


def test_a_terminal_that_has_closed_does_not_keep_a_run_from_going_on(monkeypatch):
    with broken_pipe() as closed:
        monkeypatch.setattr("sys.stderr", closed)
        hear(Session({layout.SEARCH: None}), "job_error", "train.log", REFUSED)


def test_logs_that_the_job_made_itself_are_quoted_and_those_that_are_missing_are_not(tmp_path):
    (tmp_path / "12.log").write_text("slurmstepd: error: no memory\n\n")
    line = failure(["batch.json"], "Killed.", [str(tmp_path / "train.log"), str(tmp_path / "12.log")], {})
    assert line == f"failed: batch.json: Killed. Its log {tmp_path}/12.log ends: slurmstepd: error: no memory"


def finished(tmp_path, monkeypatch, capsys, *events: dict[str, object]) -> tuple[str, str]:
    """What a run prints at its end, after some events."""
    monkeypatch.chdir(tmp_path)
    session = Session(all_jobs(1))
    session.start()
    for event in events:
        session.listen(logging.makeLogRecord({"msg": None, **event}))
    session.finish()
    printed = capsys.readouterr()
    return printed.out, printed.err


def error(file: str) -> dict[str, object]:
    return {"event": "job_error", "output": [file], "log": [f"logs/{file}.log"], "rule_msg": None}


def progress(done: int) -> dict[str, object]:
    return {"event": "progress", "done": done, "total": 2}


def test_a_run_that_has_succeeded_says_where_the_results_are(tmp_path, monkeypatch, capsys):
    """After a job that failed at first, too."""
    out, _ = finished(tmp_path, monkeypatch, capsys, error("a"), progress(1), progress(2))
    assert out == "results in results/small\n"


def test_a_run_that_has_failed_says_what_did_and_where_its_log_is(tmp_path, monkeypatch, capsys):
    out, err = finished(tmp_path, monkeypatch, capsys, error("a"), progress(1), error("b"))
    assert out == ""
    assert err.endswith("2 jobs failed, the last one for b; its log: logs/b.log\n")


def test_a_run_that_was_stopped_says_neither(tmp_path, monkeypatch, capsys):
    out, err = finished(tmp_path, monkeypatch, capsys, progress(1))
    assert out == ""
    assert "its log" not in err
