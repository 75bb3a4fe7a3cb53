"""Which packages are imported, and from where: asked of a Python that starts anew, with packages of its own."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from jointsearch.training import packages

LOCK = """
alpha==1.0 \\
    --hash=sha256:0
Beta_x==2.0 ; python_full_version < '3.12' \\
beta-x==2.1 ; python_full_version >= '3.12' \\
torch==2.14.1 \\
"""
SITE = Path(sysconfig.get_path("purelib"))
TABULATE = importlib.metadata.version("tabulate")


@pytest.mark.parametrize(
    ("versions", "unpinned"),
    [
        ({"alpha": "1.0", "beta-x": "2.0", "torch": "2.14.1"}, ()),
        ({"beta-x": "2.1", "torch": "2.14.1+cpu", "mine": "7"}, ()),
        ({"alpha": "1.1", "beta-x": "2.2"}, ("alpha==1.1", "beta-x==2.2")),
    ],
)
def test_what_is_not_as_the_lock_says_is_named(versions, unpinned):
    assert packages.unpinned(versions, packages.pins(LOCK)) == unpinned


def look(*path: Path, before: str = "") -> tuple[str | None, list[str]]:
    """What a Python with some folders on PYTHONPATH says of tabulate, and what it says is not as the lock has it."""
    program = f"""
{before}
import json
from jointsearch.training import packages
found = packages.in_use("tabulate=={TABULATE}\\nnumpy==0\\n")
print(json.dumps([found.versions.get("tabulate"), [one for one in found.unpinned if not one.startswith("numpy==")]]))
"""
    around = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, [*path, packages.__file__.split("/jointsearch/")[0]]))
    }
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=True)
    version, unpinned = json.loads(done.stdout)
    return version, unpinned


def install(folder: Path, version: str | None = None) -> Path:
    """Put tabulate in a folder, under a version; without one, its modules alone."""
    shutil.copytree(SITE / "tabulate", folder / "tabulate")
    if version is not None:
        copied = shutil.copytree(SITE / f"tabulate-{TABULATE}.dist-info", folder / f"tabulate-{version}.dist-info")
        about = Path(copied) / "METADATA"
        about.write_text(about.read_text().replace(f"Version: {TABULATE}", f"Version: {version}", 1))
    return folder


def test_the_environment_is_as_the_lock_says():
    assert look() == (TABULATE, [])


def test_another_version_before_the_environment_is_the_one_that_is_recorded(tmp_path):
    told = ["tabulate==0.0.1 from outside the environment"]
    assert look(install(tmp_path, "0.0.1")) == ("0.0.1", told)


def test_the_same_version_from_elsewhere_is_not_that_of_the_lock(tmp_path):
    told = [f"tabulate=={TABULATE} from outside the environment"]
    assert look(install(tmp_path, TABULATE)) == (TABULATE, told)


@pytest.mark.parametrize("kind", ["package", "module"])
def test_bare_modules_that_hide_a_package_are_told(tmp_path, kind):
    if kind == "package":
        install(tmp_path)
    else:
        (tmp_path / "tabulate.py").write_text("")
    assert look(tmp_path) == ("unknown", ["tabulate==unknown from outside the environment"])


def test_the_order_of_the_path_counts_however_it_came_about(tmp_path):
    """As the user's site outside a virtual environment, and as `.pth` files that put a folder first."""
    first = f"import sys; sys.path.insert(1, {str(install(tmp_path, '0.0.1'))!r})"
    last = first.replace("insert(1, ", "append(")
    assert look(before=first)[0] == "0.0.1"
    assert look(before=last) == (TABULATE, [])


def test_metadata_without_modules_hide_nothing(tmp_path):
    install(tmp_path, "0.0.1")
    shutil.rmtree(tmp_path / "tabulate")
    assert look(tmp_path) == (TABULATE, [])


def test_folders_and_modules_that_hide_nothing_are_not_told(tmp_path):
    (tmp_path / "tabulate").mkdir()
    (tmp_path / "my_sampler.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/__init__.py").write_text("")
    assert look(tmp_path) == (TABULATE, [])
    assert look(SITE) == (TABULATE, [])


def test_a_module_of_python_that_is_hidden_is_told(tmp_path):
    (tmp_path / "colorsys.py").write_text("")
    assert look(tmp_path, before="import colorsys")[1] == ["colorsys of Python from outside the environment"]
    assert look(tmp_path)[1] == []


def test_parts_of_a_package_of_many_folders_are_told(tmp_path, monkeypatch):
    """As `nvidia`, whose folder has a package for each library."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "many_of_them/part").mkdir(parents=True)
        about = folder / "many_part-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: many-part\nVersion: 1\n")
        (about / "RECORD").write_text("many_of_them/part/module.py,,\n")
    monkeypatch.setattr(packages, "ENVIRONMENT", {other.resolve()})
    monkeypatch.setattr(sys, "path", [str(one), str(other), *sys.path])
    assert packages.in_use("many-part==1").unpinned == ("many-part==1 from outside the environment",)
    shutil.rmtree(one / "many_of_them/part")
    assert packages.in_use("many-part==1").unpinned == ()


def test_two_versions_in_one_folder_are_both_named(tmp_path, monkeypatch):
    """As an upgrade that was killed leaves them."""
    for version in ("1", "2"):
        about = tmp_path / f"twice-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: twice\nVersion: {version}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert packages.in_use("twice==2").unpinned == ("twice==1 or 2",)
