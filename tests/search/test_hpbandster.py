"""Folders of HpBandSter runs, written and read; what its own code makes of them is in tests/hpbandster."""

import json
import subprocess
import sys

import pytest
from searches import SPACES, search_in

from jointsearch.core.errors import UserError
from jointsearch.search import hpbandster
from jointsearch.space.space import Space

CONFIG = [[0, 0, 3], {"x": 0.5}, {"model_based_pick": True}]
TIMES = {"submitted": 1.0, "started": 2.0, "finished": 3.0}
RESULT = [[0, 0, 3], 1.0, TIMES, {"loss": 0.25, "info": {}}, None]


def folder(path, configs=(CONFIG,), results=(RESULT,)):
    """Write a folder; a text stands for a line that is no JSON."""
    for name, lines in (("configs.json", configs), ("results.json", results)):
        text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (path / name).write_text("".join(f"{line}\n" for line in text))
    return path


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("failing", [0, 0.2, 1])
def test_an_export_comes_back_as_the_same_evaluations(tmp_path, name, failing):
    evaluations = search_in(Space(SPACES[name]), brackets=5, failing=failing)
    hpbandster.write(tmp_path, Space(SPACES[name]), evaluations)
    runs = hpbandster.read(tmp_path)
    assert [f"{run.proposal}@{run.rung}" for run in runs] == [one.id for one in evaluations]
    assert [(run.budget, run.values, run.loss) for run in runs] == [
        (one.budget, one.proposal.values, one.loss) for one in evaluations
    ]
    assert [run.model for run in runs] == [one.proposal.origin.kind == "model" for one in evaluations]
    assert [(run.started, run.finished) for run in runs] == [
        (one.observed.started, one.observed.finished) for one in evaluations
    ]


def test_a_training_that_was_interrupted_began_with_its_first_attempt(tmp_path):
    space = Space(SPACES["continuous"])
    (one, *_) = search_in(space, brackets=1)
    attempt = {key: getattr(one.observed, key) for key in ("host", "device")} | {
        "started": 1.0,
        "finished": 2.0,
        "environment": "a" * 64,
    }
    observed = type(one.observed).model_validate(one.observed.model_dump() | {"earlier": [attempt]})
    hpbandster.write(tmp_path, space, [one.model_copy(update={"observed": observed})])
    (run,) = hpbandster.read(tmp_path)
    assert (run.started, run.finished) == (1.0, one.observed.finished)


@pytest.mark.parametrize("name", ["configs.json", "results.json"])
def test_what_is_no_export_is_never_replaced(tmp_path, name):
    (tmp_path / name).touch()
    (tmp_path / "configspace.json").touch()
    space = Space(SPACES["continuous"])
    with pytest.raises(UserError, match=f"holds {name}, but is no export"):
        hpbandster.write(tmp_path, space, search_in(space, brackets=1))


