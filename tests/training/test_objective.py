"""Objectives of one's own: what they are called with, what they may return, and what comes of the rest."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from jointsearch import Diverged, Invalid, OutOfMemory, Trial
from jointsearch.core import config, layout, machine
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.interruption import InterruptedTrainingError, Interruption
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.training import environment, objective
from jointsearch.training.objective import Objective
from jointsearch.training.slot import Slot

NAME = "examples.boosting.boosting:evaluate"
CONFIG = {
    "experiment": "own",
    "space": "examples/boosting/space.yaml",
    "objective": NAME,
    "budget": {"unit": "trees", "minimum": 2, "maximum": 9},
    "jobs": {"seconds_per_unit": 0.5},
}
VALUES = {"max_depth": 2, "learning_rate": 0.1}


@pytest.fixture
def interruption() -> Interruption:
    return Interruption()


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return resolve(config.parse(CONFIG))


@pytest.fixture(scope="module")
def around(experiment) -> Environment:
    return environment.of_objective("cpu", 1, experiment.own)


@pytest.fixture
def evaluate(tmp_path, interruption, experiment, around):
    """Call a function with the one proposal of a rung; the record of that."""
    proposal = Proposal(id="0-0-0", values=VALUES, origin=Origin(sampler="random", kind="random"))
    rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=(proposal,))

    def call(function, threads=1) -> Evaluation:
        limited = around.model_copy(update={"threads": threads})
        setup = objective.Setup("cpu", tmp_path / "data", limited, interruption)
        return objective.evaluate(Slot(experiment, rung, 0, tmp_path), Objective.of(NAME, function), setup)

    return call


def test_a_trial_has_all_that_an_objective_needs(evaluate, tmp_path):
    seen = []
    record = evaluate(lambda trial: seen.append(trial) or 1.5)
    [trial] = seen
    assert (trial.values, trial.budget, trial.unit, trial.device) == (VALUES, 3, "trees", "cpu")
    assert isinstance(trial.budget, int)
    assert trial.seed == record.seed % 2**32
    assert (trial.data_root, trial.scratch.is_dir()) == (tmp_path / "data", True)
    assert not trial.should_stop()


def test_libraries_get_the_threads_that_the_record_names(evaluate):
    before, seen = dict(os.environ), []

    def looks(trial):
        pools = {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
        seen.append((trial.threads, pools, {os.environ[name] for name in machine.THREADS}))
        return 0.5

    record = evaluate(looks, threads=3)
    assert seen == [(3, {3}, {"3"})]
    assert record.made_with.threads == 3 and dict(os.environ) == before


def test_an_objective_that_changes_its_values_changes_no_record(evaluate):
    def changes(trial):
        trial.values.pop("max_depth")
        trial.values["learning_rate"] = 9
        return 0.5

    assert evaluate(changes).proposal.values == VALUES


@pytest.mark.parametrize("loss", [0.25, -3, np.float64(0.25), np.float32(0.25), np.array(0.25), np.int64(2)])
def test_a_number_of_any_library_is_a_loss_whatever_its_sign(evaluate, loss):
    record = evaluate(lambda trial: loss)
    assert (record.status, record.loss, record.test_error) == ("success", float(loss), None)
    assert type(record.loss) is float


def test_a_mapping_has_loss_test_and_columns_that_the_record_keeps(evaluate):
    record = evaluate(lambda trial: {"loss": 3.5, "test": np.float32(4.5), "depth": 3, "kind": "tree", "fits": True})
    assert (record.loss, record.test_error) == (3.5, 4.5)
    assert record.metrics == {"depth": 3, "kind": "tree", "fits": True}


def test_the_record_says_what_is_known_and_nothing_of_our_training(evaluate):
    written = evaluate(lambda trial: 0.5).model_dump(mode="json")
    assert set(written["made_with"]) == {"code", "lock", "python", "device_type", "threads"}
    assert not {"steps", "epochs", "metrics", "reports"} & set(written)
    assert written["curve"] == [] and written["budget_unit"] == "trees"
    experiment = resolve(config.parse(CONFIG)).model_dump(mode="json")
    assert not {"data", "training"} & set(experiment)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (math.nan, "the loss that it returned must be finite (got nan)"),
        (-math.inf, "the loss that it returned must be finite (got -inf)"),
        (-(10**400), "the loss that it returned must be finite (got -inf)"),
        ({"loss": 1.0, "more": 10**400}, "`more` that it returned must be finite (got inf)"),
        (None, "returned None; return the loss, or a mapping with 'loss'"),
        ({"loss": 1.0, "of\udc80": 1}, "the name of a metric is not valid text, as it has a lone surrogate, '\\udc80'"),
        (
            {"loss": 1.0, "of": "\udc80"},
            "`of` that it returned is not valid text, as it has a lone surrogate, '\\udc80'",
        ),
        (True, "the loss that it returned must be a number (got bool True)"),
        ("0.5", "the loss that it returned must be a number (got str '0.5')"),
        (np.ones((2, 2)), "the loss that it returned must be a number (got ndarray array([[1., 1.], [1., 1.]]))"),
        ([0.5], "the loss that it returned must be a number (got list [0.5])"),
        ({"test": 1.0}, "returned a mapping without 'loss' (with test)"),
        ({"loss": 1.0, "test": math.nan}, "`test` that it returned must be finite (got nan)"),
        ({"loss": 1.0, "more": [1]}, "`more` that it returned must be a number (got list [1])"),
        ({"loss": 1.0, "more": math.inf}, "`more` that it returned must be finite (got inf)"),
    ],
)
def test_what_is_no_loss_gets_one_line_that_names_function_and_configuration(evaluate, returned, message):
    with pytest.raises(UserError) as error:
        evaluate(lambda trial: returned)
    assert str(error.value) == f"objective: {NAME}: {message}; configuration 0-0-0: {VALUES}"


def test_an_exit_gets_one_line(evaluate):
    with pytest.raises(UserError) as error:
        evaluate(lambda trial: sys.exit(3))
    assert str(error.value).startswith(f"objective: {NAME}: called sys.exit(3); return a loss, or raise")


@pytest.mark.parametrize(
    ("failure", "status"), [(Diverged, "diverged"), (OutOfMemory, "out_of_memory"), (Invalid, "invalid")]
)
def test_a_configuration_without_a_loss_is_a_record_with_the_reason(evaluate, failure, status):
    def fails(trial):
        trial.report(1, 0.5)
        raise failure("too\n much")

    record = evaluate(fails)
    assert (record.status, record.loss, record.message) == (status, None, "too much")
    assert [one.loss for one in record.reports] == [0.5]


def test_a_failure_without_words_has_no_message(evaluate):
    def fails(trial):
        raise Invalid

    assert evaluate(fails).message is None


def test_memory_that_is_short_is_a_result(evaluate):
    def fails(trial):
        raise MemoryError

    assert evaluate(fails).status == "out_of_memory"


def test_any_other_exception_is_a_bug_and_keeps_its_traceback_and_the_configuration(evaluate):
    def fails(trial):
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as error:
        evaluate(fails)
    assert error.value.__notes__ == [f"ZeroDivisionError in objective: {NAME}, configuration 0-0-0: {VALUES}"]
    assert error.traceback[-1].name == "fails"


def test_reports_are_kept_in_order_and_gaps_are_none(evaluate):
    def reports(trial):
        trial.report(2, np.float32(0.5), {"rate": 0.25})
        trial.report(1, 0.75)
        trial.report(1, 0.625)
        trial.report(3, math.nan)
        return 0.5

    record = evaluate(reports)
    assert [(one.step, one.loss, one.metrics) for one in record.reports] == [
        (1, 0.625, {}),
        (2, 0.5, {"rate": 0.25}),
        (3, None, {}),
    ]


def test_a_report_is_in_its_file_at_once_and_the_file_is_opened_once(evaluate, monkeypatch):
    opened, kept, with_open = [], [], Path.open

    def counted(path, *args, **kwargs):
        opened.append(path.name)
        return with_open(path, *args, **kwargs)

    def reports(trial):
        for step in range(1, 4):
            trial.report(step, 0.5)
            kept.append((trial.scratch.parent / "reports.jsonl").read_bytes().count(b"\n"))
        return 0.5

    monkeypatch.setattr(Path, "open", counted)
    evaluate(reports)
    assert kept == [1, 2, 3] and opened.count("reports.jsonl") == 1 + len(kept)


def test_a_failure_whose_message_is_no_text_is_kept_readably(evaluate):
    def fails(trial):
        raise Invalid("of \udc80")

    assert evaluate(fails).message == "of \\udc80"


def test_a_report_of_what_is_no_number_gets_one_line(evaluate):
    with pytest.raises(UserError, match=r"report: the loss must be a number \(got str 'low'\); configuration 0-0-0"):
        evaluate(lambda trial: trial.report(1, "low"))


def test_an_objective_that_changes_the_working_directory_moves_nothing(evaluate, tmp_path):
    here = Path.cwd()
    evaluate(lambda trial: os.chdir(tmp_path) or 0.5)
    assert Path.cwd() == here


def steps(stop_at, interruption):
    """An objective of four steps that keeps its state, and is asked to end in one of them."""

    def objective(trial: Trial) -> float:
        state = trial.scratch / "state.json"
        done = json.loads(state.read_text()) if state.exists() else 0
        for step in range(done + 1, 5):
            trial.report(step, 1 / step)
            state.write_text(json.dumps(step))
            if step == stop_at:
                interruption.by = signal.SIGTERM
            if trial.should_stop():
                raise RuntimeError("nothing that it raises now counts")
        return 0.25

    return objective


def test_an_interrupted_one_goes_on_from_its_scratch_folder_to_the_same_record(evaluate, interruption, tmp_path):
    whole = evaluate(steps(None, interruption))
    with pytest.raises(InterruptedTrainingError, match="interrupted by SIGTERM"):
        (layout.scratch_folder(tmp_path / "bracket-000/rung-0", 0) / "files/state.json").unlink()
        evaluate(steps(2, interruption))
    interruption.by = None
    resumed = evaluate(steps(None, interruption))
    assert resumed.derivable() == whole.derivable()
    assert [one.step for one in resumed.reports] == [1, 2, 3, 4]
    assert len(resumed.observed.earlier) == 1


def test_a_trial_is_stopped_by_nobody_but_the_process(evaluate):
    def stops(trial):
        trial.stopped = True

    with pytest.raises(AttributeError, match="'stopped'"):
        evaluate(stops)


def test_one_that_was_killed_while_its_scratch_folder_was_made_starts_again(evaluate, monkeypatch):
    mkdir = Path.mkdir

    def killed(path, *args, **kwargs):
        if path.name == "files":
            raise KeyboardInterrupt
        mkdir(path, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "mkdir", killed)
        evaluate(lambda trial: 0.5)
    assert evaluate(lambda trial: float(trial.scratch.is_dir())).loss == 1


def test_one_that_never_asks_keeps_its_result(evaluate, interruption):
    def objective(trial):
        interruption.by = signal.SIGTERM
        return 0.5

    assert evaluate(objective).loss == 0.5


def test_what_another_training_left_in_the_scratch_folder_is_removed(evaluate, tmp_path):
    left = layout.scratch_folder(tmp_path / "bracket-000/rung-0", 0)
    (left / "files").mkdir(parents=True)
    (left / "files/state.json").write_text("of other code")
    assert evaluate(lambda trial: float(len(list(trial.scratch.iterdir())))).loss == 0


def test_a_scratch_folder_is_no_record(tmp_path):
    folder = layout.scratch_folder(tmp_path / "search/bracket-000/rung-0", 0)
    folder.mkdir(parents=True)
    (folder / "slot-00.json").touch()
    assert layout.files(tmp_path) == []


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (3, "is 3, not a function; it must be evaluate(trial)"),
        (lambda: 0.5, "is called as evaluate(trial), but too many positional arguments; change its arguments"),
        (lambda values, budget: 0.5, "is called as evaluate(trial), but missing a required argument: 'budget'"),
    ],
)
def test_what_cannot_be_called_with_a_trial_is_refused_before_it_is_called(function, message):
    with pytest.raises(UserError) as error:
        Objective.of(NAME, function)
    assert str(error.value).startswith(f"objective: {NAME}: {message}")


FORKS = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_objective as tests
def forks(trial):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return 0.5
experiment = tests.experiment.__wrapped__()
around = tests.around.__wrapped__(experiment)
evaluate = tests.evaluate.__wrapped__(Path({folder!r}), tests.Interruption(), experiment, around)
print("record", evaluate(forks).loss)
"""


def test_a_forked_process_that_comes_back_ends_with_one_line_and_writes_nothing(tmp_path):
    code = FORKS.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "record 0.5\n"
    message = "a process that it forked came back; end it by os._exit"
    assert done.stderr == f"error: objective: {NAME}: {message}; configuration 0-0-0: {VALUES}\n"


def test_one_that_prints_megabytes_is_like_any_other(evaluate, capsys):
    def prints(trial):
        for _ in range(3):
            print("x" * 10**6)
            print("y" * 10**6, file=sys.stderr)
        return 0.5

    assert evaluate(prints).loss == 0.5
    assert len(capsys.readouterr().out) > 3 * 10**6
