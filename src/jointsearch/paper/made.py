"""Figures, tables and numbers of results as the text takes them up: read, or reported with how to make them."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from jointsearch.analysis.csv_file import parse
from jointsearch.analysis.numbers import Numbers
from jointsearch.core import code
from jointsearch.core.errors import UserError
from jointsearch.core.files import file_digest, read_record
from jointsearch.core.git import GitError, Repository
from jointsearch.paper.checklist import SHORT
from jointsearch.results import code_inputs
from jointsearch.search.experiment import Experiment

NO_COMMIT = "no commit"
"""In place of a commit, where none is known."""


@dataclass(frozen=True)
class Made:
    """Where a figure or a table comes from: the digest of its data, the script, the module, and the code's commit."""

    data: str
    script: str
    commit: str
    link: str | None


def made(folder: Path, kind: str, name: str, commit: str, address: str | None) -> Made:
    """Find out where a figure or a table comes from.

    Parameters
    ----------
    folder, kind, name
        The results; `figures` or `tables`; which one.
    commit, address
        Of the code, and where that is published, if it is.

    Raises
    ------
    UserError
        If a file of it is missing, or is no whole PDF.
    """
    script = "figure" if kind == "figures" else "table"
    for suffix in ("csv", "pdf") if kind == "figures" else ("csv",):
        path = folder / kind / f"{name}.{suffix}"
        if not path.exists():
            raise UserError(f"{path}: is missing; {remake(folder)} makes it")
        if suffix == "pdf" and not _whole(path):
            raise UserError(f"{path}: is no whole PDF; delete it and remake it by {remake(folder)}")
    data = file_digest(folder / kind / f"{name}.csv")[:SHORT]
    link = f"{address}/blob/{commit.split()[0]}/scripts/{script}.py" if address and commit != NO_COMMIT else None
    return Made(data, f"scripts/{script}.py {name}", commit, link)


def table_rows(path: Path) -> pd.DataFrame:
    """Read a table of results.

    Raises
    ------
    UserError
        If it is missing, or is no table.
    """
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; {remake(path.parent.parent)} makes it") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: is empty; delete it and remake it by {remake(path.parent.parent)}") from None
    except pd.errors.ParserError:
        raise UserError(f"{path}: is no table; delete it and remake it by {remake(path.parent.parent)}") from None


def read_numbers(path: Path, experiment: Experiment) -> Numbers:
    """Read the numbers of an experiment.

    Raises
    ------
    UserError
        If they are missing, or of another experiment.
    """
    if not path.exists():
        raise UserError(f"{path}: is missing; {remake(path.parent)} makes it")
    numbers = read_record(path, Numbers)
    if numbers.experiment != experiment.id:
        raise UserError(f"{path}: holds numbers of another experiment; delete it to remake it")
    return numbers


def remake(folder: Path) -> str:
    """The command that makes the figures, tables and numbers of results, from the trainings so far, in a message."""
    kept = folder / "config.yaml"
    known = kept.is_file()
    command = f"`make paper CONFIG={shlex.quote(str(kept)) if known else 'FILE'}`"
    return command if known else f"{command} (FILE: the configuration of the experiment)"


def last_commit() -> str:
    """The last commit that changed the code of figures and tables, as shown. Committing results does not change it.

    An archive knows its own commit only.
    """
    version = code.version()
    if version.commit is None:
        return NO_COMMIT
    last = version.commit
    if version.by == "git":
        try:
            last = Repository(code.ROOT).ask("rev-list", "-1", version.commit, "--", *code_inputs.shown()).decode()
        except GitError:
            last = ""
    if not last:
        return NO_COMMIT
    return f"{last[:SHORT]} with changes" if version.diff else last[:SHORT]


def _whole(path: Path) -> bool:
    """Whether a PDF has its first and its last line: one that was cut off has not."""
    content = path.read_bytes()
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-64:]
