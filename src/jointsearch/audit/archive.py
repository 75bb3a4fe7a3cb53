"""An experiment in one file, which unpacks and can be audited anywhere."""

import filecmp
import lzma
import os
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

from jointsearch.audit import audit, manifest
from jointsearch.audit.audit import Audit
from jointsearch.audit.findings import Verdict
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_whole

CHECKPOINTS = "*/bracket-*/rung-*/*.pt"
RECORDS = "records.tar.xz"
"""In the folder of an experiment: its records, from which all else is recomputed without training."""


def pack(folder: Path, output: Path, checkpoints: bool = False) -> int:
    """Write an archive: a compressed tar of all that the manifest names, the manifest and its signature.

    Packing again gives the same bytes: names are sorted, all times are that of the end of the last training, and no
    owner is recorded.

    Parameters
    ----------
    folder
        Of the experiment.
    output
        The `.tar.xz` to write.
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
    _refuse_problems(folder, done)
    names = [*manifest.read(folder), manifest.NAME]
    if (folder / manifest.SIGNATURE).exists():
        names.append(manifest.SIGNATURE)
    if checkpoints:
        names += [path.relative_to(folder).as_posix() for path in folder.glob(CHECKPOINTS)]
    return _write(folder, output, names, done)


def pack_records(folder: Path, output: Path) -> int:
    """Write an archive of the records alone, from which all else is recomputed; also of an unfinished search.

    The plan is among them, so that a shorter search is also refused where they are unpacked.

    Raises
    ------
    UserError
        If a record is broken, or was changed.
    """
    done = audit.run(folder, "hash")
    _refuse_problems(folder, done, but=("complete", "manifest"))
    return _write(folder, output, list(filter(is_source, layout.files(folder))), done)


def is_source(name: str) -> bool:
    """Whether all else is recomputed from a file without training: it lasts, or is the plan."""
    return layout.lasts(name) or name == layout.PLAN


def _refuse_problems(folder: Path, done: Audit, but: Collection[str] = ()) -> None:
    for one in done.findings.problems:
        if one.verdict is not Verdict.UNPINNED and one.check not in but:
            raise UserError(f"{folder / one.subject}: {one.message} (scripts/audit.py lists all)")


def _write(folder: Path, output: Path, names: Sequence[str], done: Audit) -> int:
    root = Path(os.path.abspath(folder)).name  # noqa: PTH100 - a link keeps its name
    finished = int(max((one.observed.finished for one in done.evidence.evaluations.values()), default=0))

    def write(file: IO[bytes]) -> None:
        with (
            lzma.LZMAFile(file, "wb") as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in sorted(names):
                entry = tarfile.TarInfo(f"{root}/{name}")
                entry.size, entry.mtime = (folder / name).stat().st_size, finished
                with (folder / name).open("rb") as content:
                    tar.addfile(entry, content)

    write_whole(output, write)
    return len(names)


def unpack(archive: Path, folder: Path) -> int:
    """Unpack the records of an experiment into its folder, where it has none yet.

    All at once: `experiment.json` comes last. What a killed one has left is of the archive; anything else in the
    folders of the records is somebody's own, and then nothing is touched.

    Returns
    -------
    int
        Number of files; 0 where the experiment has records already.

    Raises
    ------
    UserError
        If the archive is damaged, holds something else, or cannot be written out, or if there are other records.
    """
    if (folder / layout.EXPERIMENT).exists():
        return 0
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as place, tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
            [found] = Path(place).iterdir()
            number = sum(path.is_file() for path in found.rglob("*"))
            _refuse_others(found, folder)
            for path in sorted(found.iterdir(), key=lambda path: path.name == layout.EXPERIMENT):
                if (folder / path.name).is_dir():
                    shutil.rmtree(folder / path.name)
                path.rename(folder / path.name)
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError) as error:
        raise UserError(f"{archive}: no archive of records ({str(error).splitlines()[0]}); restore it") from None
    except OSError as error:
        raise UserError(f"{archive}: cannot be unpacked ({error.strerror or error}); make room or restore it") from None
    return number


def _refuse_others(unpacked: Path, folder: Path) -> None:
    """Refuse to replace records that are not those of an archive; a run writes its plan before all of them."""
    for path in sorted(path for path in unpacked.iterdir() if path.name != layout.PLAN):
        there = folder / path.name
        for file in sorted(filter(Path.is_file, there.rglob("*"))) if there.is_dir() else [there] * there.exists():
            ours = unpacked / file.relative_to(folder)
            if not (ours.is_file() and filecmp.cmp(ours, file, shallow=False)):
                raise UserError(
                    f"{file}: is not of the records that come with the repository, but {folder / layout.EXPERIMENT} is "
                    "missing; restore that, or move the folder away"
                )
