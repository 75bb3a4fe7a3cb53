"""Imports point one way: what a package may know of the others."""

from graphlib import TopologicalSorter

import pytest

from jointsearch.core import imports

ROOMS = (
    "core",
    "space",
    "samplers",
    "networks",
    "search",
    "training",
    "results",
    "analysis",
    "plotting",
    "paper",
    "audit",
    "workflow",
)
"""The packages; a module imports of its own and of those before it."""
FILES = sorted(imports.PACKAGE.rglob("*.py"))


def room(file):
    return file.relative_to(imports.PACKAGE).parts[0]


def test_every_module_is_in_a_package():
    assert {room(file) for file in FILES} == {*ROOMS, "__init__.py"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(imports.PACKAGE).as_posix())
def test_imports_only_point_down(file):
    known = {room(one) for one in imports.imported(file)} - {"__init__.py"}
    # The package itself re-exports what code of one's own needs.
    last = ROOMS.index(room(file)) if room(file) in ROOMS else ROOMS.index("training")
    assert not {one for one in known if ROOMS.index(one) > last}


def test_imports_are_found_wherever_they_stand(tmp_path):
    (tmp_path / "training").mkdir()
    for name in ("__init__", "one", "two", "three", "four"):
        (tmp_path / f"training/{name}.py").write_text("")
    (tmp_path / "training/all.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from jointsearch.training.one import something\n"
        "if TYPE_CHECKING:\n    from jointsearch.training import four\n"
        "def lazily():\n    try:\n        pass\n    except OSError:\n        from jointsearch.training import two\n"
        "    match 1:\n        case 1:\n            import jointsearch.training.three\n"
    )
    found = imports.closure("training.all", package=tmp_path)
    assert [file.stem for file in found] == ["all", "one", "three", "two"]


@pytest.mark.parametrize(
    "text", ["", 'TEXT = """\nclass of things\n"""\n', "TUPLE = (\n1,\n)\n\n\ndef function(): ...\n"]
)
def test_what_stands_after_the_last_import_does_not_matter(tmp_path, text):
    (tmp_path / "one.py").write_text("")
    (tmp_path / "all.py").write_text(f"def lazily():\n    from jointsearch import one\n\n\n{text}")
    assert [file.stem for file in imports.closure("all", package=tmp_path)] == ["all", "one"]


def test_the_head_of_each_file_has_all_imports_of_the_file():
    for file in FILES:
        whole, head = (list(imports._names(parse(file), imports.PACKAGE)) for parse in (imports.parse, imports._head))
        assert head == whole, file


@pytest.mark.parametrize(
    ("init", "above", "from_it"),
    [
        ('"""Words."""', [], ["__init__"]),
        ('"""Words."""\nfrom jointsearch.training.two import two\n__all__ = ["two"]', [], ["__init__", "two"]),
        ("import os\nos.environ['X'] = '1'", ["__init__"], ["__init__"]),
    ],
)
def test_an_init_counts_if_it_does_something_or_a_name_is_imported_from_it(tmp_path, init, above, from_it):
    (tmp_path / "training").mkdir()
    texts = {
        "__init__": init,
        "one": "",
        "two": "",
        "module": "from jointsearch.training import one",
        "name": "from jointsearch.training import two_or_another_name",
    }
    for name, text in texts.items():
        (tmp_path / f"training/{name}.py").write_text(text)
    found = [file.stem for file in imports.closure("training.module", package=tmp_path)]
    assert found == sorted([*above, "module", "one"])
    found = [file.stem for file in imports.closure("training.name", package=tmp_path)]
    assert found == sorted([*from_it, "name"])


def test_no_modules_import_each_other_in_a_circle():
    """All that runs counts, imports inside functions too; those for type checkers alone do not."""
    # Raises a CycleError that names the modules.
    TopologicalSorter({file: imports.imported(file) for file in FILES}).prepare()
