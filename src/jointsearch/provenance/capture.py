"""What a training is made with, and where: digests of the code and lock, commit, versions."""

import hashlib
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from jointsearch.records import Digest, file_digest

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]
LOCK = ROOT / "envs" / "requirements.txt"
TRAINING_CODE = ("config.py", "hyperband.py", "hyperparameters.py", "seeds.py", "networks", "training")
"""Modules of the package that decide what a training does."""


def made_with(data: Digest, split: Digest, device_type: str, threads: int) -> dict[str, Any]:
    """Capture code, environment and data: the fields of `MadeWith` that all trainings of this process share."""
    return {
        "code": training_code_digest(),
        "commit": commit(),
        "lock": file_digest(LOCK) if LOCK.is_file() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "data": data,
        "split": split,
        "device_type": device_type,
        "threads": threads,
    }


def training_code_digest() -> Digest:
    """SHA-256 over names and bytes of the training code."""
    state = hashlib.sha256()
    for part in TRAINING_CODE:
        path = PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            state.update(f"{file.relative_to(PACKAGE).as_posix()}\0{file_digest(file)}\n".encode())
    return state.hexdigest()


def commit() -> str | None:
    """Commit of the working copy, with `-dirty` if files differ from it; None outside git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--match="]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
