"""A training job: the slots FIRST to LAST of a rung, each trained once, however many processes work on them."""

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout, lock
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch, Evaluation, Identity
from jointsearch.core.fields import Digest
from jointsearch.core.files import file_digest, read_record, write_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.proposal import Rung
from jointsearch.search.experiment import Experiment


@dataclass(frozen=True)
class Job:
    """Slots of one rung.

    Attributes
    ----------
    experiment, rung
        Of what.
    folder
        Folder of the rung.
    slots
        Which.
    """

    experiment: Experiment
    rung: Rung
    folder: Path
    slots: range

    @property
    def study(self) -> Path:
        """Folder of the study."""
        return layout.study_of(self.folder)

    def missing(self) -> list[int]:
        """Slots without a record.

        Raises
        ------
        UserError
            If the record in a slot is of something else.
        """
        missing = []
        for slot in self.slots:
            file = layout.slot_file(self.folder, slot)
            if file.exists():
                _refuse_another(file, self.experiment.identity(self.rung, slot))
            else:
                missing.append(slot)
        return missing

    def to_train(self, interruption: Interruption, wait: bool = True) -> Iterator[tuple[int, Path]]:
        """Yield slots without a record, one after another, each locked until the next is requested.

        Parameters
        ----------
        interruption
            Ends it.
        wait
            Whether to wait for a slot that another process trains, should that fail to.

        Returns
        -------
        iterator of (slot, file of its record)
        """
        for slot in self.slots:
            file, reported = layout.slot_file(self.folder, slot), False
            while not file.exists():
                interruption.check()
                with lock.try_byte(layout.lock_file(self.folder), slot) as held:
                    # Between the two looks another process may have written it. A network file system remembers that
                    # a file was missing; listing its folder makes it look.
                    if held and file not in self.folder.iterdir():
                        yield slot, file
                if held or not wait:
                    break
                if not reported:
                    print(f"{file}: another process trains it; waiting for it to end", file=sys.stderr, flush=True)
                    reported = True
                time.sleep(1)

    def keep(self, slot: int, evaluation: Evaluation) -> Path:
        """Write the record of a slot, and remove what an interrupted training would have resumed from."""
        file = layout.slot_file(self.folder, slot)
        # Where a file system loses a lock, another process may have been faster: the first record stays.
        write_record(file, evaluation, keep=True)
        self._forget(slot)
        return file

    def _forget(self, slot: int) -> None:
        layout.state_file(self.folder, slot).unlink(missing_ok=True)
        shutil.rmtree(layout.scratch_folder(self.folder, slot), ignore_errors=True)

    def finish(self, batch: Path) -> None:
        """Write the batch file, and remove the states that are of no more use."""
        for slot in self.slots:
            self._forget(slot)
            if self.rung.rung:
                below = layout.rung_folder(self.study, self.rung.bracket, self.rung.rung - 1)
                layout.end_file(below, self.rung.proposals[slot].id).unlink(missing_ok=True)
        records = tuple(file_digest(layout.slot_file(self.folder, slot)) for slot in self.slots)
        write_record(batch, Batch(first_slot=self.slots.start, records=records))


def drop_ends(folder: Path, evaluations: Sequence[Evaluation], promoted: Rung) -> None:
    """Remove the states from which nothing continues: those of the evaluations of a rung that were not promoted."""
    for proposal in {one.proposal.id for one in evaluations} - {one.id for one in promoted.proposals}:
        layout.end_file(folder, proposal).unlink(missing_ok=True)


def repacked(batches: Sequence[Path]) -> dict[Path, Batch]:
    """Give the batch files of a rung that are missing but follow from others there, of jobs of another size.

    Their digests are those of the others, so that a record that was changed since is noticed as before.

    Parameters
    ----------
    batches
        All batch files of the rung, as its trainings are packed now, in slot order.
    """
    folder = batches[0].parent
    there = {path.name: path for path in folder.glob("batch-*.json")}
    missing = [path for path in batches if path.name not in there]
    others = [path for name, path in there.items() if path not in batches] if missing else []
    recorded: dict[int, set[Digest]] = {}
    for path in others:
        # A broken one is for an audit to report.
        with contextlib.suppress(UserError):
            batch = read_record(path, Batch)
            for slot, record in enumerate(batch.records, start=batch.first_slot):
                recorded.setdefault(slot, set()).add(record)
    found = {}
    for path in missing:
        slots = layout.slots_of(path)
        records = [recorded.get(slot, set()) for slot in slots]
        if all(len(one) == 1 for one in records):
            found[path] = Batch(first_slot=slots.start, records=tuple(one for (one,) in records))
    return found


def _refuse_another(file: Path, identity: Identity) -> None:
    for name in identity.differences(read_record(file, Evaluation)):
        raise UserError(
            f"{file}: its {name} is not that of this slot; restore what it was proposed from, or delete it to train "
            "this one"
        )
