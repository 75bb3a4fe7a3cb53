"""A process without the rights of the superuser, who may read everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Give up these rights for a while, in which a folder and those that it lies in stay readable."""
    if os.geteuid() != 0:
        yield
        return
    modes = {one: one.stat().st_mode for one in (folder, *folder.parents)}
    for one, mode in modes.items():
        one.chmod(mode | 0o055)
    try:
        os.seteuid(65534)
        yield
    finally:
        os.seteuid(0)
        for one, mode in modes.items():
            one.chmod(mode)
