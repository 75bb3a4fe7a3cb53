"""Imports point one way: what a package may know of the others."""

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
    above = {one for one in known if ROOMS.index(one) > ROOMS.index(room(file))} if room(file) in ROOMS else known
    assert not above
