"""Locks that end with their process, however that ends: of a results folder, and of one GPU out of several."""

import fcntl
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from jointsearch.errors import UserError


def take(folder: Path) -> IO[str]:
    """Take the lock of a results folder; keep the returned file open for as long as it is needed.

    The operating system releases it when the process ends, `kill -9` included, so that no lock is ever stale.

    Raises
    ------
    UserError
        If another run holds it, naming process and host; or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a+")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror}); give access or choose another") from None
    if not _lock(file):
        file.seek(0)
        raise UserError(f"{folder}: another run works here ({file.read().strip()}); wait for it or stop it")
    file.truncate(0)
    file.write(f"process {os.getpid()} on {platform.node()}")
    file.flush()
    return file


def wait_for_one(paths: Sequence[Path], every: float = 1.0) -> tuple[int, IO[str]]:
    """Take the first of several locks that is free, as soon as one is.

    Parameters
    ----------
    paths
        Files to lock, made where missing.
    every
        Seconds between two looks.

    Returns
    -------
    index, file
        Which one; keep the file open for as long as the lock is needed.
    """
    while True:
        for index, path in enumerate(paths):
            file = path.open("a+")
            if _lock(file):
                return index, file
            file.close()
        time.sleep(every)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(f"{file.name}: cannot be locked ({error.strerror}); use a file system that can") from None
    return True
