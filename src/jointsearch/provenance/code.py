"""The code of this working copy: digests, commit, what is not committed."""

import hashlib
import os
import subprocess
from pathlib import Path

from jointsearch.records import Digest, file_digest

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]
LOCK = ROOT / "envs" / "requirements.txt"
TRAINING_CODE = ("config.py", "hyperband.py", "hyperparameters.py", "seeds.py", "networks", "training")
"""Modules of the package that decide what a training does."""
CODE = ("Snakefile", "workflow", "scripts", "src", "envs")
"""Where uncommitted changes count."""


def training_code() -> dict[str, Digest]:
    """SHA-256 of each module of the training code, by path."""
    files = [file for part in TRAINING_CODE for file in sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / part]]
    return {file.relative_to(PACKAGE).as_posix(): file_digest(file) for file in files}


def commit() -> str | None:
    """Commit of the working copy; None outside git."""
    found = _git("rev-parse", "HEAD")
    return found.decode().strip() if found is not None else None


def uncommitted() -> Digest | None:
    """SHA-256 of what differs from the commit; None if nothing does."""
    changed = _git("diff", "--binary", "HEAD", "--", *CODE) or b""
    untracked = (_git("ls-files", "--others", "--exclude-standard", "-z", "--", *CODE) or b"").split(b"\0")
    for name in sorted(filter(None, untracked)):
        changed += name + b"\0" + file_digest(ROOT / os.fsdecode(name)).encode() + b"\n"
    return hashlib.sha256(changed).hexdigest() if changed else None


def _git(*arguments: str) -> bytes | None:
    try:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
