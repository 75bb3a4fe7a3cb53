"""Mistakes are told in one clear line, before anything is lost."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from jointsearch.core import lock


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"budget": {"minimun": 2}}, "budget.minimun: unknown key; did you mean 'minimum'?"),
        ({"budget": {"eta": 1}}, "budget.eta: Input should be greater than or equal to 2"),
        ({"budget": {"minimum": 100}}, "minimum (100) is above maximum (18)"),
        ({"search": {"lags": [1]}}, "search.lags: 1 value for 3 budgets"),
        ({"search": {"length": 10**9}}, "search.length: Input should be less than or equal to 100000"),
        ({"search": {"sampler": "bhob"}}, "search.sampler: no sampler 'bhob'; did you mean 'bohb'?"),
        ({"space": "none.yaml"}, "none.yaml: cannot be read (No such file or directory)"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_at_once(workspace, changes, says):
    workspace.configure(**changes)
    done = workspace.call("plan", "config.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and says in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_workflow_refuses_a_configuration_in_the_words_of_the_plan_and_makes_nothing(workspace):
    workspace.configure(search={"lags": [1]})
    printed = workspace.snakemake("-n", succeeds=False)
    assert workspace.call("plan", "config.yaml").stderr.removeprefix("error: ").strip() in printed
    assert "Traceback" not in printed
    assert not workspace.results.exists()


def test_what_is_given_on_the_command_line_is_read_as_a_file_is(workspace):
    changes = ["training={compile: on}", "search={lags: null, length: 2}", "experiment=other"]
    assert "other: 2 brackets" in workspace.snakemake("plan", "--config", *changes)
    printed = workspace.snakemake("-n", "--config", "training={compile: yes}", succeeds=False)
    assert "training.compile: expected 'auto', 'on' or 'off' (got 'yes')" in printed


def test_a_space_of_which_nothing_is_left_is_refused_by_the_plan(workspace):
    space = workspace.folder / "space.yaml"
    space.write_text(space.read_text() + "forbidden:\n- {initial_filters: 2}\n")
    done = workspace.call("plan", "config.yaml")
    assert done.returncode == 1
    assert done.stderr == "error: space: forbidden: hardly any configuration is left; remove a clause\n"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("  learning_rate: {type: constant, value: 1}", "the key 'learning_rate' appears twice"),
        ("  lerning_rate: {type: float, lower: 1, upper: 2}", "lerning_rate: unknown; did you mean 'learning_rate'?"),
        ("  momentum: {type: flaot, lower: 0, upper: 0.9}", "unknown type; did you mean 'float'?"),
        ("  momentum: {type: float, lower: 0.9, upper: 0}", "lower (0.9) must be below upper (0.0)"),
    ],
)
def test_a_space_with_a_mistake_is_refused(workspace, line, says):
    space = workspace.folder / "space.yaml"
    space.write_text(space.read_text().replace("hyperparameters:\n", f"hyperparameters:\n{line}\n"))
    done = workspace.call("plan", "config.yaml")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert says in done.stderr


def test_results_of_another_experiment_are_not_mixed(finished, tmp_path):
    workspace = finished.copy(tmp_path / "clone")
    workspace.configure(seed=1)
    printed = workspace.snakemake(succeeds=False)
    assert "results/small: holds results of another experiment: seed was 0, is now 1" in printed
    workspace.configure()
    space = workspace.folder / "space.yaml"
    space.write_text(space.read_text().replace("upper: 1\n", "upper: 0.5\n"))
    assert "holds results of another experiment: space.hyperparameters." in workspace.call("plan", "config.yaml").stderr


def test_a_second_run_in_the_same_folder_is_refused(workspace):
    with lock.take(workspace.results):
        printed = workspace.snakemake("--cores", "1", succeeds=False)
        assert printed.splitlines()[-1].startswith("Error: results/small: another run works here (process ")
        assert "bracket 0" in workspace.snakemake("plan")
    assert not workspace.slots()


def test_a_results_folder_that_cannot_be_written_is_named(workspace):
    # Not even root can make a folder in /proc.
    (workspace.folder / "results").symlink_to("/proc")
    assert "cannot be written" in workspace.snakemake("--cores", "1", succeeds=False)


@pytest.mark.parametrize("fault", ["truncated", "edited", "another test error", "folder", "missing", "swapped"])
def test_a_record_that_was_tampered_with_stops_what_would_use_it(finished, tmp_path, fault):
    workspace = finished.copy(tmp_path / "clone")
    slot, other = workspace.slots()[:2]
    text = slot.read_text()
    expected = {
        "truncated": "not a valid Evaluation record: Invalid JSON",
        "edited": "not a valid Evaluation record: loss",
        "another test error": "changed since it was made",
        "folder": "cannot be read (Is a directory)",
        "missing": "missing; restore it, or run the workflow to train it again",
        "swapped": "is the record of bracket 0, rung 0, slot 1",
    }[fault]
    if fault == "truncated":
        slot.write_text(text[: len(text) // 2])
    elif fault == "edited":
        slot.write_text(json.dumps(json.loads(text) | {"loss": "best"}))
    elif fault == "another test error":
        record = json.loads(text)
        record["test_error"] = record["curve"][-1]["test_error"] = 0.0
        slot.write_text(json.dumps(record))
    elif fault == "swapped":
        slot.write_bytes(other.read_bytes())
    else:
        slot.unlink()
        if fault == "folder":
            slot.mkdir()
    (workspace.results / "observations.csv").unlink()
    outputs = [f"results/small/{name}" for name in ("observations.csv", "incumbent.json")]
    done = workspace.call("observations", "results/small", "search", *outputs)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: results/small/search/bracket-000/rung-0/{slot.name}: {expected}")
    assert done.stderr.count("\n") == 1
    assert not (workspace.results / "observations.csv").exists()


def test_missing_images_stop_the_search_before_its_first_training(workspace):
    workspace.configure(data={"name": "image_folder", "image_size": 8}, data_root="nowhere")
    printed = workspace.snakemake("--cores", "2", succeeds=False)
    assert "error: nowhere: no such folder; set data_root to the folder that holds the images" in printed
    assert printed.count("error: ") == 1
    assert not workspace.slots()


def test_a_share_for_validation_that_the_configuration_gives_beside_a_folder_is_a_mistake(workspace):
    """Also where it is the default's: the frozen settings do not tell."""
    for part in ("train", "val"):
        for number, name in enumerate(("cat", "dog", "emu")):
            (workspace.folder / "animals" / part / name).mkdir(parents=True)
            for place in range(4):
                picture = Image.new("L", (4, 4), 40 * number + 10 * place + (part == "val"))
                picture.save(workspace.folder / "animals" / part / name / f"{place}.png")
    images = {"name": "image_folder", "test_fraction": 0.5}
    data = "results/small/data.json"
    workspace.configure(data=images | {"validation_fraction": 0.1}, data_root="animals")
    printed = workspace.snakemake("--cores", "1", data, succeeds=False)
    assert (
        "error: data.validation_fraction: 0.1 of the training images are to be held out, but the data has " in printed
    )
    workspace.configure(data=images, data_root="animals")
    assert "6 / 12 / 6 images of 4 x 4 x 3" in workspace.snakemake("--cores", "1", data)


def test_other_images_than_at_the_start_are_refused(finished, tmp_path):
    workspace = finished.copy(tmp_path / "clone")
    data = workspace.results / "data.json"
    data.write_text(json.dumps(json.loads(data.read_text()) | {"digest": "0" * 64}))
    rung = workspace.results / "search/bracket-000/rung-2"
    (rung / "slot-00.json").unlink()
    done = workspace.script(
        "train",
        "results/small/experiment.json",
        str(rung / "proposals.json"),
        "0",
        "0",
        str(rung / "b.json"),
        str(data),
    )
    assert done.returncode == 1
    assert "other images, or another split, than" in done.stderr
    assert not (rung / "slot-00.json").exists()


def test_plan_can_be_read_in_part(workspace):
    """A reader that leaves early, as `head` does, is no error."""
    command = f"{sys.executable} scripts/plan.py config.yaml | head -1"
    done = subprocess.run(command, shell=True, cwd=workspace.folder, capture_output=True, text=True)
    assert done.stdout.startswith("small: 3 brackets")
    assert done.stderr == ""
