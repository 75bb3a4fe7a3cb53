"""Locks that are released when their process ends in any way: of a results folder, a slot, or one GPU of several."""

import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jointsearch.core.errors import UserError


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


def holder(folder: Path) -> str | None:
    """Who holds the lock of a results folder, as process and host; None if nobody does."""
    path = folder / ".lock"
    if not path.exists():
        return None
    with path.open() as file:
        return None if _lock(file, shared=True) else file.read().strip()


@contextmanager
def try_byte(path: Path, number: int) -> Iterator[bool]:
    """Try to lock one byte of a file, across the nodes of a cluster; yields whether that worked.

    A process may hold only one byte of a file: all its locks of that file end with the `with` block.

    Raises
    ------
    UserError
        If the file system has no locks.
    """
    with path.open("a+") as file:
        yield _lock_byte(file, number)


def wait_for_one(
    paths: Sequence[Path], sharers: int = 1, every: float = 1.0, check: Callable[[], None] = lambda: None
) -> tuple[int, IO[str]]:
    """Take the first of several locks that is free, as soon as one is.

    Parameters
    ----------
    paths
        Files to lock, made if missing.
    sharers
        How many processes that request the same number may share one lock.
    every
        Seconds between two attempts.
    check
        Called before each attempt; may raise to end the waiting.

    Returns
    -------
    index, file
        Which one; keep the file open for as long as the lock is needed.
    """
    while True:
        check()
        for index, path in enumerate(paths):
            file = path.open("a+")
            if _lock(file, shared=sharers > 1) and (
                sharers == 1 or any(_lock_byte(file, number) for number in range(sharers))
            ):
                return index, file
            file.close()
        time.sleep(every)


def _lock(file: IO[str], shared: bool = False) -> bool:
    return _try(file, lambda flags: fcntl.flock(file, flags), fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def _lock_byte(file: IO[str], number: int) -> bool:
    return _try(file, lambda flags: fcntl.lockf(file, flags, 1, number), fcntl.LOCK_EX)


def _try(file: IO[str], lock: Callable[[int], None], kind: int) -> bool:
    try:
        lock(kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise UserError(f"{file.name}: cannot be locked ({error.strerror}); use a file system that can") from None
    return True
