"""One run at a time in a results folder: a lock that ends with its process, however that ends."""

import fcntl
import os
import platform
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
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror}); give access or choose another") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        raise UserError(f"{folder}: another run works here ({file.read().strip()}); wait for it or stop it") from None
    file.truncate(0)
    file.write(f"process {os.getpid()} on {platform.node()}")
    file.flush()
    return file
