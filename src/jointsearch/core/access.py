"""Whether results may be read: to a listing, a folder without access looks like an empty one."""

import errno
import os
from pathlib import Path

from jointsearch.core.errors import UserError


def refuse_unreadable(folder: Path) -> None:
    """Refuse a folder of results if a folder or a file in it may not be read; hidden ones do not count.

    Raises
    ------
    UserError
        Names the first one.
    """
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(place, name)  # noqa: PTH118 - one for each record
            if not (name.startswith(".") or os.access(path, os.R_OK, effective_ids=True)) and Path(path).exists():
                _refuse(PermissionError(errno.EACCES, os.strerror(errno.EACCES), path))


def _refuse(error: OSError) -> None:
    """What has vanished meanwhile is no mistake."""
    if not isinstance(error, FileNotFoundError):
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}); give access to it") from None
