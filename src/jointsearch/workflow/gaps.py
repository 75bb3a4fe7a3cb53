"""Files that are missing from results, though something was made from them: Snakemake alone does not remake them.

It looks only at what leads to a missing target. So what was made from a missing file has to be made again, too.
"""

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest, read_record
from jointsearch.workflow.study_jobs import StudyJobs
from jointsearch.workflow.time_stamps import Known


@dataclass(frozen=True)
class Gaps:
    """What is missing from the results of an experiment.

    Attributes
    ----------
    files
        Missing files from which something was made.
    records
        Missing records of evaluations that a batch file names.
    made
        Files that were made from these, and so have to be made again.
    """

    files: tuple[Path, ...] = ()
    records: tuple[Path, ...] = ()
    made: frozenset[Path] = frozenset()


def find(all_jobs: Mapping[str, StudyJobs], given: Collection[Path] = ()) -> Gaps:
    """Find what is missing, by the names of the files that are there.

    Parameters
    ----------
    all_jobs
        All studies of a configuration, by name.
    given
        Files that count as there.
    """
    listing = cache(_names)

    def is_there(path: Path) -> bool:
        return path.name in listing(path.parent) or path in given

    graph = all_jobs[layout.SEARCH].graph
    nodes = [(all_jobs[layout.SEARCH], node) for node in graph.products.values() if node.kind != "plan"]
    nodes += [(one, node) for one in all_jobs.values() for node in graph.nodes_of(one.planned.plan)]
    files, records, made = dict[Path, None](), dict[Path, None](), set[Path]()
    for one, node in nodes:
        there = [path for path in one.files(node) if is_there(path)]
        if there and (missing := [path for path in one.inputs_of(node) if not is_there(path)]):
            files.update(dict.fromkeys(missing))
            made.update(there)
        if node.kind == "evaluation":
            rung = one.files(node)[0].parent
            for batch in dict.fromkeys([*there, *_batches(rung, listing(rung))]):
                if lost := [path for path in _slots(batch) if not is_there(path)]:
                    records.update(dict.fromkeys(lost))
                    made.update({batch}.intersection(there))
    return Gaps(tuple(files), tuple(records), frozenset(made))


def notes(folder: Path, found: Gaps, known: Known) -> list[str]:
    """Say in a line each what is wrong with results, and what a run does about it.

    Files that were never there are not mentioned, such as those of a search that was made longer.
    """
    lines = []
    if found.records:
        lines.append(f"{such_as(found.records)}: a record that its batch file names is missing; it is trained again")
    were_there = {*known.stamps, *in_manifest(folder)} if found.files else ()
    if gone := [path for path in found.files if path.relative_to(folder).as_posix() in were_there]:
        lines.append(f"{such_as(gone)}: missing, though other files were made from it; made again")
    located = {name: layout.locate(name) for name in sorted(known.stale) if (folder / name).exists()}
    kinds = {folder / name: at.kind for name, at in located.items() if at is not None}
    if changed := [path for path, kind in kinds.items() if kind == "slot"]:
        advice = "restore it, or delete it to train it again"
        lines.append(f"{such_as(changed)}: broken, or changed since it was made; {advice}")
    # What follows from a missing file is no news.
    if not lines and (others := [path for path, kind in kinds.items() if kind != "slot"]):
        lines.append(f"{such_as(others)}: does not follow from its inputs; made again")
    return lines


def damage(all_jobs: Mapping[str, StudyJobs]) -> str:
    """Say in a line which records are broken, changed or missing, by the digests in batch files; empty if none is."""
    found = dict[Path, None]()
    rungs = (batches[0].parent for one in all_jobs.values() for batches in one.rungs)
    for path in (path for rung in rungs for path in _batches(rung, _names(rung))):
        # A broken batch file is made again by the next run.
        with contextlib.suppress(UserError):
            batch, files = read_record(path, Batch), _slots(path)
            if len(files) != len(batch.records):
                found[path] = None
            changed = [file for file, known in zip(files, batch.records, strict=False) if not _has(file, known)]
            found.update(dict.fromkeys(changed))
    if not found:
        return ""
    what = "missing, broken, or changed since it was made; restore it, or delete it to train it again"
    return f"{'damaged':>12} {such_as([*found])}: {what}\n"


def open_up(folder: Path, gaps: Gaps) -> list[str]:
    """Remove what would refuse records that are trained again: batch files and a manifest that name missing ones.

    Parameters
    ----------
    folder
        Of the experiment, whose lock is held.

    Returns
    -------
    list of str
        What was removed and why, a line each.
    """
    notes = []
    missing, rungs = set(gaps.records), dict.fromkeys(path.parent for path in gaps.records)
    there = (path for rung in rungs for path in _batches(rung, _names(rung)))
    if batches := [path for path in there if not missing.isdisjoint(_slots(path))]:
        for path in batches:
            path.unlink()
        notes.append(f"{such_as(batches)}: removed, as records named there are missing")
    listed = ((folder / name, layout.locate(name)) for name in in_manifest(folder))
    if lost := [path for path, at in listed if at is not None and at.kind == "slot" and not path.exists()]:
        (folder / manifest.NAME).unlink()
        notes.append(f"{folder / manifest.NAME}: removed, as records named there are missing ({such_as(lost)})")
    return notes


def such_as(files: Sequence[Path]) -> str:
    """Name the first of some files, and count the others."""
    return f"{files[0]} and {len(files) - 1:,} more" if files[1:] else str(files[0])


def _batches(rung: Path, names: Iterable[str]) -> list[Path]:
    """The batch files among the files of a rung, of jobs of any size; not a copy that a user has named."""
    found = (rung / name for name in sorted(names) if name.startswith("batch-"))
    return [path for path in found if layout.locate("/".join(path.parts[-4:])) is not None]


def _slots(batch: Path) -> list[Path]:
    """The records that a batch file is of."""
    return [layout.slot_file(batch.parent, slot) for slot in layout.slots_of(batch)]


def in_manifest(folder: Path) -> Collection[str]:
    """The files that the manifest of an experiment names; none if there is no manifest, or it is broken."""
    try:
        return manifest.read(folder).keys()
    except UserError:
        # The job that makes a new one reports a broken one.
        return ()


def _has(file: Path, known: Digest) -> bool:
    try:
        return file_digest(file) == known
    except OSError:
        return False


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
