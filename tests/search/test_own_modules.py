"""Modules of one's own in a configuration: what is checked before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from jointsearch.core import config
from jointsearch.core.errors import UserError
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds

SPACE = """
hyperparameters:
  learning_rate: {type: float, lower: 0.001, upper: 1, log: true}
  batch_size: {type: constant, value: 32}
  heads: {type: integer, lower: 1, upper: 4}
"""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "my_light.py").write_text("import torch\n")
    network = {"training": {"network": "my_light:build"}, "data": {"name": "my_light:load"}}
    return {
        "experiment": "x",
        "space": "space.yaml",
        "budget": {"unit": "epochs", "maximum": 9, "minimum": 1},
    } | network


def test_a_space_of_ones_own_needs_only_what_the_training_needs(asked):
    experiment = resolve(config.parse(asked))
    assert experiment.own == {"training.network": "my_light:build", "data.name": "my_light:load"}
    del asked["training"]
    with pytest.raises(UserError, match="heads: unknown"):
        resolve(config.parse(asked))


@pytest.mark.parametrize("name", ["epochs", "steps", "budget", "loss", "slot", "parameters"])
def test_a_hyperparameter_with_the_name_of_a_column_is_refused_before_anything_runs(asked, name):
    Path("space.yaml").write_text(SPACE.replace("heads", name))
    with pytest.raises(UserError, match=f"space.yaml: hyperparameter {name!r} has the name of a column of the table"):
        resolve(config.parse(asked))


@pytest.mark.parametrize("key", ["training.network", "data.name"])
def test_a_module_that_is_not_there_is_reported_before_anything_runs(asked, key):
    section, name = key.split(".")
    asked[section] = {name: "my_ligth:build"}
    asked.setdefault("training", {"network": "my_light:build"})
    with pytest.raises(UserError, match=f"{key}: my_ligth:build: no module 'my_ligth' here or in the environment"):
        resolve(config.parse(asked))


def test_architectures_of_the_literature_are_not_of_another_network(asked):
    asked["studies"] = {"manual": {"architectures": ["resnet_20"]}}
    settings = config.parse(asked)
    with pytest.raises(UserError, match="its architectures are of the multi-branch network"):
        kinds.plan(settings, resolve(settings))


def test_resolving_imports_neither_the_module_nor_torch(asked):
    code = (
        "import sys; from jointsearch.core import config; from jointsearch.search.resolve import resolve\n"
        f"resolve(config.parse({asked!r})); assert not {{'my_light', 'torch'}} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
