"""The inputs of each thing in an experiment: the one module that defines them. Pure arithmetic, light to import.

The workflow plans its jobs by it, an audit checks by it the digests of parents, and ancestry, lineage and crate are
drawn from it. `INPUTS` has a line for each kind of thing; a new kind of edge is one more line there. What is true of a
role is said at the top: nothing else knows roles one by one to find the inputs of a thing.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from jointsearch.core import layout
from jointsearch.core.fields import Digest
from jointsearch.results.catalogue import FIGURES, TABLES, Entry, made_of
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Place, Plan, StudyPlan

NAMED = frozenset({"experiment", "plan", "data", "previous"})
"""Roles of inputs that a record names in another way, or that it need not name; all others are among its parents."""
CHOSEN: dict[str, Callable[["RecordLookup", Any, "Node"], bool]] = {
    "followed": lambda records, proposals, node: records.digest_of(node) in proposals.parents,
    "continues": lambda records, training, node: records.record_of(node).id == training.continues,
}
"""Roles of which only what a record has chosen is among its parents, and whether a record has chosen an evaluation."""
ALONE = frozenset({"continues"})
"""Those of them in which only what was chosen is an input at all: nothing was compared to choose it."""
ORDER = frozenset({"after"})
"""Roles of inputs that have to exist first, but are no part of the result."""
IMPLIED = frozenset({"continues", "plan"})
"""Roles of inputs that no job requests: other inputs depend on them, or a run writes them before its first job."""


class Node(NamedTuple):
    """A thing of an experiment.

    Attributes
    ----------
    kind
        One of `INPUTS`. A rung is all evaluations in it, and no file; a study is all of its own, and their table.
    name
        Of the study, the figure or the table; nothing where there is only one of a kind.
    bracket, rung, slot
        Position in the study, as far as the kind has one.
    """

    kind: str
    name: str = ""
    bracket: int = 0
    rung: int = 0
    slot: int = 0

    @property
    def place(self) -> Place:
        """All but the kind: the position of an evaluation; of a rung or its proposals, with slot 0."""
        return self[1:]

    def file(self) -> Path:
        """Its file, relative to the folder of the experiment; of a figure its data, of the crate its description."""
        study = Path(self.name)
        beside = Path() if self.name == layout.SEARCH else study
        match self.kind:
            case "settings":
                return layout.settings_file(Path(), self.name)
            case "warm_start":
                return layout.warm_start_file(study)
            case "history":
                return layout.history_file(study, self.bracket)
            case "proposals":
                return layout.proposals_file(study, self.bracket, self.rung)
            case "evaluation":
                return layout.slot_file(layout.rung_folder(study, self.bracket, self.rung), self.slot)
            case "study" | "observations":
                return beside / "observations.csv"
            case "incumbent":
                return beside / "incumbent.json"
            case "figure":
                return Path("figures", f"{self.name}.csv")
            case "table":
                return Path("tables", f"{self.name}.csv")
        return Path(_FILES[self.kind])


_FILES = {
    "plan": layout.PLAN,
    "data": "data.json",
    "page": "interactive.html",
    "numbers": "numbers.json",
    "configuration": "config.yaml",
    "paper": "paper.pdf",
    "latex": "latex",
    "crate": "ro-crate-metadata.json",
    "manifest": "manifest.sha256",
}


_RULES = {"plan": None, "evaluation": "train", "rung": None, "study": None, "page": "interactive"}
"""The rules of the workflow that are not called like the kind of thing that they make; see `Graph.rule_of`."""
TOGETHER = {"observations": ("incumbent",)}
"""Kinds of things that the job of another one makes too, of the same study."""
PART_OF = {
    "space.yaml": "config.yaml",
    "paper.html": "paper.pdf",
    "workflow.smk": "ro-crate-metadata.json",
    "code.sha256": "manifest.sha256",
}
"""Files that are no things of their own, as they are made together with another one."""


def made_with(file: Path) -> list[Path]:
    """List a file and those that are made together with it."""
    return [file, *(Path(part) for part, whole in PART_OF.items() if whole == file.as_posix())]


def evaluation(place: Place) -> Node:
    """The evaluation at a position."""
    return Node("evaluation", *place)


class Edge(NamedTuple):
    """An input of a thing, and its role."""

    role: str
    node: Node


class RecordLookup(Protocol):
    """The records that are there."""

    def record_of(self, node: Node) -> Any:
        """The record that a thing is; None if there is none."""

    def digest_of(self, node: Node) -> Digest | None:
        """Digest by which other records name it as a parent."""


Edges = Iterator[Edge]
EXPERIMENT = Node("settings", layout.SEARCH)
DATA, PLAN, CONFIGURATION = Node("data"), Node("plan"), Node("configuration")


@dataclass(frozen=True)
class Graph:
    """The inputs of the things of an experiment.

    Attributes
    ----------
    plan
        What it trains.
    settings
        Those of each study.
    """

    plan: Plan
    settings: Mapping[str, Experiment]

    @property
    def has_images(self) -> bool:
        """Whether its trainings are ours, on images that are checked before; an objective of one's own has none."""
        return self.settings[layout.SEARCH].objective is None

    def inputs_of(self, node: Node) -> tuple[Edge, ...]:
        """Inputs of a thing, each with its role; those of the same role are in the order of their use."""
        return tuple(INPUTS[node.kind](self, node))

    def single_inputs_of(self, node: Node, records: RecordLookup, chosen: Container[str] = ALONE) -> Edges:
        """Inputs of a thing, evaluations one by one; in the roles `chosen`, only those that its record has chosen."""
        record = records.record_of(node)
        for role, source in self.inputs_of(node):
            for one in self.evaluations_of(source):
                if role not in chosen or (record and records.record_of(one) and CHOSEN[role](records, record, one)):
                    yield Edge(role, one)

    def rule_of(self, node: Node) -> str | None:
        """The rule of the workflow that makes a thing; None of a plan, which no rule makes, and of what is no file."""
        match node.kind:
            case "settings":
                return "experiment" if node == EXPERIMENT else "study_settings"
            case "proposals" if not self.studies[node.name].is_search:
                return "propose"
            case "proposals":
                return "promote" if node.rung else "sample"
            case "observations" | "incumbent":
                return "observations" if node.name == layout.SEARCH else "study_observations"
            case "figure" | "table":
                return f"{node.kind}_{node.name}"
        return _RULES.get(node.kind, node.kind)

    def nodes_of(self, study: StudyPlan) -> Iterator[Node]:
        """Everything in the brackets of a study; of the evaluations of a rung the first one."""
        for one in study.brackets:
            if study.is_search:
                yield Node("history", study.name, one.index)
            for rung in range(len(one.sizes)):
                yield Node("proposals", study.name, one.index, rung)
                yield Node("evaluation", study.name, one.index, rung)

    def evaluations_of(self, node: Node) -> Iterator[Node]:
        """The evaluations in a rung or a study; anything else is itself."""
        if node.kind not in ("rung", "study"):
            yield node
            return
        for _, below in self.inputs_of(node):
            yield from self.evaluations_of(below)

    def product(self, file: str) -> Node | None:
        """What a file is, or is made together with; None if it is in the folder of a bracket, or nothing known.

        Parameters
        ----------
        file
            Relative to the folder of the experiment.
        """
        path = Path(PART_OF.get(file, file))
        match path.parts[0]:
            case "figures":
                path = path.with_suffix(".csv")
            case "latex":
                path = Path("latex")
        return self.products.get(path)

    def follow(self, changed: Iterable[Node]) -> set[Node]:
        """The products that depend on some nodes, directly or through other products; and these nodes."""
        found = set(changed)
        while more := {one for one in self.products.values() if one not in found and self._has_input(one, found)}:
            found |= more
        return found

    def _has_input(self, node: Node, among: set[Node]) -> bool:
        return any(source in among for _, source in self.inputs_of(node))

    @cached_property
    def products(self) -> dict[Path, Node]:
        """Everything outside of brackets, by its file."""
        nodes = [Node(kind) for kind in _FILES]
        nodes += [*_drawn(self, "figure", FIGURES), *_drawn(self, "table", TABLES)]
        of_study = ("settings", "warm_start", "observations", "incumbent")
        nodes += [Node(kind, study) for study in self.plan.names for kind in of_study]
        return {node.file(): node for node in nodes}

    def size(self, study: str, bracket: int, rung: int) -> int:
        """Trainings in a rung."""
        return self._sizes[study, bracket][rung]

    @cached_property
    def studies(self) -> dict[str, StudyPlan]:
        """The planned studies, by name."""
        return {one.name: one for one in self.plan.studies}

    @cached_property
    def _sizes(self) -> dict[tuple[str, int], tuple[int, ...]]:
        return {(study.name, one.index): one.sizes for study in self.plan.studies for one in study.brackets}


