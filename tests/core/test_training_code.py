"""Which files decide the bits of a training: their digest is in each record."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jointsearch.core import code, imports

OUTSIDE = (
    "core/config/studies.py",
    "core/config/__init__.py",
    "core/code.py",
    "samplers/bohb.py",
    "networks/manual.py",
    "search/resolve.py",
    "search/studies/arms.py",
    "training/calibrate.py",
    "training/job.py",
    "training/work.py",
    "plotting/style.py",
    "audit/derive_course.py",
)
DECISIVE = {
    "seed of a training": (
        "search/experiment.py",
        'rung.study, "train", *self',
        'rung.study, "train again", *self',
    ),
    "seeds": ("core/seeds.py", "def derive_seed(", "def derive_seed(  "),
    "budget": ("search/hyperband.py", "def budgets(", "def budgets(  "),
    "settings of the budget": ("core/config/budget.py", "maximum: ", "maximum:  "),
    "records": ("core/evaluation.py", "snapshot_test_error: ", "snapshot_test_error:  "),
    "loop": ("training/loop.py", "STEPS_BETWEEN_CHECKS = 32", "STEPS_BETWEEN_CHECKS = 33"),
    "split": ("training/split.py", "np.random.MT19937(seed)", "np.random.MT19937(seed + 1)"),
    "decoding": ("training/picture.py", "def ", "def  "),
    "network": ("networks/shake.py", "def ", "def  "),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("copy") / "jointsearch"
    return shutil.copytree(imports.PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def copy(package, monkeypatch) -> Path:
    """A copy of the package, whose digests are asked for."""
    monkeypatch.setattr(code, "PACKAGE", package)
    return package


@contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """Change a file for a while."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    yield
    file.write_text(text)


def test_a_copy_of_the_package_has_its_digests(copy, monkeypatch):
    of_copy = code.training_code()
    monkeypatch.undo()
    assert code.training_code() == of_copy


@pytest.mark.parametrize("file", OUTSIDE)
def test_a_docstring_mended_outside_of_what_trains_changes_no_digest(copy, file):
    before = code.training_code()
    with changed(copy / file, '"""', '"""Mended. '):
        assert code.training_code() == before


@pytest.mark.parametrize("what", DECISIVE)
def test_a_change_of_what_decides_the_bits_of_a_training_changes_the_digest(copy, what):
    file, old, new = DECISIVE[what]
    before = code.training_code()
    with changed(copy / file, old, new):
        after = code.training_code()
    assert {name for name in before | after if before.get(name) != after.get(name)} == {file}


def test_what_a_module_of_the_training_comes_to_import_counts(copy):
    (copy / "networks/new.py").write_text("NEW = 1\n")
    assert "networks/new.py" not in code.training_code()
    imports.imported.cache_clear()
    imports.parse.cache_clear()
    with changed(copy / "training/loop.py", "import copy\n", "import copy\nfrom jointsearch.networks import new\n"):
        assert "networks/new.py" in code.training_code()
    imports.imported.cache_clear()
    imports.parse.cache_clear()


def test_no_sampler_and_nothing_that_draws_or_audits_is_among_it():
    rooms = {name.partition("/")[0] for name in code.training_code()}
    assert rooms == {"core", "space", "networks", "search", "training"}


LOADED = """
import sys
import jointsearch.training.datasets
import jointsearch.training.evaluate
print(*(one.__file__ for name, one in sys.modules.items() if name.startswith("jointsearch.")))
"""


def test_all_that_a_training_loads_is_among_it_but_what_is_re_exported():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = {Path(name).relative_to(imports.PACKAGE).as_posix() for name in done.stdout.split()}
    re_exported = {
        file.relative_to(imports.PACKAGE).as_posix()
        for file in imports.closure("core.config", imports.PACKAGE / "__init__.py")
    }
    others = {name for name in loaded - set(code.training_code()) if not name.endswith("__init__.py")}
    assert "training/loop.py" in loaded
    assert others <= re_exported
