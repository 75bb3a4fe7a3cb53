"""What a forger does to the results of a small search."""

import contextlib
import os
from pathlib import Path

from jointsearch.audit import crate, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.fields import Digest, Record
from jointsearch.core.files import digest, file_digest, read_record, write_record
from jointsearch.core.history import History
from jointsearch.core.proposal import Rung
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.graph import Node

SLOT = "search/bracket-000/rung-0/slot-00.json"
LAST = "search/bracket-002/rung-0/slot-02.json"
"""Of the last bracket, at the full budget: nothing of the search follows from it."""


def edit(path: Path, kind: type[Record], **changes: object) -> None:
    """Change a record, and keep the time stamp of its file."""
    times = path.stat()
    write_record(path, kind.model_validate(read_record(path, kind).model_dump() | changes))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def set_errors(path: Path, **errors: float) -> None:
    """Forge `loss` or `test_error` of an evaluation, in its curve too."""
    curve = read_record(path, Evaluation).model_dump()["curve"]
    last = {"validation_error" if name == "loss" else name: error for name, error in errors.items()}
    edit(path, Evaluation, **errors, curve=[*curve[:-1], curve[-1] | last])


def rebuild_hashes(folder: Path) -> None:
    """Forge: make every digest fit the records that lie there now, as far as they are not derived from others."""
    study = folder / layout.SEARCH
    previous = None
    for history in sorted(study.glob("bracket-*/history.json")):
        bracket = layout.bracket_of(history.parent)[1]
        edit(history, History, previous=previous, parents=parents(folder, Node("history", layout.SEARCH, bracket)))
        previous = digest(read_record(history, History))
        for rung in sorted(history.parent.glob("rung-*")):
            node = Node("proposals", layout.SEARCH, bracket, int(rung.name.removeprefix("rung-")))
            edit(rung / "proposals.json", Rung, parents=parents(folder, node))
            of = digest(read_record(rung / "proposals.json", Rung))
            for slot in sorted(rung.glob("slot-*.json")):
                edit(slot, Evaluation, parents=(of, *read_record(slot, Evaluation).parents[1:]))
    rebuild_batches(folder)
    rebuild_manifest(folder)


def parents(folder: Path, node: Node) -> tuple[Digest, ...]:
    """Digests of what something has to be made from."""
    found = Evidence.read(folder).parents_of(node)
    assert found is not None
    return found


def rebuild_batches(folder: Path) -> None:
    """Forge: name the records that lie there now."""
    for batch in folder.glob("search/bracket-*/rung-*/batch-*.json"):
        first, last = map(int, batch.stem.split("-")[1:])
        files = [layout.slot_file(batch.parent, slot) for slot in range(first, last + 1)]
        edit(batch, Batch, records=tuple(file_digest(file) for file in files))


def rebuild_manifest(folder: Path) -> None:
    """Forge: describe and name what lies there now."""
    with contextlib.suppress(UserError):
        (folder / crate.METADATA).write_bytes(crate.build(folder))
    (folder / manifest.NAME).write_text(manifest.make(folder))


def rebuild_outcomes(folder: Path) -> None:
    """Forge: make the tables, figures and numbers that follow from the records that lie there now."""
    for name, content in outcomes(Evidence.read(folder).results()).items():
        (folder / name).write_bytes(content)
