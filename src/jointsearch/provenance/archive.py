"""An experiment in one file, which unpacks and can be audited anywhere."""

import gzip
import tarfile
from pathlib import Path
from typing import IO

from jointsearch.errors import UserError
from jointsearch.provenance import audit, manifest
from jointsearch.provenance.findings import Verdict
from jointsearch.records import write_whole

CHECKPOINTS = "*/bracket-*/rung-*/*.pt"


def pack(folder: Path, output: Path, checkpoints: bool = False) -> int:
    """Write an archive: a compressed tar of all that the manifest names, the manifest and its signature.

    Packed again it has the same bytes: names are sorted, all times are that of the end of the last training, and no
    owner is in it.

    Parameters
    ----------
    folder
        Of the experiment.
    output
        The `.tar.gz` to write.
    checkpoints
        Whether the states of interrupted trainings are packed too.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    UserError
        If the experiment has no manifest, or is not what the manifest says.
    """
    done = audit.run(folder, "hash")
    manifest.root(folder)
    for one in done.findings.problems:
        if one.verdict is not Verdict.UNPINNED:
            raise UserError(f"{folder / one.subject}: {one.message} (scripts/audit.py tells all)")
    names = [*manifest.parse((folder / manifest.NAME).read_text()), manifest.NAME]
    if (folder / manifest.SIGNATURE).exists():
        names.append(manifest.SIGNATURE)
    if checkpoints:
        names += [path.relative_to(folder).as_posix() for path in folder.glob(CHECKPOINTS)]
    finished = int(max((one.observed.finished for one in done.evidence.evaluations.values()), default=0))

    def write(file: IO[bytes]) -> None:
        with (
            gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in sorted(names):
                entry = tarfile.TarInfo(f"{folder.resolve().name}/{name}")
                entry.size, entry.mtime = (folder / name).stat().st_size, finished
                with (folder / name).open("rb") as content:
                    tar.addfile(entry, content)

    write_whole(output, write)
    return len(names)
