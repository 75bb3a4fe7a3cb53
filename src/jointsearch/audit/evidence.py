"""The contents of a results folder, read without trusting them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core import config, layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Digest, Record
from jointsearch.core.files import digest
from jointsearch.results.folder import DoubtingFolder
from jointsearch.results.graph import CHOSEN, NAMED, ORDER, Edge, Graph, Node, evaluation
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import Place, Plan, StudyPlan
from jointsearch.search.studies import kinds
from jointsearch.search.studies.kind import PlannedStudy


class BrokenEvidenceError(UserError):
    """Evidence that an answer depends on cannot be read."""


class MissingEvidenceError(UserError):
    """Evidence that an answer depends on is missing."""


class Evidence(DoubtingFolder):
    """The records of an experiment, read without trusting them, and how they and the plan relate.

    There are two plans: `recorded_plan`, which `plan.json` records and the graph follows, and `configured_plan`, which
    the configuration gives and the results are compared with. At the level derive an audit compares the two.
    """

    def __init__(self, path: Path, given: Config | None = None):
        super().__init__(path)
        self._given = given
        self._digests: dict[Node, Digest] = {}

    @classmethod
    def read(cls, path: Path, given: Config | None = None) -> "Evidence":
        """Read a results folder, all of it.

        Parameters
        ----------
        path
            The folder.
        given
            The configuration that the results are compared with, in place of what `config.yaml` says.

        Raises
        ------
        UserError
            If it is none: its `experiment.json` is missing.
        BrokenEvidenceError
            If that is broken.
        """
        if not layout.experiment_file(path).is_file():
            raise UserError(f"{path}: no results of an experiment (experiment.json is missing); name its folder")
        evidence = cls(path, given)
        try:
            evidence.read_all()
            _ = evidence.recorded_plan
        except UserError as error:
            raise BrokenEvidenceError(str(error)) from None
        return evidence

    @cached_property
    def studies(self) -> list[str]:
        """Names of the studies that have results, the search first."""
        found = {study for study, _ in self.histories} | {study for study, *_ in self.proposals}
        return sorted(found, key=lambda name: (name != layout.SEARCH, name))

    @cached_property
    def ids(self) -> dict[Place, str]:
        """Ids of all evaluations that are here, or that proposals say were to be."""
        proposed = {
            (*at, slot): f"{one.id}@{at[2]}"
            for at, rung in self.proposals.items()
            for slot, one in enumerate(rung.proposals)
        }
        return {**proposed, **{place: one.id for place, one in self.evaluations.items()}}

    @cached_property
    def config(self) -> Config | None:
        """The configuration: what `config.yaml` says, if none was given; None if it is missing or broken."""
        try:
            return self._given or config.read(self.path / "config.yaml")
        except UserError:
            return None

    @property
    def without_plan(self) -> str:
        """Why `config.yaml`, where it gives no plan, does not."""
        if (self.path / "config.yaml").exists():
            return "broken; restore it"
        if (self.path / manifest.NAME).exists():
            return "missing; restore it"
        return "not made yet; run the workflow to its end to make it"

    @cached_property
    def configured(self) -> dict[str, PlannedStudy]:
        """The studies that the configuration gives, by name; none if it is missing or broken."""
        try:
            return {} if self.config is None else kinds.plan(self.config, self.experiment)
        except UserError:
            return {}

    @cached_property
    def configured_plan(self) -> Plan:
        """The plan that the configuration gives; without studies if it is missing or broken."""
        return kinds.record(self.configured, self.experiment)

    @cached_property
    def recorded_plan(self) -> Plan | None:
        """The plan that `plan.json` records; None if it is missing or broken, or cannot be that of these records."""
        found = self._read(layout.plan_file(self.path), Plan)
        if found is not None and (fault := self._fault_in(found)):
            self._leave_out(layout.PLAN, f"{fault}; restore it")
            return None
        return found

    def _fault_in(self, plan: Plan) -> str | None:
        """What in a plan contradicts itself, the settings or the records."""
        if layout.SEARCH not in plan.names:
            return "does not plan the search"
        rungs = {place[:2]: place[2] for place in sorted([*self.proposals, *(one[:3] for one in self.evaluations)])}
        for study in plan.studies:
            if lost := [name for name in study.follows if plan.study(name) is None]:
                return f"lets {study.name} follow {lost[0]}, which it does not plan"
            settled = study.name == layout.SEARCH or study.name in self.settings_beside
            for one in study.brackets:
                other = study.is_search and settled and one != self._bracket(study.name, one.index)
                if other or len(one.sizes) <= rungs.get((study.name, one.index), 0):
                    return f"its bracket {one.index} of {study.name} is not that of the settings or the records"
        return None

    def _bracket(self, study: str, index: int) -> Bracket:
        return hyperband.bracket(index, self.settings_of(study).budget)

    @cached_property
    def listed(self) -> dict[str, Digest]:
        """What the manifest names; nothing if it is missing or broken."""
        try:
            return manifest.read(self.path)
        except UserError:
            return {}

    @cached_property
    def graph(self) -> Graph:
        """The graph of the recorded plan, and beyond it as far as there are results."""
        plan = self.recorded_plan or self.configured_plan
        found = {name: self._with_found(name, plan.study(name)) for name in self.studies}
        beside = [one for one in plan.studies if one.name not in found]
        whole = plan.model_copy(update={"studies": (*found.values(), *beside)})
        return Graph(whole, {name: self.settings_of(name) for name in whole.names})

    def _with_found(self, name: str, planned: StudyPlan | None) -> StudyPlan:
        """The plan of a study, extended by unplanned brackets that exist; also that of a study that is not planned."""
        first = {place[1]: len(one.proposals) for place, one in self.proposals.items() if place[::2] == (name, 0)}
        begun = {index for study, index in self.histories if study == name}
        if planned is None:
            # What its proposals were chosen from is not known: it may be anything.
            kind, others = "search" if begun else "unknown", tuple(one for one in self.studies if one != name)
            planned = StudyPlan(name=name, kind=kind, settings=self.settings_of(name).id, brackets=(), follows=others)
        begun |= {index for study, index, *_ in self.proposals if study == name}
        begun |= {index for study, index, *_ in self.evaluations if study == name}
        beyond = range(max(begun, default=-1) + 1) if planned.is_search else sorted(begun)
        more = [self._bracket(name, one) for one in beyond if planned.bracket(one) is None]
        if not planned.is_search:
            more = [replace(one, sizes=(first.get(one.index, 0),) * len(one.sizes)) for one in more]
        return planned.model_copy(update={"brackets": (*planned.brackets, *more)})

    def inputs_of(self, node: Node) -> list[Edge]:
        """Inputs of a node, evaluations one by one; of those that it may continue, the one that its record names."""
        return list(self.graph.single_inputs_of(node, self))

    def named_inputs_of(self, node: Node) -> list[Edge]:
        """Inputs that a record has to name as its parents, evaluations one by one: of some, those it has chosen."""
        edges = self.graph.single_inputs_of(node, self, CHOSEN)
        return [one for one in edges if one.role not in NAMED | ORDER]

    def sources(self, node: Node, role: str) -> list[Node]:
        """Inputs of a node that have, or may have, a role; evaluations one by one."""
        found = (source for one, source in self.graph.inputs_of(node) if one == role)
        return [one for source in found for one in self.graph.evaluations_of(source)]

    def places(self, node: Node, role: str) -> list[Place]:
        """Positions of the evaluations that have, or may have, a role."""
        return [one.place for one in self.sources(node, role)]

    def continued(self, place: Place) -> list[Place]:
        """Position of the evaluation that one continues, if there is one."""
        return [source.place for role, source in self.inputs_of(evaluation(place)) if role == "continues"]

    def is_search(self, study: str) -> bool:
        """Whether a study samples and promotes; one that nobody planned does if it has histories."""
        return self.graph.studies[study].is_search

    def file_of(self, node: Node) -> str:
        """Path in the folder of the record that a thing is."""
        return node.file().as_posix()

    def files_of(self, node: Node) -> set[str]:
        """Paths in the folder of all files of a thing: of a figure, drawings and data."""
        return {self.file_of(node), *self._files.get(node, ())}

    @cached_property
    def _files(self) -> dict[Node, list[str]]:
        found: dict[Node, list[str]] = {}
        for name in layout.files(self.path):
            if node := self.graph.product(name):
                found.setdefault(node, []).append(name)
        return found

    def record_of(self, node: Node) -> Record | None:
        """The record that a thing is; None where it is missing or broken, or is no record."""
        match node.kind:
            case "settings":
                return self.experiment if node.name == layout.SEARCH else self.settings_beside.get(node.name)
            case "data":
                return self.data
            case "warm_start":
                return self.warm_start if node.name == layout.SEARCH else None
            case "history":
                return self.histories.get(node[1:3])
            case "proposals":
                return self.proposals.get(node[1:4])
            case "evaluation":
                return self.evaluations.get(node.place)
        return None

    def digest_of(self, node: Node) -> Digest | None:
        """Digest by which a record is named as a parent: of an evaluation, that of its derivable part."""
        if node not in self._digests and (record := self.record_of(node)) is not None:
            self._digests[node] = digest(record.derivable() if isinstance(record, Evaluation) else record)
        return self._digests.get(node)

    def parents_of(self, node: Node) -> tuple[Digest, ...] | None:
        """Digests that a record has to list as its parents, in order; None if one of its inputs is missing."""
        record = self.record_of(node)
        if isinstance(record, Evaluation) and record.continues is not None and not self.continued(node.place):
            return None
        parents = [self.digest_of(source) for _, source in self.named_inputs_of(node)]
        return None if None in parents else tuple(filter(None, parents))

    def there(self, places: Iterable[Place]) -> bool:
        """Whether there are records at positions."""
        return all(place in self.evaluations for place in places)

    def incomplete(self, studies: Iterable[str]) -> str | None:
        """The first of some studies without all of its planned evaluations; None if there is none."""
        plans = [self.configured[name].plan for name in studies]
        return next((one.name for one in plans if not self.there(one.places())), None)

    def at(self, places: Iterable[Place]) -> list[Evaluation]:
        """Evaluations at positions."""
        return [self.evaluations[place] for place in places]

    def planned_files(self) -> set[str]:
        """Files that the configuration and the manifest name."""
        return {*self.listed, *(self.file(*place) for place in self.planned_places())}

    def planned_places(self) -> Iterator[Place]:
        """Position of each training of each study that the configuration gives."""
        return self.configured_plan.places()

    def results(self) -> Results:
        """The results that tables, figures and numbers are computed from: as much as is configured."""
        return Results.of(self, self.configured_plan)
