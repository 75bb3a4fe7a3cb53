"""The one reader of a results folder: strict for jobs that continue from it, doubting for audits and counts."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from jointsearch.core import layout
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.fields import Digest, Record
from jointsearch.core.files import R, digest, file_digest, read_record
from jointsearch.core.history import History, Observation, WarmStart
from jointsearch.core.proposal import Rung
from jointsearch.results.graph import Graph
from jointsearch.search import hyperband, warm_start
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Place, Plan, StudyPlan

_Found = History | Rung | Evaluation
_F = TypeVar("_F", bound=_Found)
_KINDS: dict[str, type[_Found]] = {"history": History, "proposals": Rung, "slot": Evaluation}


class Reader(ABC):
    """The records of an experiment, each read once, on demand: what a strict and a doubting reader share.

    Attributes
    ----------
    path
        `results/<experiment>`.
    unsettled
        Records with nothing against them but that the settings of their study are missing.
    """

    def __init__(self, path: Path):
        self.path = path
        self.unsettled: set[str] = set()
        self._ids: dict[str, Digest] = {}
        self._read_already: dict[Path, Record] = {}

    @abstractmethod
    def settings_of(self, study: str) -> Experiment:
        """Settings of a study; those of the experiment if it has none of its own."""

    @abstractmethod
    def evaluations_of(self, plan: StudyPlan) -> tuple[Evaluation, ...]:
        """The planned evaluations that a study has trained so far, by position."""

    @abstractmethod
    def _leave_out(self, name: str, why: str, strict: str | None = None) -> None:
        """Leave out a file, or refuse it, perhaps in other words."""

    @cached_property
    def experiment(self) -> Experiment:
        """Settings of the experiment, without which nothing can be read."""
        return self._parse(layout.experiment_file(self.path), Experiment)

    @cached_property
    def settings_beside(self) -> dict[str, Experiment]:
        """Those of each study beside the search that has begun."""
        files = sorted(self.path.glob(f"*/{layout.EXPERIMENT}"))
        return {path.parent.name: found for path in files if (found := self._read(path, Experiment))}

    @cached_property
    def data(self) -> DataSet | None:
        """The images; None before they were checked."""
        return self._read(layout.data_file(self.path), DataSet)

    @cached_property
    def warm_start(self) -> WarmStart | None:
        """The evaluations that the search begins with; None if there are none."""
        return self._read(layout.warm_start_file(self.path / layout.SEARCH), WarmStart)

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """The environments of training processes, by the digest in the name of the file."""
        files = sorted(layout.environment_file(self.path, "*").parent.glob("*.json"))
        return {path.stem: found for path in files if (found := self._read(path, Environment))}

    @cached_property
    def evaluations(self) -> dict[Place, Evaluation]:
        """By study, bracket, rung and slot."""
        return {place: one for place, one in self._of_studies.items() if isinstance(one, Evaluation)}

    @cached_property
    def proposals(self) -> dict[tuple[str, int, int], Rung]:
        """Proposals by study, bracket and rung."""
        return {place: one for place, one in self._of_studies.items() if isinstance(one, Rung)}

    @cached_property
    def histories(self) -> dict[tuple[str, int], History]:
        """By study and bracket."""
        return {place: one for place, one in self._of_studies.items() if isinstance(one, History)}

    @cached_property
    def batches(self) -> dict[str, Batch]:
        """By path in the folder."""
        return {name: one for (name, *_), one in self._of_studies.items() if isinstance(one, Batch)}

    def appeared(self, study: str, brackets: Iterable[int]) -> Iterator[Evaluation]:
        """Evaluations of brackets that can be read by now, whatever they are of. Each file is read once."""
        for bracket in brackets:
            for path in layout.slot_files(self.path / study, bracket):
                if one := self._read(path, Evaluation):
                    yield one

    def name(self, path: Path) -> str:
        """Path of a file in the folder."""
        return path.relative_to(self.path).as_posix()

    def file(self, study: str, bracket: int, rung: int | None = None, slot: int | None = None) -> str:
        """Path in the folder: of an evaluation; without a slot, of the proposals; without a rung, of the history."""
        if rung is None:
            return self.name(layout.history_file(self.path / study, bracket))
        if slot is None:
            return self.name(layout.proposals_file(self.path / study, bracket, rung))
        return self.name(layout.slot_file(layout.rung_folder(self.path / study, bracket, rung), slot))

    @cached_property
    def _of_studies(self) -> dict[tuple[Any, ...], Record]:
        """All records in the folders of brackets, by position; a batch by the path of its file."""
        found: dict[tuple[Any, ...], Record] = {}
        for name in filter(layout.in_bracket, layout.files(self.path)):
            at = layout.locate(name)
            if at is None or (at.rung or 0) >= self._rungs(at.study, at.bracket):
                self._leave_out(name, "no record that a search has; move it away")
            elif at.kind == "batch":
                if batch := self._read(self.path / name, Batch):
                    found[name,] = batch
            elif record := self._in_place(self.path / name, _KINDS[at.kind]):
                found[_place_in_record(record)] = record
        return found

    def _rungs(self, study: str, bracket: int) -> int:
        """Rungs that a bracket has by the settings of its study."""
        return len(hyperband.bracket(bracket, self.settings_of(study).budget).levels)

    def _parse(self, path: Path, kind: type[R]) -> R:
        """Read a record that has to be there and valid, whatever reader this is."""
        known = self._read_already.get(path)
        if isinstance(known, kind):
            return known
        found = self._read_already[path] = read_record(path, kind)
        return found

    def _read(self, path: Path, kind: type[R]) -> R | None:
        """Read a record; None if there is none or, for a doubting reader, if it is broken."""
        if path not in self._read_already and not path.exists():
            return None
        try:
            return self._parse(path, kind)
        except UserError as error:
            message = str(error).removeprefix(f"{path}: ")
            # The advice in an audit differs from that in a run.
            self._leave_out(self.name(path), f"{message.rpartition('; ')[0]}; restore it", message)
            return None

    def _in_place(self, path: Path, kind: type[_F]) -> _F | None:
        """Read a record that has to be of this experiment, in its own position, and the only one there."""
        record = self._read(path, kind)
        if record is None:
            return None
        name = self.name(path)
        if fault := self._fault(name, record):
            self._leave_out(name, *fault)
            return None
        return record

    def _fault(self, name: str, record: _Found) -> tuple[str, str] | None:
        """What is wrong with the position of a record, as an audit and as a run reports it."""
        says = _place_in_record(record)
        if record.experiment != self._id_of(record.study):
            if self._lacks_settings(record.study):
                self.unsettled.add(name)
                message = f"its settings ({record.study}/{layout.EXPERIMENT}) are missing; restore them"
                return message, message
            return (
                "belongs to another experiment, or to other settings of its study; move it away",
                "belongs to another experiment; move it away to train this one",
            )
        if _place_in_name(name)[: len(says)] != says:
            return (
                f"is the record of {', '.join(map(str, says))} (study, bracket, ...); move it back",
                f"is the record of {_spelled(name, says)}; move it back, or delete it to train this one",
            )
        if name != self.file(*says):
            message = f"is not in the place of such a record, which is {self.file(*says)}; move it away"
            return message, message
        return None

    def _lacks_settings(self, study: str) -> bool:
        """Whether the settings of a planned study are missing."""
        plan = self._read(layout.plan_file(self.path), Plan)
        planned = plan is not None and plan.study(study) is not None
        return planned and not layout.settings_file(self.path, study).exists()

    def _id_of(self, study: str) -> Digest:
        if study not in self._ids:
            self._ids[study] = self.settings_of(study).id
        return self._ids[study]


class Folder(Reader):
    """A strict reader, of whatever continues from the records, or reports them.

    It raises a `UserError` at the first record that is broken, or of another position or experiment, and says how the
    run can continue.
    """

    @cached_property
    def plan(self) -> Plan:
        """What the experiment trains."""
        return self._parse(layout.plan_file(self.path), Plan)

    @cached_property
    def graph(self) -> Graph:
        """What everything in the experiment depends on, by its plan."""
        return Graph(self.plan, {name: self.settings_of(name) for name in self.plan.names})

    def settings_of(self, study: str) -> Experiment:
        """Settings of a study; those of the experiment if it has none of its own."""
        return self._read(layout.experiment_file(self.path / study), Experiment) or self.experiment

    def evaluations_of(self, plan: StudyPlan) -> tuple[Evaluation, ...]:
        """The planned evaluations that a study has trained so far, by position.

        Each is compared with the digest in its batch, if that is complete.
        """
        folder, found = self.path / plan.name, dict[tuple[int, int, int], Evaluation]()
        for bracket in (one.index for one in plan.brackets):
            for one in self.of_batches(layout.bracket_folder(folder, bracket).glob("rung-*/batch-*.json")):
                found[one.bracket, one.rung, one.slot] = one
            for path in layout.slot_files(folder, bracket):
                if layout.place_of(path) not in found and (loose := self._in_place(path, Evaluation)):
                    found[loose.bracket, loose.rung, loose.slot] = loose
        return tuple(found[place] for place in sorted(found))

    def of_batches(self, batches: Iterable[Path]) -> list[Evaluation]:
        """Read the evaluations behind batch files, in order.

        Raises
        ------
        UserError
            If one is missing, was changed since its batch was completed, or belongs to another experiment.
        """
        evaluations = []
        for path in batches:
            batch = self._parse(path, Batch)
            for slot, recorded in enumerate(batch.records, start=batch.first_slot):
                file = layout.slot_file(path.parent, slot)
                if not file.exists():
                    raise UserError(f"{file}: missing; restore it, or run the workflow to train it again")
                if one := self._in_place(file, Evaluation):
                    evaluations.append(one)
                if file_digest(file) != recorded:
                    raise UserError(
                        f"{file}: changed since it was made ({path.name} holds another digest); "
                        "restore it, or delete it to train it again"
                    )
        return evaluations

    def batches_of(self, study: str, bracket: int, rung: int) -> dict[int, str]:
        """The batch that each slot of a rung is in, by path in the folder; only of slots whose job is complete."""
        found = dict[int, str]()
        for path in sorted(layout.rung_folder(self.path / study, bracket, rung).glob("batch-*.json")):
            batch = self._parse(path, Batch)
            slots = range(batch.first_slot, batch.first_slot + len(batch.records))
            found |= dict.fromkeys(slots, self.name(path))
        return found

    def observations(self, study: str, bracket: int) -> list[Observation]:
        """Follow the chain of histories to that of a bracket, from bracket 0 or a warm start; all that its model sees.

        Raises
        ------
        UserError
            If a link of the chain was changed.
        """
        observations: list[Observation] = []
        previous: Digest | None = None
        for index in range(bracket + 1):
            path = layout.history_file(self.path / study, index)
            history = self._parse(path, History)
            if index == 0 and history.previous is not None:
                start = self._parse(layout.warm_start_file(self.path / study), WarmStart)
                previous = digest(start)
                observations.extend(start.observations)
            if history.previous != previous:
                raise UserError(
                    f"{path}: does not continue the history before it; delete history.json from bracket {index} on"
                )
            previous = digest(history)
            observations.extend(history.observations)
        return observations

    def previous(self, study: str, bracket: int) -> Digest | None:
        """Digest of what a bracket's history continues: that of the bracket before, for the first the warm start.

        Raises
        ------
        UserError
            If the warm start is not that of the study's settings, which name the digest of its evaluations.
        """
        if bracket:
            return digest(self._parse(layout.history_file(self.path / study, bracket - 1), History))
        known = self.settings_of(study).warm_start
        if known is None:
            return None
        path = layout.warm_start_file(self.path / study)
        start = self._parse(path, WarmStart)
        if warm_start.digest_of(start.observations) != known:
            raise UserError(f"{path}: changed since it was made; delete it to remake it")
        return digest(start)

    def _leave_out(self, name: str, why: str, strict: str | None = None) -> None:
        raise UserError(f"{self.path / name}: {strict or why}") from None


class DoubtingFolder(Reader):
    """A doubting reader, for audits and counts: it leaves out what a strict one would refuse.

    Attributes
    ----------
    broken
        What it has left out, by path in the folder, and why.
    """

    def __init__(self, path: Path):
        super().__init__(path)
        self.broken: dict[str, str] = {}

    def strict(self) -> Folder:
        """A strict reader of the same folder, which does not parse again what this one has parsed."""
        reader = Folder(self.path)
        reader._read_already = dict(self._read_already)
        return reader

    def read_all(self) -> None:
        """Read every record now, so that `broken` names all that are."""
        _ = self.experiment, self.data, self.warm_start, self.settings_beside, self.environments, self._of_studies

    def settings_of(self, study: str) -> Experiment:
        """Settings of a study; those of the experiment if it has none of its own."""
        return self.settings_beside.get(study, self.experiment)

    def evaluations_of(self, plan: StudyPlan) -> tuple[Evaluation, ...]:
        """The planned evaluations that a study has trained so far, by position."""
        brackets = [one.index for one in plan.brackets]
        places = (place for place in sorted(self.evaluations) if place[0] == plan.name)
        return tuple(self.evaluations[place] for place in places if place[1] in brackets)

    def _leave_out(self, name: str, why: str, strict: str | None = None) -> None:
        self.broken[name] = why


def _place_in_record(record: _Found) -> tuple[Any, ...]:
    """The position that a record states, as far as its kind has one."""
    return tuple(getattr(record, field) for field in ("study", "bracket", "rung", "slot") if hasattr(record, field))


def _place_in_name(name: str) -> tuple[Any, ...]:
    """The position that the name of a record states."""
    at = layout.locate(name)
    return () if at is None else (at.study, at.bracket, at.rung or 0, at.slot)


def _spelled(name: str, says: tuple[Any, ...]) -> str:
    """Name a position, with the study if the file is in another one."""
    spelled = [f"{field} {value}" for field, value in zip(("study", "bracket", "rung", "slot"), says, strict=False)]
    return ", ".join(spelled[name.startswith(f"{says[0]}/") :])
