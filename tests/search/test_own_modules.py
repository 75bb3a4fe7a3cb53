"""Modules of one's own in a configuration: what is checked before anything runs."""

import re
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
    (tmp_path / "my_light.py").write_text("import torch\nbuild = load = torch.nn.Linear\n")
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


def test_a_sampler_that_its_module_lacks_is_reported_before_anything_runs(asked, tmp_path):
    (tmp_path / "my_samplers.py").write_text("import no_such_library\ndef make():\n    pass\n")
    asked["search"] = {"sampler": "my_samplers:maek"}
    says = "search.sampler: my_samplers:maek: my_samplers has no 'maek'; did you mean 'make'?"
    with pytest.raises(UserError, match=re.escape(says)):
        resolve(config.parse(asked))
    asked["search"] = {"sampler": "my_samplers:make"}
    assert resolve(config.parse(asked)).sampler == "my_samplers:make"


def test_gradient_based_search_is_no_sampler_of_the_search(asked):
    asked["search"] = {"sampler": "gradients"}
    with pytest.raises(UserError, match=r"^search\.sampler: gradients: gradient-based search is a step of an arm "):
        resolve(config.parse(asked))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def biuld():\n    build = 1\n", "my_light has no 'build'; did you mean 'biuld'?"),
        ("", "my_light has no 'build'; it defines nothing"),
        ("def build(:\n", "my_light.py is no valid Python: invalid syntax"),
    ],
)
def test_a_function_that_its_module_lacks_is_reported_before_anything_runs(asked, tmp_path, source, message):
    (tmp_path / "my_nets.py").write_text(source)
    asked["training"] = {"network": "my_nets:build"}
    with pytest.raises(UserError) as error:
        resolve(config.parse(asked))
    assert message.replace("my_light", "my_nets") in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "from my_light import *",
        "from my_light import build",
        "if True:\n    build = 3",
        "try:\n    import build\nexcept ImportError:\n    pass",
        "build: int = 3",
        "def __getattr__(name):\n    return 3",
        "globals()['build'] = 3",
        "def define():\n    global build\n    build = 3\ndefine()",
        "for build in range(3):\n    pass",
    ],
)
def test_a_module_may_define_its_function_in_any_way(asked, tmp_path, source):
    (tmp_path / "my_nets.py").write_text(source)
    asked["training"] = {"network": "my_nets:build"}
    assert resolve(config.parse(asked)).training.network == "my_nets:build"


def test_a_module_that_one_of_pythons_own_hides_is_reported(asked, tmp_path):
    (tmp_path / "test.py").write_text("build = 3\n")
    asked["training"] = {"network": "test:build"}
    with pytest.raises(
        UserError, match=r"test:build: Python has a module 'test' of its own, which hides test.py; rename"
    ):
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
