"""The digest of the records of an experiment, which a text can quote: its own file is not among them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest


@dataclass(frozen=True)
class Records:
    """How many records there are, and the SHA-256 of their lines in the manifest, see `audit.manifest`."""

    number: int
    digest: Digest


def records(folder: Path) -> Records:
    """Sum up the records of an experiment: the files that never change once they are made."""
    names = [name for name in layout.files(folder) if layout.lasts(name)]
    lines = "".join(f"{file_digest(folder / name)}  {name}\n" for name in names)
    return Records(len(names), hashlib.sha256(lines.encode()).hexdigest())