def _settings(graph: Graph, node: Node) -> Edges:
    if node == EXPERIMENT:
        return
    yield Edge("experiment", EXPERIMENT)
    study = graph.studies[node.name]
    if study.keeps:
        yield from (Edge("keeps", Node("incumbent", first)) for first in study.follows)


def _plan(graph: Graph, node: Node) -> Edges:
    yield Edge("experiment", EXPERIMENT)


def _configuration(graph: Graph, node: Node) -> Edges:
    yield Edge("experiment", EXPERIMENT)
    yield Edge("plan", PLAN)


def _history(graph: Graph, node: Node) -> Edges:
    settings = graph.settings[node.name]
    yield Edge("experiment", Node("settings", node.name))
    if node.bracket:
        yield Edge("previous", Node("history", node.name, node.bracket - 1))
    elif settings.warm_start is not None:
        yield Edge("previous", Node("warm_start", node.name))
    for item, rung in hyperband.newly_seen(node.bracket, settings.lags, settings.budget):
        yield Edge("seen", Node("rung", node.name, item.index, rung))


def _proposals(graph: Graph, node: Node) -> Edges:
    study, settings = graph.studies[node.name], graph.settings[node.name]
    below = Node("rung", node.name, node.bracket, node.rung - 1)
    yield Edge("experiment", Node("settings", node.name))
    if not study.is_search:
        yield Edge("plan", PLAN)
        yield from (Edge("followed", Node("study", other)) for other in study.follows)
        if node.rung and settings.training.continuation:
            yield Edge("after", below)
    elif node.rung:
        yield Edge("below", below)
    else:
        yield Edge("history", Node("history", node.name, node.bracket))
        if registry.sees_pending(settings.sampler):
            for item in hyperband.pending(node.bracket, settings.lags, settings.budget):
                yield Edge("pending", Node("proposals", node.name, item.index))


