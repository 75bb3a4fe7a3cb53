"""Digests of the code of tables, figures and the paper: `code.sha256`, for `sha256sum` in a working copy."""

from collections.abc import Iterator
from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core.files import file_digest
from jointsearch.results import code_inputs
from jointsearch.results.catalogue import FIGURES, TABLES

NAME = "code.sha256"


def files() -> list[Path]:
    """The files of that code that are here, in order."""
    names = {name for _, code in _products() for name in code} | {*code_inputs.paper(), *code_inputs.latex()}
    return [path for name in sorted(names) if (path := code_inputs.ROOT / name).is_file()]


def listing() -> str:
    """Write their digests as `sha256sum` does."""
    return "".join(f"{file_digest(file)}  {file.relative_to(code_inputs.ROOT).as_posix()}\n" for file in files())


def changed(text: str) -> set[str]:
    """Names of files that differ from a listing, or are only here or only there.

    Raises
    ------
    UserError
        If it is no listing.
    """
    before, now = manifest.parse(text).items(), manifest.parse(listing()).items()
    return {name for name, _ in before ^ now}


def follow(changed: set[str]) -> set[str]:
    """Figures, tables, numbers and pages that depend on some files: paths in a results folder, without suffix."""
    return {product for product, code in _products() if not changed.isdisjoint(code)}


def _products() -> Iterator[tuple[str, list[str]]]:
    yield from ((f"figures/{name}", code_inputs.figure(name)) for name in FIGURES)
    yield from ((f"tables/{name}", code_inputs.table(name)) for name in TABLES)
    yield "numbers", code_inputs.numbers()
    yield "interactive", code_inputs.page()