def test_an_export_that_was_interrupted_is_replaced(tmp_path, monkeypatch):
    space = Space(SPACES["continuous"])
    evaluations = search_in(space, brackets=1)
    with monkeypatch.context() as patched:
        patched.setattr(hpbandster, "_result", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hpbandster.write(tmp_path, space, evaluations)
    assert (tmp_path / "configs.json").exists()
    hpbandster.write(tmp_path, space, evaluations)
    assert len(hpbandster.read(tmp_path)) == len(evaluations)


@pytest.mark.parametrize(
    "result",
    [None, *({"loss": loss, "info": {}} for loss in (None, float("inf"), -float("inf"), float("nan")))],
)
def test_a_training_without_a_finite_loss_has_failed(tmp_path, result):
    (run,) = hpbandster.read(folder(tmp_path, results=[[*RESULT[:3], result, "Traceback ..."]]))
    assert run.loss is None


def test_what_hpbandster_or_its_user_writes_besides_is_let_be(tmp_path):
    configs = [[[0, 0, 3], {"x": 0.5, "inactive": None}], "", [[7, 0, 0], {"x": 1}, "N/A"]]
    times = TIMES | {"queued": 0.5}
    results = [RESULT, [*RESULT[:2], times, {"loss": 0.5, "info": "mine", "more": [1]}, None], ""]
    (run,) = hpbandster.read(folder(tmp_path, configs, results))
    assert (run.values, run.model, run.loss) == ({"x": 0.5}, False, 0.5)


def test_the_rung_is_the_place_of_the_budget_in_the_iteration(tmp_path):
    configs = [[[iteration, 0, 0], {"x": 0.5}, {}] for iteration in (0, 1)]
    results = [[[iteration, 0, 0], budget, *RESULT[2:]] for iteration, budget in ((0, 9), (0, 3), (1, 9), (0, 1))]
    runs = hpbandster.read(folder(tmp_path, configs, results))
    assert [(run.proposal, run.budget, run.rung) for run in runs] == [
        ("0-0-0", 9, 2),
        ("0-0-0", 3, 1),
        ("1-0-0", 9, 0),
        ("0-0-0", 1, 0),
    ]


def test_what_a_run_knew_from_an_earlier_one_is_read(tmp_path):
    """HpBandSter calls it iteration -1, and counts the times of the earlier run back from its end."""
    configs = [[[iteration, 0, 0], {"x": 0.5}, {}] for iteration in (-1, 0)]
    times = {"submitted": -9.5, "started": -9.0, "finished": -0.5}
    results = [[[-1, 0, 0], 9, times, *RESULT[3:]], [[-1, 0, 0], 3, times, *RESULT[3:]], [[0, 0, 0], 9, *RESULT[2:]]]
    runs = hpbandster.read(folder(tmp_path, configs, results))
    assert [(run.proposal, run.rung, run.budget, run.started, run.finished) for run in runs] == [
        ("-1-0-0", 1, 9, -9.0, -0.5),
        ("-1-0-0", 0, 3, -9.0, -0.5),
        ("0-0-0", 0, 9, 2.0, 3.0),
    ]


@pytest.mark.parametrize(
    ("configs", "results", "says"),
    [
        ([CONFIG, '[[0, 0, 4], {"x": 0.'], [RESULT], "configs.json: line 2: no valid JSON"),
        ([{"id": 1}], [RESULT], "configs.json: line 1: expected a list of id, values, info"),
        ([[[0, 0], {"x": 1}, {}]], [RESULT], "configs.json: line 1: id.2: missing; give it a value"),
        ([[[0, -1, 0], {"x": 1}, {}]], [RESULT], "configs.json: line 1: id.1: Input should be greater than"),
        ([[[0, 0, -1], {"x": 1}, {}]], [RESULT], "configs.json: line 1: id.2: Input should be greater than"),
        ([[[0, 0, 3]]], [RESULT], "configs.json: line 1: values: missing; give it a value"),
        ([[[0, 0, 3], {"x": 2**63}, {}]], [RESULT], "configs.json: line 1: values.x: a whole number of more than 64"),
        ([[[0, 0, 3], {"x": [1]}, {}]], [RESULT], "configs.json: line 1: values.x"),
        ([CONFIG], [RESULT, [[0, 0, 4], *RESULT[1:]]], "results.json: line 2: 0-0-4 is not in configs.json"),
        ([CONFIG], [[*RESULT[:1], 0, *RESULT[2:]]], "results.json: line 1: budget: Input should be greater than 0"),
        ([CONFIG], [[*RESULT[:1], "1", *RESULT[2:]]], "results.json: line 1: budget: expected a number (got '1')"),
        (
            [CONFIG],
            [[*RESULT[:2], {"started": 1}, *RESULT[3:]]],
            "results.json: line 1: times.finished: missing; give it a value",
        ),
        ([CONFIG], [[*RESULT[:3], {"info": {}}, None]], "results.json: line 1: result.loss: missing; give it a value"),
        ([CONFIG], [[*RESULT[:3], {"loss": "low"}, None]], "results.json: line 1: result.loss: expected a number"),
        ([CONFIG], [[*RESULT[:3], 0.5, None]], "results.json: line 1: result: expected keys and values (got 0.5)"),
        ([CONFIG], [[*RESULT, 1]], "results.json: line 1: expected a list of id, budget, times, result, exception"),
        ([CONFIG], [], "results.json: holds no result"),
        ([CONFIG], ["[" * 100_000], "results.json: line 1: no valid JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path, configs, results, says):
    with pytest.raises(UserError) as caught:
        hpbandster.read(folder(tmp_path, configs, results))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/") and says in message and "\n" not in message


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none/configs\.json: cannot be read .* name the folder of an HpBandSter run"):
        hpbandster.read(tmp_path / "none")
    folder(tmp_path)
    (tmp_path / "results.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"results\.json: no text"):
        hpbandster.read(tmp_path)


def test_reading_imports_nothing_heavy():
    code = (
        "import sys, jointsearch.search.hpbandster; print({'ConfigSpace', 'numpy', 'torch', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