def _images(graph: Graph) -> Edges:
    if graph.has_images:
        yield Edge("data", DATA)


def _evaluation(graph: Graph, node: Node) -> Edges:
    yield Edge("experiment", Node("settings", node.name))
    yield from _images(graph)
    yield Edge("proposals", Node("proposals", node.name, node.bracket, node.rung))
    if node.rung and graph.settings[node.name].training.continuation:
        yield Edge("continues", Node("rung", node.name, node.bracket, node.rung - 1))


def _rung(graph: Graph, node: Node) -> Edges:
    for slot in range(graph.size(node.name, node.bracket, node.rung)):
        yield Edge("evaluations", Node("evaluation", node.name, node.bracket, node.rung, slot))


def _study(graph: Graph, node: Node) -> Edges:
    for item in graph.studies[node.name].brackets:
        for rung in range(len(item.sizes)):
            yield Edge("evaluations", Node("rung", node.name, item.index, rung))


def _observations(graph: Graph, node: Node) -> Edges:
    yield Edge("experiment", Node("settings", node.name))
    yield Edge("plan", PLAN)
    yield from _study(graph, node)


def _figure(graph: Graph, node: Node, catalogue: Mapping[str, Entry] = FIGURES) -> Edges:
    yield from _configuration(graph, node)
    for study in made_of(graph.plan.studies, catalogue)[node.name]:
        yield Edge("studies", Node("study", study))


def _table(graph: Graph, node: Node) -> Edges:
    yield from _figure(graph, node, TABLES)
    # How many images an error was counted on.
    yield from _images(graph)


def _page(graph: Graph, node: Node) -> Edges:
    yield from _configuration(graph, node)
    yield from (Edge("studies", Node("study", study)) for study in graph.plan.names)


def _drawn(graph: Graph, kind: str, catalogue: Mapping[str, Entry]) -> list[Node]:
    return [Node(kind, name) for name in made_of(graph.plan.studies, catalogue)]


def _numbers(graph: Graph, node: Node) -> Edges:
    yield from _page(graph, node)
    yield from _images(graph)
    yield from (Edge("figure_data", one) for one in _drawn(graph, "figure", FIGURES))
    yield from (Edge("tables", one) for one in _drawn(graph, "table", TABLES))


def _paper(graph: Graph, node: Node) -> Edges:
    yield Edge("plan", PLAN)
    yield Edge("numbers", Node("numbers"))
    yield from _images(graph)
    yield Edge("configuration", CONFIGURATION)
    for one in (*_drawn(graph, "figure", FIGURES), *_drawn(graph, "table", TABLES), Node("page")):
        yield Edge("results", one)


def _crate(graph: Graph, node: Node) -> Edges:
    yield from _configuration(graph, node)
    for study in graph.plan.names:
        yield from (Edge("files", Node(kind, study)) for kind in ("observations", "incumbent"))
    yield from (Edge("files", one.node) for one in _paper(graph, node) if one.node != PLAN)
    yield Edge("files", Node("paper"))


def _manifest(graph: Graph, node: Node) -> Edges:
    yield from _crate(graph, node)
    yield Edge("files", Node("crate"))


INPUTS: dict[str, Callable[[Graph, Node], Edges]] = {
    "settings": _settings,
    "plan": _plan,
    "data": _plan,
    "warm_start": _plan,
    "history": _history,
    "proposals": _proposals,
    "evaluation": _evaluation,
    "rung": _rung,
    "study": _study,
    "observations": _observations,
    "incumbent": _observations,
    "figure": _figure,
    "table": _table,
    "page": _page,
    "numbers": _numbers,
    "configuration": _configuration,
    "paper": _paper,
    "latex": _paper,
    "crate": _crate,
    "manifest": _manifest,
}
"""The inputs of each kind of thing."""
