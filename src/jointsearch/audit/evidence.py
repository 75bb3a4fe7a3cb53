"""What lies in a results folder, read without believing it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core import config, layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.files import R, digest, read_record
from jointsearch.core.records import Batch, DataSet, Digest, Environment, Evaluation, History, Rung, WarmStart
from jointsearch.results import material
from jointsearch.results.material import Material
from jointsearch.samplers import registry
from jointsearch.search import hyperband, studies
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.studies import PlannedStudy

_OF_STUDY = re.compile(
    r"([^/]+)/bracket-([0-9]+)/(?:rung-([0-9]+)/)?(history|proposals|batch-[0-9]+-[0-9]+|slot-[0-9]+)\.json"
)

_IN_STUDY = re.compile(r"[^/]+/bracket-")

Place = tuple[str, int, int, int]
"""Study, bracket, rung, slot."""


class BrokenEvidenceError(UserError):
    """Something that the question rests on cannot be read."""


class MissingEvidenceError(UserError):
    """Something that the question rests on is missing."""


@dataclass
class Evidence:
    """The records of an experiment, by place. A file that is no such record is left out, and `broken` says why.

    Attributes
    ----------
    folder
        `results/<experiment>`.
    experiment
        Its settings.
    settings
        Those of each study beside the search.
    """

    folder: Path
    experiment: Experiment
    settings: dict[str, Experiment] = field(default_factory=dict)
    data: DataSet | None = None
    evaluations: dict[Place, Evaluation] = field(default_factory=dict)
    warm_start: WarmStart | None = None
    rungs: dict[tuple[str, int, int], Rung] = field(default_factory=dict)
    histories: dict[tuple[str, int], History] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _digests: dict[Place, Digest] = field(default_factory=dict)
    _ids: dict[str, Digest] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Evidence":
        """Read a results folder.

        Raises
        ------
        UserError
            If it is none: its `experiment.json` is missing.
        BrokenEvidenceError
            If that is broken.
        """
        if not (folder / "experiment.json").is_file():
            raise UserError(f"{folder}: no results of an experiment (experiment.json is missing); name its folder")
        try:
            evidence = cls(folder, read_record(folder / "experiment.json", Experiment))
        except UserError as error:
            raise BrokenEvidenceError(str(error)) from None
        evidence.data = evidence._try(folder / "data.json", DataSet)
        evidence.warm_start = evidence._try(layout.warm_start_file(folder / layout.SEARCH), WarmStart)
        for path in sorted(folder.glob(f"*/{layout.EXPERIMENT}")):
            if found := evidence._try(path, Experiment):
                evidence.settings[path.parent.name] = found
        for path in sorted(folder.glob("environments/*.json")):
            if one := evidence._try(path, Environment):
                evidence.environments[path.stem] = one
        for name in manifest.files(folder):
            if _IN_STUDY.match(name):
                evidence._read_of_study(folder / name)
        return evidence

    @cached_property
    def studies(self) -> list[str]:
        """Names of the studies that have results, the search first."""
        found = {study for study, _ in self.histories} | {study for study, *_ in self.rungs}
        return sorted(found, key=lambda name: (name != layout.SEARCH, name))

    @cached_property
    def config(self) -> Config | None:
        """What `config.yaml` says; None where that is missing or broken."""
        try:
            return config.read(self.folder / "config.yaml")
        except UserError:
            return None

    @cached_property
    def planned(self) -> dict[str, PlannedStudy]:
        """The studies that `config.yaml` plans, by name; none where that is missing or broken."""
        try:
            return {} if self.config is None else studies.plan(self.config, self.experiment)
        except UserError:
            return {}

    @property
    def brackets(self) -> int | None:
        """Length of the search in brackets; None where it is not known."""
        return len(self.planned[layout.SEARCH].brackets) if self.planned else None

    def is_search(self, study: str) -> bool:
        """Whether a study samples and promotes; one that nobody planned does if it has histories."""
        if study in self.planned:
            return self.planned[study].plan.is_search
        return any(name == study for name, _ in self.histories)

    def settings_of(self, study: str) -> Experiment:
        """Settings of a study; those of the experiment where it has none of its own."""
        return self.settings.get(study, self.experiment)

    def _id_of(self, study: str) -> Digest:
        if study not in self._ids:
            self._ids[study] = self.settings_of(study).id
        return self._ids[study]

    def name(self, path: Path) -> str:
        """Path of a file in the folder."""
        return path.relative_to(self.folder).as_posix()

    def file(self, study: str, bracket: int, rung: int | None = None, slot: int | None = None) -> str:
        """Path in the folder: of an evaluation; without a slot, of the proposals; without a rung, of the history."""
        if rung is None:
            return self.name(layout.history_file(self.folder / study, bracket))
        if slot is None:
            return self.name(layout.proposals_file(self.folder / study, bracket, rung))
        return self.name(layout.slot_file(layout.rung_folder(self.folder / study, bracket, rung), slot))

    def _derivable_digest(self, place: Place) -> Digest:
        if place not in self._digests:
            self._digests[place] = digest(self.evaluations[place].derivable())
        return self._digests[place]

    def before(self, study: str, bracket: int) -> History | WarmStart | None:
        """What the history of a bracket continues, for the first one the warm start; None where there is none."""
        if bracket:
            return self.histories.get((study, bracket - 1))
        return self.warm_start if study == layout.SEARCH else None

    def bracket(self, study: str, index: int) -> Bracket:
        """A bracket of a study: of a search by Hyperband's arithmetic, else as large as its first rung is."""
        item = hyperband.bracket(index, self.experiment.budget)
        if self.is_search(study):
            return item
        first = self.rungs.get((study, index, 0))
        size = 0 if first is None else len(first.proposals)
        return replace(item, sizes=(size,) * len(item.levels))

    def of_rung(self, study: str, bracket: int, rung: int) -> list[Place]:
        """Places of a rung."""
        return [(study, bracket, rung, slot) for slot in range(self.bracket(study, bracket).sizes[rung])]

    def newly_seen(self, study: str, bracket: int) -> list[Place]:
        """Places that a bracket sees beyond the one before."""
        settings = self.settings_of(study)
        seen = hyperband.newly_seen(bracket, settings.lags, settings.budget)
        return [place for item, rung in seen for place in self.of_rung(study, item.index, rung)]

    def pending(self, study: str, bracket: int) -> list[tuple[str, int, int]]:
        """First rungs, still under way, whose proposals a bracket's sampler looks at."""
        settings = self.settings_of(study)
        if not registry.sees_pending(settings.sampler):
            return []
        return [(study, item.index, 0) for item in hyperband.pending(bracket, settings.lags, settings.budget)]

    def chosen_from(self, study: str) -> list[Place]:
        """Places of the other studies from whose outcomes the settings or the proposals of a study were chosen."""
        others = self.planned[study].plan.follows if study in self.planned else ()
        return [place for place in self.evaluations if place[0] in others]

    def continued(self, place: Place) -> list[Place]:
        """Place of the evaluation that one goes on from, if it does and that is there."""
        study, bracket, rung, _ = place
        name = self.evaluations[place].continues
        below = self.of_rung(study, bracket, rung - 1) if name is not None and rung else []
        return [one for one in below if one in self.evaluations and self.evaluations[one].id == name]

    def there(self, places: Iterable[Place]) -> bool:
        """Whether there are records at places."""
        return all(place in self.evaluations for place in places)

    def at(self, places: Iterable[Place]) -> list[Evaluation]:
        """Evaluations at places."""
        return [self.evaluations[place] for place in places]

    def derivable_digests(self, places: Iterable[Place]) -> tuple[Digest, ...]:
        """Digests of evaluations at places, by which they are named as parents."""
        return tuple(self._derivable_digest(place) for place in places)

    def planned_files(self) -> set[str]:
        """Files that the plan and the manifest name."""
        path = self.folder / manifest.NAME
        listed = manifest.parse(path.read_text(errors="replace")) if path.is_file() else {}
        return {*listed, *(self.file(*place) for place in self.plan())}

    def plan(self) -> Iterator[Place]:
        """Place of each training of each study."""
        for name, study in self.planned.items():
            for item in study.brackets:
                for rung, size in enumerate(item.sizes):
                    yield from ((name, item.index, rung, slot) for slot in range(size))

    def material(self) -> Material:
        """What tables, figures and numbers are made of: as much as is planned."""
        plan = studies.record(self.planned, self.experiment)
        found = {
            name: material.Study(
                self.settings_of(name),
                tuple(
                    one
                    for (study, bracket, *_), one in sorted(self.evaluations.items())
                    if study == name and self.planned[name].plan.bracket(bracket) is not None
                ),
            )
            for name in (layout.SEARCH, *sorted(self.settings))
            if name in self.planned
        }
        return Material(self.experiment, plan, found)

    def _read_of_study(self, path: Path) -> None:
        name = self.name(path)
        match = _OF_STUDY.fullmatch(name)
        if match is None or int(match[3] or 0) >= len(self.bracket(match[1], int(match[2])).sizes):
            self.broken[name] = "no record that a search has; move it away"
            return
        study, bracket, rung, kind = match[1], int(match[2]), int(match[3] or 0), match[4]
        if kind == "history":
            if (history := self._try(path, History)) and self._fits(name, (study, bracket), history):
                self.histories[study, bracket] = history
        elif kind == "proposals":
            if (proposed := self._try(path, Rung)) and self._fits(name, (study, bracket, rung), proposed):
                self.rungs[study, bracket, rung] = proposed
        elif kind.startswith("batch"):
            if batch := self._try(path, Batch):
                self.batches[name] = batch
        elif evaluation := self._try(path, Evaluation):
            place = study, bracket, rung, int(kind.removeprefix("slot-"))
            if self._fits(name, place, evaluation):
                self.evaluations[place] = evaluation

    def _try(self, path: Path, kind: type[R]) -> R | None:
        if not path.is_file():
            return None
        try:
            return read_record(path, kind)
        except UserError as error:
            # What to do about it is another thing in an audit than in a run.
            self.broken[self.name(path)] = str(error).removeprefix(f"{path}: ").rpartition("; ")[0] + "; restore it"
            return None

    def _fits(self, name: str, place: tuple[str | int, ...], record: History | Rung | Evaluation) -> bool:
        """Whether a record is of the place where it lies, the only one for it, and of this experiment."""
        says = tuple(getattr(record, field) for field in ("study", "bracket", "rung", "slot")[: len(place)])
        if says != place:
            self.broken[name] = f"is the record of {', '.join(map(str, says))} (study, bracket, ...); move it back"
        elif name != self.file(*says):
            self.broken[name] = f"lies beside the place of such a record, which is {self.file(*says)}; move it away"
        elif record.experiment != self._id_of(record.study):
            self.broken[name] = "belongs to another experiment, or to other settings of its study; move it away"
        return name not in self.broken
