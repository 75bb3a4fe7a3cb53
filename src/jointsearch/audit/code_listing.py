"""Digests of the code of tables, figures and the paper: `code.sha256`, for `sha256sum` in a working copy."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core.code import ROOT
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest
from jointsearch.results import code_inputs
from jointsearch.results.catalogue import FIGURES, TABLES
from jointsearch.results.graph import Node

NAME = "code.sha256"


def files() -> list[Path]:
    """The files of that code that are here, in order."""
    names = {name for _, code in _products() for name in code}
    return [path for name in sorted(names) if (path := ROOT / name).is_file()]


def make() -> str:
    """Write their digests as `sha256sum` does."""
    return "".join(f"{file_digest(file)}  {file.relative_to(ROOT).as_posix()}\n" for file in files())


def changed(listed: Mapping[str, Digest]) -> set[str]:
    """Names of files that differ from a listing, or are only here or only there."""
    return {name for name, _ in listed.items() ^ manifest.parse(make()).items()}


def follow(changed: set[str]) -> set[Node]:
    """The products that some of these files make."""
    return {product for product, code in _products() if not changed.isdisjoint(code)}


def _products() -> Iterator[tuple[Node, list[str]]]:
    yield from ((Node("figure", name), code_inputs.figure(name)) for name in FIGURES)
    yield from ((Node("table", name), code_inputs.table(name)) for name in TABLES)
    yield Node("numbers"), code_inputs.numbers()
    yield Node("page"), code_inputs.page()
    yield Node("paper"), code_inputs.paper()
    yield Node("latex"), code_inputs.latex()
