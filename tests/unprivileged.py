"""A process without the rights of the superuser, who may read everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Give up these rights for a while; a folder and those that it lies in stay readable."""
    user = os.geteuid()
    for one in (folder, *folder.parents):
        if (mode := one.stat().st_mode) & 0o055 != 0o055:
            one.chmod(mode | 0o055)
    try:
        os.seteuid(user or 65534)
        yield
    finally:
        os.seteuid(user)
