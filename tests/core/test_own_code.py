"""Code of one's own: how it is found, and which files records name."""

import functools
import importlib.util
import sys
from pathlib import Path

import pytest

from jointsearch.core import code, dotted, imports
from jointsearch.core.errors import UserError

KEY = "training.network"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_records_name_what_a_module_imports_from_its_folder_and_no_other(here):
    write(here / "mine" / "__init__.py", "")
    write(here / "mine" / "nets.py", "import json, shared.deep\nfrom . import layers\nfrom .late import value\n")
    write(here / "mine" / "layers.py", "def build():\n    import mine.last\n")
    write(here / "mine" / "late.py", "value = 1\n")
    write(here / "mine" / "last.py", "")
    write(here / "mine" / "unused.py", "")
    write(here / "shared" / "deep.py", "")
    found = code.own_code({KEY: "mine.nets:build"})
    names = {"mine/__init__.py", "mine/nets.py", "mine/layers.py", "mine/late.py", "mine/last.py", "shared/deep.py"}
    assert set(found) == names
    write(here / "mine" / "last.py", "changed = True\n")
    assert {name for name, digest in code.own_code({KEY: "mine.nets:build"}).items() if digest != found[name]} == {
        "mine/last.py"
    }


def test_a_module_elsewhere_is_named_from_its_own_folder(here, monkeypatch):
    write(here / "there" / "elsewhere.py", "import beside\n")
    write(here / "there" / "beside.py", "")
    monkeypatch.setattr(sys, "path", [str(here / "there"), *sys.path])
    assert set(code.own_code({KEY: "elsewhere:build"})) == {"elsewhere.py", "beside.py"}


SCRIPT = """
import beside

def evaluate(trial):
    return beside.loss(trial)

LENGTH = 1
"""


def test_of_a_script_the_function_counts_and_what_is_imported_and_nothing_else(here, monkeypatch):
    write(here / "beside.py", "loss = float\n")

    def digests(text):
        file = here / f"script{len(text)}.py"
        write(file, text)
        spec = importlib.util.spec_from_file_location("__main__", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setitem(sys.modules, "__main__", module)
        by_name = code.own_code({KEY: "__main__:evaluate"})
        assert code.own_code({KEY: module.evaluate}) == by_name
        return by_name

    monkeypatch.syspath_prepend(here)
    before = digests(SCRIPT)
    assert set(before) == {"__main__:evaluate", "beside.py"}
    assert digests(SCRIPT.replace("LENGTH = 1", "LENGTH = 12")) == before
    other = digests(SCRIPT.replace("(trial)", "(trial )"))
    assert other["__main__:evaluate"] != before["__main__:evaluate"] and other["beside.py"] == before["beside.py"]


def test_a_function_that_is_called_in_place_of_a_named_one_is_recorded_as_what_it_is(here):
    def inside(trial):
        return 0.5

    for one in (inside, functools.partial(inside)):
        found = code.own_code({KEY: one})
        assert Path(__file__).name in {Path(name).name for name in found} and "examples/boosting" not in str(found)


def test_of_an_environment_only_the_package_itself_is_named(here, monkeypatch):
    installed = here / "installed"
    write(installed / "theirs" / "__init__.py", "")
    write(installed / "theirs" / "nets.py", "import numpy, single, mine\nfrom . import layers\n")
    write(installed / "theirs" / "layers.py", "import theirs.last, numpy.linalg\n")
    write(installed / "theirs" / "last.py", "")
    write(installed / "numpy" / "__init__.py", "")
    write(installed / "single.py", "import numpy\n")
    write(here / "mine.py", "import numpy\n")
    monkeypatch.setattr(sys, "path", [str(installed), *sys.path])
    monkeypatch.setattr(imports, "SHARED", {installed.resolve()})
    named = {f"theirs/{name}.py" for name in ("__init__", "nets", "layers", "last")}
    assert set(code.own_code({KEY: "theirs.nets:build"})) == {*named, "mine.py"}
    assert set(code.own_code({KEY: "single:build"})) == {"single.py"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere:build", "training.network: nowhere:build: no module 'nowhere' here or in the environment"),
        ("broken_one:build", "training.network: broken_one:build: import fails with SyntaxError("),
        ("raising_one:build", "training.network: raising_one:build: import fails with ZeroDivisionError("),
        ("lacking_one:build", "training.network: lacking_one:build: lacking_one has no 'build'; correct the name"),
    ],
)
def test_what_cannot_be_imported_is_reported_in_one_line(here, name, message):
    write(here / "broken_one.py", "def build(:\n")
    write(here / "raising_one.py", "1 / 0\n")
    write(here / "lacking_one.py", "")
    with pytest.raises(UserError) as error:
        dotted.own(name, KEY)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
