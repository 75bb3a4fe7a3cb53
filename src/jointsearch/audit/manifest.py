"""The manifest of an experiment: the SHA-256 of each of its files, and one root digest over all of them.

It is what `sha256sum` writes, so that anyone can check it without this library, in the results folder:
`sha256sum --check manifest.sha256`. The root digest is that of the manifest itself: `sha256sum manifest.sha256`.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest

NAME = "manifest.sha256"
SIGNATURE = f"{NAME}.sig"
NAMESPACE = "jointsearch"
"""The namespace of a signature, as in `ssh-keygen -Y`: one that was made for another purpose does not count."""

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def make(folder: Path, beside: Mapping[str, bytes] | None = None) -> str:
    """Write the text of a manifest.

    Parameters
    ----------
    folder
        Of the experiment.
    beside
        Contents of files that are written with the manifest, in place of those that are there.

    Raises
    ------
    UserError
        If the name of a file cannot be written in a line.
    """
    written = {name: hashlib.sha256(content).hexdigest() for name, content in (beside or {}).items()}
    names = sorted({*layout.files(folder), *written})
    for name in names:
        if not _LINE.fullmatch(f"{'0' * 64}  {name}") or not name.isprintable() or "\\" in name:
            raise UserError(f"{folder}: {name!r}: such a name cannot be in a manifest; rename or remove the file")
    return "".join(f"{written.get(name) or file_digest(folder / name)}  {name}\n" for name in names)


def read(folder: Path, name: str = NAME) -> dict[str, Digest]:
    """Read the manifest of an experiment, or another listing of that format.

    Raises
    ------
    UserError
        If there is none, it cannot be read, or it is broken, see `parse`.
    """
    try:
        text = _find(folder, name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{name}: cannot be read ({error}); restore it") from None
    return parse(text, name)


def _find(folder: Path, name: str = NAME) -> Path:
    if not (folder / name).is_file():
        raise UserError(f"{folder / name}: missing; run the workflow to its end to make it")
    return folder / name


def parse(text: str, name: str = NAME) -> dict[str, Digest]:
    """Read the text of a manifest, or of another file with that name.

    Raises
    ------
    UserError
        If a line is not that of a manifest, or names a file twice or outside the folder.
    """
    listed: dict[str, Digest] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in listed or match[2].startswith("/") or ".." in match[2].split("/"):
            raise UserError(f"{name}: line {number} is not that of a manifest; restore it")
        listed[match[2]] = match[1]
    return listed


def root(folder: Path) -> Digest:
    """The root digest of an experiment.

    Raises
    ------
    UserError
        If it has no manifest yet.
    """
    return file_digest(_find(folder))


def changed(old: Mapping[str, Digest], new: Mapping[str, Digest]) -> list[str]:
    """Lasting files of an earlier manifest that have changed, or are missing."""
    return [name for name in old if layout.lasts(name) and new.get(name) != old[name]]


def check_signature(folder: Path, signers: Path | None) -> tuple[bool, str]:
    """Check the signature of a manifest with `ssh-keygen`.

    Parameters
    ----------
    folder
        Of the experiment.
    signers
        Who may sign, as in `ssh-keygen`'s file of allowed signers. Without it the signature is checked, but not the
        signer.

    Returns
    -------
    holds, message
        Whether the signature is good, and what `ssh-keygen` said.

    Raises
    ------
    UserError
        If there is no `ssh-keygen`, or no such file of signers.
    """
    if shutil.which("ssh-keygen") is None:
        raise UserError("ssh-keygen: not found; install OpenSSH to check a signature")
    if signers is not None and not signers.is_file():
        raise UserError(f"{signers}: no file of allowed signers; see `man ssh-keygen`, ALLOWED SIGNERS")
    signature = ["-s", str(folder / SIGNATURE), "-n", NAMESPACE]
    if signers is None:
        return _ssh_keygen(folder, ["check-novalidate", *signature])
    found, said = _ssh_keygen(folder, ["find-principals", *signature[:2], "-f", str(signers)])
    if not found:
        return False, f"signed by nobody that {signers} names ({said})"
    return _ssh_keygen(folder, ["verify", *signature, "-f", str(signers), "-I", said.split()[0]])


def _ssh_keygen(folder: Path, arguments: Iterable[str]) -> tuple[bool, str]:
    with (folder / NAME).open("rb") as manifest:
        done = subprocess.run(["ssh-keygen", "-Y", *arguments], stdin=manifest, capture_output=True, text=True)
    return done.returncode == 0, " ".join((done.stdout + done.stderr).split())
