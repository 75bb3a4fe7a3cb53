"""Reading what a study has produced so far."""

from collections.abc import Iterable
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import digest, file_digest, read_record
from jointsearch.core.records import Batch, Digest, Evaluation, History, Observation, WarmStart
from jointsearch.search.plan import StudyPlan
from jointsearch.search.warm_start import source


def read_batches(batches: Iterable[Path], experiment: Digest) -> list[Evaluation]:
    """Read the evaluations behind the given batch files, in order.

    Raises
    ------
    UserError
        If a record is missing, was changed since its batch was completed, or belongs to another experiment.
    """
    evaluations = []
    for path in batches:
        batch = read_record(path, Batch)
        for slot, recorded in enumerate(batch.records, start=batch.first_slot):
            file = layout.slot_file(path.parent, slot)
            if not file.exists():
                raise UserError(f"{file}: missing; restore it, or delete {path.name} beside it to train it again")
            evaluations.append(_read_evaluation(file, experiment))
            if file_digest(file) != recorded:
                raise UserError(
                    f"{file}: changed since it was made ({path.name} holds another digest); "
                    "restore it, or delete both files to train it again"
                )
    return evaluations


def read_study(study: Path, experiment: Digest, planned: StudyPlan) -> list[Evaluation]:
    """Read the evaluations that the planned brackets of a study have now, by (bracket, rung, slot).

    Raises
    ------
    UserError
        As `read_batches`, for the batches that are complete.
    """
    found = {}
    for bracket in planned.brackets:
        folder = layout.bracket_folder(study, bracket.index)
        for evaluation in read_batches(folder.glob("rung-*/batch-*.json"), experiment):
            found[evaluation.bracket, evaluation.rung, evaluation.slot] = evaluation
        for path in folder.glob("rung-*/slot-*.json"):
            if layout.place_of(path) not in found:
                evaluation = _read_evaluation(path, experiment)
                found[evaluation.bracket, evaluation.rung, evaluation.slot] = evaluation
    return [found[place] for place in sorted(found)]


def _read_evaluation(path: Path, experiment: Digest) -> Evaluation:
    evaluation = read_record(path, Evaluation)
    if evaluation.experiment != experiment:
        raise UserError(f"{path}: belongs to another experiment; move it away to train this one")
    place = evaluation.bracket, evaluation.rung, evaluation.slot
    if layout.place_of(path) != place:
        raise UserError(
            f"{path}: is the record of bracket {place[0]}, rung {place[1]}, slot {place[2]}; move it back, "
            "or delete it to train this one"
        )
    return evaluation


def read_history(study: Path, bracket: int) -> list[Observation]:
    """Follow the chain of histories to the given one, from bracket 0 or a warm start; all that its model may see.

    Raises
    ------
    UserError
        If a link of the chain was changed.
    """
    observations: list[Observation] = []
    previous: Digest | None = None
    for index in range(bracket + 1):
        path = layout.history_file(study, index)
        history = read_record(path, History)
        if index == 0 and history.previous is not None:
            start = read_record(layout.warm_start_file(study), WarmStart)
            previous = digest(start)
            observations.extend(start.observations)
        if history.previous != previous:
            raise UserError(
                f"{path}: does not continue the history before it; delete history.json from bracket {index} on"
            )
        previous = digest(history)
        observations.extend(history.observations)
    return observations


def previous_history(study: Path, bracket: int, warm_start: Digest | None) -> Digest | None:
    """Digest of what a bracket's history continues: that of the bracket before, for the first the warm start.

    Raises
    ------
    UserError
        If the warm start is not that of the experiment, which names the digest of its evaluations.
    """
    if bracket:
        return digest(read_record(layout.history_file(study, bracket - 1), History))
    if warm_start is None:
        return None
    path = layout.warm_start_file(study)
    start = read_record(path, WarmStart)
    if source(start.observations) != warm_start:
        raise UserError(f"{path}: changed since it was made; delete it to make it again")
    return digest(start)
