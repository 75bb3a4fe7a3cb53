"""The code of this working copy: digests, commit, what is not committed."""

import contextlib
import hashlib
import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jointsearch.core import dotted, imports
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest
from jointsearch.core.git import GitError, Repository

PACKAGE = imports.PACKAGE
ROOT = PACKAGE.parents[1]
LOCK = ROOT / "envs" / "requirements.txt"
TRAINING = ("training.evaluate", "training.datasets")
"""Modules of the package that, with all that they import, decide the bits of a training, the reading of its
images included. Modules that pack trainings into jobs do not."""
OBJECTIVE = ("training.objective",)
"""The same, of trainings by an objective of one's own: what calls it."""
CODE = ("Snakefile", "workflow", "scripts", "src", "envs")
"""Files and folders in which uncommitted changes count."""
ARCHIVAL = ".git_archival.txt"
"""Where `git archive` writes the commit and its time."""
MAIN = "__main__"
"""The module of the program itself."""
_LEFT = re.compile(r"\..*|.*~|__pycache__|.*\.egg-info")
"""Files that editors, Python and pip leave among the code."""


@dataclass(frozen=True)
class Version:
    """Which code this is.

    Attributes
    ----------
    commit
        The commit; None if there is none, or if git cannot determine it.
    by
        The source: git, or the archive that the code was unpacked from.
    diff
        SHA-256 of what differs from the commit; None if nothing does. In an archive these are the files whose time is
        not that of the commit, which all files of the archive have: changed or added after it was unpacked, or copied.
    unknown
        Why git could not determine it.
    """

    commit: str | None
    by: Literal["git", "archive"] = "git"
    diff: Digest | None = None
    unknown: str | None = None


def training_code(own: Collection[str] = ()) -> dict[str, Digest]:
    """SHA-256 of each module of the training code, by path.

    Parameters
    ----------
    own
        Keys of the configuration that name code of one's own: where an objective trains, ours does not.
    """
    files = imports.closure(*(OBJECTIVE if "objective" in own else TRAINING), package=PACKAGE)
    return {file.relative_to(PACKAGE).as_posix(): file_digest(file) for file in files}


Own = Mapping[str, str | Callable[..., Any]]
"""What is of one's own, by the key of the configuration: dotted names, or a function that is called in place of one."""


def own_code(own: Own) -> dict[str, Digest]:
    """SHA-256 of the modules of one's own, and of what they import from their folder or the working directory, by path.

    Of a script or a notebook that is running only the source of the function counts, by its dotted name: all around it
    may change between two runs that are one search, such as its length.

    Parameters
    ----------
    own
        What to look for.

    Raises
    ------
    UserError
        If there is no such module.
    """
    found: dict[str, Digest] = {}
    for key, one_of in own.items():
        name = one_of if isinstance(one_of, str) else dotted.name_of(one_of)
        file, (module, _) = dotted.find(name, key), dotted.split(name)
        if module == MAIN:
            function = dotted.own(name, key) if isinstance(one_of, str) else one_of
            # What was typed into a shell has no source.
            with contextlib.suppress(OSError, TypeError):
                source = inspect.getsource(dotted.definition(function))
                found[name] = hashlib.sha256(source.encode()).hexdigest()
        if file is None:
            continue
        # The folder that Python found it in: above as many packages as its name has.
        levels = module.count(".") + (file.name == "__init__.py")
        home = file.parents[levels]
        for one in imports.closure_in([home, Path.cwd()], file):
            if one == file and module == MAIN:
                continue
            folder = home if one.is_relative_to(home) else Path.cwd()
            found[one.relative_to(folder).as_posix()] = file_digest(one)
    return found


def version() -> Version:
    """Compare the files of this working copy, byte by byte, with the commit that is checked out."""
    repository = Repository(ROOT)
    if not repository.exists:
        return _by_archive()
    try:
        commit = repository.head()
        committed = repository.blobs(commit, CODE)
    except GitError as error:
        return Version(None, unknown=str(error))
    if not any(path.startswith(f"{_of_package()}/") for path in committed):
        # A repository of something else, into which the code was unpacked.
        return _by_archive()
    differ = [path for path, blob in committed.items() if _blob(ROOT / path, blob) != blob]
    return Version(commit, diff=_digest([*differ, *(set(_files()) - set(committed))]))


def of_commit(commit: str, modules: Collection[str]) -> dict[str, Digest] | None:
    """SHA-256 of modules of the package as they were in a commit, by path; None if that cannot be known here."""
    repository = Repository(ROOT)
    if repository.has(commit):
        of_package = _of_package()
        try:
            blobs = repository.blobs(commit, [of_package])
            there = [module for module in modules if f"{of_package}/{module}" in blobs]
            contents = repository.contents([blobs[f"{of_package}/{module}"] for module in there])
        except GitError:
            return None
        return {module: hashlib.sha256(one).hexdigest() for module, one in zip(there, contents, strict=True)}
    here = version()
    if (here.commit, here.diff) != (commit, None):
        return None
    return {module: file_digest(PACKAGE / module) for module in modules if (PACKAGE / module).is_file()}


def _of_package() -> str:
    return PACKAGE.relative_to(ROOT).as_posix()


def _by_archive() -> Version:
    """Read the commit of an archive; a placeholder that no archive has filled in is none."""
    try:
        text = (ROOT / ARCHIVAL).read_text(errors="replace")
    except OSError:
        return Version(None)
    commit = re.search(r"^commit: ([0-9a-f]{40}|[0-9a-f]{64})$", text, flags=re.MULTILINE)
    time = re.search(r"^time: (\d+)$", text, flags=re.MULTILINE)
    if commit is None or time is None:
        return Version(None)
    unpacked = int(time[1]) * 10**9
    return Version(commit[1], "archive", _digest(path for path in _files() if _time(ROOT / path) != unpacked))


def _files() -> Iterator[str]:
    """Paths of all files of the code from the root, those that links lead to included."""
    for part in CODE:
        if (ROOT / part).is_file():
            yield part
        for folder, folders, names in os.walk(ROOT / part, followlinks=True):
            folders[:] = [name for name in folders if not _LEFT.fullmatch(name)]
            for name in names:
                if not _LEFT.fullmatch(name):
                    yield (Path(folder) / name).relative_to(ROOT).as_posix()


def _digest(differ: Iterable[str]) -> Digest | None:
    """SHA-256 over paths and contents; None if there are none."""
    lines = [os.fsencode(f"{path}\0{_sha256(ROOT / path)}\n") for path in sorted(differ)]
    return hashlib.sha256(b"".join(lines)).hexdigest() if lines else None


def _sha256(file: Path) -> Digest | None:
    content = _content(file)
    return hashlib.sha256(content).hexdigest() if content is not None else None


def _blob(file: Path, like: str) -> str | None:
    """Name of a file's content, as git makes it: from SHA-1, or in a repository that is set so from SHA-256."""
    content = _content(file)
    if content is None:
        return None
    name = hashlib.new("sha1" if len(like) == 40 else "sha256", usedforsecurity=False)
    name.update(b"blob %d\0" % len(content) + content)
    return name.hexdigest()


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.is_file() else None
    except OSError:
        return None


def _time(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
