"""Time stamps of results that were moved, and which of their files a run has to remake.

Snakemake remakes a file that is older than its inputs. A copy, a restore or an archive leaves time stamps in any order,
so that Snakemake would submit trainings whose records exist; or it compares the inputs with those that it remembers,
and overlooks a file that follows from others. Records name their inputs by digest, which stays valid.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jointsearch.core import layout, lock
from jointsearch.core.code import ROOT
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch
from jointsearch.core.files import canonical, digest, write_bytes, write_record
from jointsearch.results.graph import PART_OF

KNOWN = ".time-stamps"
"""In the folder of an experiment: the time stamps at the end of the last run, and what had to be remade then."""


@dataclass(frozen=True)
class Known:
    """What is known of the files of an experiment without reading them.

    Attributes
    ----------
    stamps
        Size and times of each file that a training depends on, or that is stale.
    stale
        Files that do not follow from those beside them, see `current.stale`.
    """

    stamps: Mapping[str, str] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()


def settle(folder: Path, config: Config, repacked: Mapping[Path, Batch], lacking: bool = False) -> Known:
    """Set the time stamps of an experiment to be the same, unless they are those that the last run left.

    If something is to be remade, and jobs have another size than when they trained, their batch files are written
    first; no other content changes. A folder that another run uses, or that cannot be written, is left as it is.

    Parameters
    ----------
    folder, config
        The results folder of the experiment, and its present configuration.
    repacked
        Batch files that are missing, but follow from those of jobs of another size.
    lacking
        Whether other files are missing from which something was made.

    Returns
    -------
    Known
        With the files that have to be remade, whatever their time stamps.
    """
    known = _as_left(folder, config)
    if known is not None and not (repacked and (known.stale or lacking)):
        return known
    try:
        held = lock.take(folder)
    except UserError:
        return Known()
    from jointsearch.audit import code_listing, current

    with held:
        made = [path for path in _files(folder) if _is_declared(path.relative_to(folder).as_posix())]
        try:
            stale = current.stale(folder, config)
            if repacked and (stale or lacking):
                for path, batch in repacked.items():
                    write_record(path, batch)
                made += repacked
                stale = current.stale(folder, config)
        except (OSError, UserError):
            # The run itself reports what is broken, or cannot be written.
            return Known()
        stale = {name for name in stale if (folder / name).exists()}
        latest = min(max(path.stat().st_mtime_ns for path in (*made, *code_listing.files())), time.time_ns())
        try:
            # Snakemake compares the times that jobs took with the inputs of a job too, as if they were outputs.
            for path in (*made, *layout.log_folder(config.experiment).rglob("*.tsv")):
                os.utime(path, ns=(latest, latest))
        except OSError as error:
            # Only the owner of a file may.
            print(f"note: {path}: its time stamp cannot be set ({error.strerror})", file=sys.stderr)
            return Known(stale=frozenset(stale))
        return remember(folder, config, stale)


def remember(folder: Path, config: Config, stale: Iterable[str] = ()) -> Known:
    """Record the time stamps of the files that exist, and which of them are stale; Snakemake made the others in order.

    The stamps of the code of figures are recorded as well, as a clone or a checkout changes them, and so are the
    configured search and studies: Snakemake's own metadata may not be moved along.
    """
    known = frozenset(stale)
    names = {path.relative_to(folder).as_posix() for path in _files(folder)}
    listed = sorted(name for name in names if layout.is_upstream(name) or name in known)
    stamps = {name: stamp for name in listed if (stamp := _stamp(folder / name)) is not None}
    content = {"surroundings": _surroundings(config), "stamps": stamps, "stale": sorted(known)}
    # Without them the next run compares the digests again.
    with contextlib.suppress(UserError):
        write_bytes(folder / KNOWN, canonical(content))
    return Known(stamps, known)


def _as_left(folder: Path, config: Config) -> Known | None:
    """What was recorded, if files have the time stamps that they had then. New and missing files do not count."""
    try:
        content = json.loads((folder / KNOWN).read_bytes())
        known, surroundings = Known(dict(content["stamps"]), frozenset(content["stale"])), content["surroundings"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    place = str(folder)
    alike = all(_stamp(f"{place}/{name}") in (stamp, None) for name, stamp in known.stamps.items())
    return known if alike and surroundings == _surroundings(config) else None


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.name == "latex"]


def _is_declared(name: str) -> bool:
    return name in PART_OF or layout.is_declared(name)


def _stamp(path: Path | str) -> str | None:
    """Size and times of a file: that of its content, which can be set, and that of any change, which cannot."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return f"{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_size}"


def _surroundings(config: Config) -> str:
    from jointsearch.audit import code_listing

    # Wherever the clone lies, or by what link it is named.
    found = ((path.stat(), path.relative_to(ROOT)) for path in code_listing.files())
    code = [f"{stat.st_mtime_ns}:{stat.st_size} {name}" for stat, name in found]
    return digest([config.search.model_dump(mode="json"), config.studies.model_dump(mode="json"), code])
