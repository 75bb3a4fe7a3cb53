"""Time stamps of results that were moved: set to the order in which the files were made.

Snakemake remakes a file that is older than its inputs. A copy, a restore or an archive leaves time stamps in any order,
so that Snakemake would submit trainings whose records exist. Records name their inputs by digest, which stays valid.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from jointsearch.core import layout, lock
from jointsearch.core.code import ROOT
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.files import digest, write_bytes, write_record
from jointsearch.training import job

KNOWN = ".time-stamps"
"""In the folder of an experiment: the time stamps at the end of the last run."""
EARLIER = 10**9
"""Nanoseconds between the stamps of files to be remade and of all others: a file system may count whole seconds."""


def settle(folder: Path, config: Config, batches: Iterable[Sequence[Path]]) -> None:
    """Set the time stamps of an experiment, unless they are those that the last run left.

    A file that follows from the files beside it gets the latest stamp of all, the same for each, so that it is up to
    date; any other file gets an older one, so that it is remade. If something is to be remade, and jobs have another
    size than when they trained, their batch files are written first; no other content changes. A folder that another
    run uses, or that cannot be written, is left as it is.

    Parameters
    ----------
    folder, config
        The results folder of the experiment, and its present configuration.
    batches
        The batch files of each rung of all studies.
    """
    if not layout.experiment_file(folder).exists():
        return
    repacked = {path: batch for rung in batches for path, batch in job.repacked(rung).items()}
    if not repacked and _as_left(folder, config):
        return
    try:
        held = lock.take(folder)
    except UserError:
        return
    from jointsearch.audit import current, sources

    with held:
        made = [path for path in _files(folder) if layout.is_declared(path.relative_to(folder).as_posix())]
        try:
            stale = current.stale(folder, config)
            if stale and repacked:
                for path, batch in repacked.items():
                    write_record(path, batch)
                made += repacked
                stale = current.stale(folder, config)
        except (OSError, UserError):
            # The run itself reports what is broken, or cannot be written.
            return
        latest = min(max(path.stat().st_mtime_ns for path in (*made, *sources.files())), time.time_ns())
        try:
            for path in made:
                stamp = latest - EARLIER if path.relative_to(folder).as_posix() in stale else latest
                os.utime(path, ns=(stamp, stamp))
            # Snakemake compares these with the inputs of a job too, as if they were outputs.
            for path in layout.log_folder(config.experiment).rglob("*.tsv"):
                os.utime(path, ns=(latest, latest))
        except OSError as error:
            # Only the owner of a file may.
            print(f"note: {path}: its time stamp cannot be set ({error.strerror})", file=sys.stderr)
            return
        remember(folder, config)


def remember(folder: Path, config: Config) -> None:
    """Record the time stamps of the files that exist, since Snakemake has made them in order.

    The stamps of the code of figures are recorded as well, as a clone or a checkout changes them, and so are the
    configured search and studies: Snakemake's own metadata may not be moved along.
    """
    names = (path.relative_to(folder).as_posix() for path in _files(folder))
    lines = [f"{_stamp(folder / name)} {name}\n" for name in names if layout.is_upstream(name)]
    # Without them the next run compares the digests again.
    with contextlib.suppress(OSError):
        write_bytes(folder / KNOWN, "".join([f"{_surroundings(config)}\n", *lines]).encode())


def _as_left(folder: Path, config: Config) -> bool:
    """Whether the files that the last run left have their time stamps. New and missing files do not count."""
    try:
        surroundings, *lines = (folder / KNOWN).read_text().splitlines()
    except (OSError, ValueError):
        return False
    known = (line.split(" ", 1) for line in lines)
    return surroundings == _surroundings(config) and all(
        _stamp(folder / name) in (stamp, None) for stamp, name in known
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.name == "latex"]


def _stamp(path: Path) -> str | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_mtime_ns}:{found.st_size}"


def _surroundings(config: Config) -> str:
    from jointsearch.audit import sources

    # Wherever the clone lies, or by what link it is named.
    code = [f"{_stamp(path)} {path.relative_to(ROOT)}" for path in sources.files()]
    return digest([config.search.model_dump(mode="json"), config.studies.model_dump(mode="json"), code])
