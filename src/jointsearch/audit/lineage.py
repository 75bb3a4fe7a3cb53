"""Where a result comes from: trees from an evaluation, a file or a number down to its inputs."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jointsearch.analysis.number import Number, name_of
from jointsearch.audit.evidence import BrokenEvidenceError, Evidence, MissingEvidenceError
from jointsearch.core import layout
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import amount
from jointsearch.paper.made import read_numbers
from jointsearch.results.graph import EXPERIMENT, Node
from jointsearch.results.words import origin_text, value_text
from jointsearch.search.incumbent import incumbent
from jointsearch.search.plan import Place

MOST = 12
"""The most evaluations below one line of a drawing; JSON has all."""


_ROLES = {"pending": "proposals without results, which the sampler saw"}
NUMBER = "paper:"
"""Before the name of a number."""
_WORDS = {
    "settings": "settings",
    "plan": "plan of the studies",
    "data": "images",
    "figure": "figure, or the data behind it",
    "configuration": "configuration that reproduces these results",
    "paper": "the paper",
    "crate": "description of all files",
    "manifest": "digests of all files",
}
_ID = re.compile(r"([^/]+/)?[0-9]+-[0-9]+-[0-9]+(@[0-9]+)?")


@dataclass
class TreeNode:
    """A line of a tree, and its inputs below it.

    Attributes
    ----------
    text
        The line.
    file
        The file that it is about, relative to the results folder.
    lost
        Whether that should be there, but is missing or damaged.
    """

    text: str
    file: str | None = None
    children: list["TreeNode"] = field(default_factory=list)
    lost: bool = False

    def __iter__(self) -> Iterator["TreeNode"]:
        """All lines of the tree, those that a drawing leaves out too."""
        yield self
        for child in self.children:
            yield from child

    @property
    def shown(self) -> list["TreeNode"]:
        """The children, or the first of many."""
        left = len(self.children) - MOST
        return self.children if left <= 0 else [*self.children[:MOST], TreeNode(f"... {left:,} more (--json has all)")]

    def lines(self, marks: dict[str, str]) -> Iterator[str]:
        """Draw the tree for a terminal; `marks` are words beside files, such as their verdicts."""
        yield self._line(marks)
        for number, child in enumerate(self.shown):
            last = number + 1 == len(self.shown)
            head, *rest = child.lines(marks)
            yield f"{'└── ' if last else '├── '}{head}"
            yield from (f"{'    ' if last else '│   '}{line}" for line in rest)

    def as_json(self, marks: dict[str, str]) -> dict[str, Any]:
        """The tree for machines."""
        mark = marks.get(self.file) if self.file is not None else None
        below = [child.as_json(marks) for child in self.children]
        return {"text": self.text, "file": self.file, "verdict": mark, "made_of": below}

    def _line(self, marks: dict[str, str]) -> str:
        if self.file is None:
            return self.text
        mark = f" [{marks[self.file]}]" if self.file in marks else ""
        return f"{self.text}  {self.file}{mark}"


def find(evidence: Evidence, target: str) -> TreeNode:
    """Find what a target names and draw its tree.

    Parameters
    ----------
    evidence
        The experiment.
    target
        An evaluation (`11-0-1@0`), a configuration (`11-0-1`), a number (`paper:best_test_error`) or a file, relative
        to the results folder. A study other than the search comes first: `study/11-0-1@0`.

    Raises
    ------
    UserError
        If there is no such thing.
    MissingEvidenceError
        If there should be.
    """
    if target.startswith(NUMBER):
        return of_number(evidence, target.removeprefix(NUMBER))
    if (place := place_of_target(evidence, target)) is not None:
        return of_evaluation(evidence, place)
    if (evidence.path / target).is_file():
        return of_file(evidence, target)
    if _ID.fullmatch(target) or target in evidence.planned_files():
        raise MissingEvidenceError(f"{target}: missing from {evidence.path}, or not trained yet; restore it")
    raise UserError(f"{target}: no file, evaluation or number of {evidence.path}; see scripts/audit.py --help")


def places_of_target(evidence: Evidence, target: str) -> list[Place]:
    """Places of the trainings that a target names: one of an evaluation, many of a number, none of another file."""
    if not target.startswith(NUMBER):
        place = place_of_target(evidence, target)
        return [place] if place is not None else []
    ids = {name_of(one): place for place, one in evidence.evaluations.items()}
    return [ids[name] for name in _number(evidence, target.removeprefix(NUMBER)).sources if name in ids]


def place_of_target(evidence: Evidence, target: str) -> Place | None:
    """Place of the evaluation that an id, a file or, at its highest budget, a configuration names; None if none."""
    study, _, name = target.rpartition("/")
    found = [
        place
        for place, one in evidence.evaluations.items()
        if target == evidence.file(*place)
        or (place[0] == (study or layout.SEARCH) and name in (one.id, one.proposal.id))
    ]
    return max(found, key=lambda place: place[2], default=None)


def of_file(evidence: Evidence, file: str) -> TreeNode:
    """Tree of a file that depends on many evaluations, or on none."""
    if (node := evidence.graph.product(file)) is not None:
        return TreeNode(_WORDS.get(node.kind, "computed from evaluations"), file, _inputs(evidence, node))
    for (study, bracket, rung), proposed in evidence.proposals.items():
        if file == evidence.file(study, bracket, rung):
            return _of_rung(evidence, (study, bracket, rung), f"{len(proposed.proposals)} proposals")
    for study, bracket in evidence.histories:
        if file == evidence.file(study, bracket):
            return _of_history(evidence, study, bracket)
    if file in evidence.batches:
        first, folder = evidence.batches[file].first_slot, Path(file).parent
        slots = range(first, first + len(evidence.batches[file].records))
        of_job = [TreeNode("record", layout.slot_file(folder, slot).as_posix()) for slot in slots]
        return TreeNode("digests of the records of a job", file, of_job)
    return TreeNode("file of the experiment", file, [_settings(evidence, EXPERIMENT)])


def _inputs(evidence: Evidence, node: Node) -> list[TreeNode]:
    """What a product depends on: of evaluations, how many of which study."""
    below, studies = list[TreeNode](), Counter[str]()
    for _, one in evidence.graph.inputs_of(node):
        if one.kind in ("rung", "study"):
            studies[one.name] += sum(
                other.place in evidence.evaluations for other in evidence.graph.evaluations_of(one)
            )
        elif one.kind == "settings":
            below.append(_settings(evidence, one))
        else:
            below.append(TreeNode(_WORDS.get(one.kind, "computed from evaluations"), one.file().as_posix()))
    return [*(TreeNode(f"{number:,} evaluations of {name}") for name, number in studies.items()), *below]


def _settings(evidence: Evidence, node: Node) -> TreeNode:
    what = f"experiment {evidence.experiment.name}" if node == EXPERIMENT else f"study {node.name}"
    return TreeNode(f"settings of the {what}", node.file().as_posix())


def of_number(evidence: Evidence, name: str) -> TreeNode:
    """Tree of a number of `numbers.json`.

    Raises
    ------
    UserError
        If there is no such number.
    """
    number = _number(evidence, name)
    places = {f"{place[0]}/{one}": place for place, one in evidence.ids.items()}
    alone = len(number.sources) == 1
    children = [
        of_evaluation(evidence, places[one])
        if alone and places.get(one) in evidence.evaluations
        else _short(evidence, places[one])
        if one in places
        else _lost(f"evaluation {one}", None)
        for one in number.sources
    ]
    return TreeNode(f"{name} = {number.text()}: {number.meaning}", "numbers.json", children)


def _number(evidence: Evidence, name: str) -> Number:
    path = evidence.path / "numbers.json"
    if not path.is_file():
        raise MissingEvidenceError(f"{path}: missing; run the workflow to its end, or restore it")
    try:
        known = read_numbers(path, evidence.experiment).numbers
    except UserError as error:
        raise BrokenEvidenceError(str(error)) from None
    if name not in known:
        raise UserError(f"{NUMBER}{name}: no such number; {suggest(name, known)}")
    return known[name]


def of_evaluation(evidence: Evidence, place: Place) -> TreeNode:
    """Tree of an evaluation: configuration, model and what it saw, lower rungs, code, lock file, data, machine."""
    one, node = evidence.evaluations[place], _short(evidence, place)
    values = ", ".join(f"{name} = {value_text(value)}" for name, value in one.proposal.values.items())
    node.children.append(TreeNode(f"configuration {one.proposal.id}: {values}"))
    node.children += _kept(evidence, place[0])
    first = 0 if evidence.is_search(place[0]) else place[2]
    origin = origin_text(one.proposal.origin, evidence.experiment.budget.unit)
    node.children.append(_of_rung(evidence, (*place[:2], first), origin))
    node.children += _promoted_from(evidence, place)
    node.children += _surroundings(evidence, one)
    return node


def _kept(evidence: Evidence, study: str) -> list[TreeNode]:
    """What a later step of an arm keeps: the incumbent of each step before, and the training behind it."""
    nodes = []
    for role, made_from in evidence.graph.inputs_of(Node("settings", study)):
        if role == "keeps":
            found = {place: one for place, one in evidence.evaluations.items() if place[0] == made_from.name}
            best = incumbent(list(found.values())).evaluation
            below = [_short(evidence, place) for place, one in found.items() if one.id == best]
            nodes.append(TreeNode(f"values kept from what {made_from.name} found", made_from.file().as_posix(), below))
    return nodes


def _promoted_from(evidence: Evidence, place: Place) -> list[TreeNode]:
    """Evaluations of the same configuration in the rungs below, from which it was promoted, the lowest first."""
    one, nodes, at = evidence.evaluations[place], list[TreeNode](), place
    while below := evidence.places(Node("proposals", *at[:3]), "below"):
        at = below[0]
        name = f"{one.proposal.id}@{at[2]}"
        # By the proposals, if the record is lost; the chain goes on below it.
        found = next((other for other in below if evidence.ids.get(other) == name), None)
        node = _lost(f"evaluation {name}", evidence.file(*at[:3])) if found is None else _short(evidence, found)
        node.text = f"{'continued from the weights of' if name == one.continues else 'promoted from'} {node.text}"
        nodes.insert(0, node)
    return nodes


def _surroundings(evidence: Evidence, one: Evaluation) -> list[TreeNode]:
    made, seen = one.made_with, one.observed
    name = evidence.name(layout.environment_file(evidence.path, seen.environment))
    found = evidence.environments.get(seen.environment)
    commit = "of no known commit" if found is None or found.commit is None else f"commit {found.commit[:12]}"
    if found is not None and found.commit_by == "archive":
        commit += " by its archive"
    if found is not None and found.diff is not None:
        commit += f" with uncommitted changes (diff {found.diff[:12]})"
    machine = [f"{found.cpu}, {made.threads} thread(s)" if found else seen.device]
    if found is not None and found.gpu:
        machine.append(f"{found.gpu}, driver {found.driver}")
    if seen.energy_joules is not None:
        machine.append(f"{seen.energy_joules:,.0f} J")
    libraries = f"Python {made.python}" + (f", torch {made.torch}" if made.torch else "")
    kept = TreeNode(f"code {made.code[:12]}, {commit}; {libraries}", name)
    if made.lock is not None:
        kept.children.append(TreeNode("lock file", evidence.name(layout.lock_copy(evidence.path, made.lock))))
    where = f"on {seen.host} ({'; '.join(machine)}){f', {made.precision}' if made.precision else ''}"
    where += f", {amount(seen.training_seconds, 'seconds')} of training"
    images = [(made.data, made.split)] if made.data and made.split else []
    return [
        TreeNode(f"seed {one.seed}"),
        kept,
        *(TreeNode(f"images {data[:12]}, split {split[:12]}", "data.json") for data, split in images),
        TreeNode(where + (f", job {seen.job}" if seen.job else "")),
        *(TreeNode(f"interrupted before, on {attempt.host}") for attempt in seen.earlier),
    ]


def _of_rung(evidence: Evidence, at: tuple[str, int, int], text: str) -> TreeNode:
    study, bracket, _ = at
    node, proposed = TreeNode(text, evidence.file(*at)), evidence.proposals.get(at)
    for role, made_from in evidence.named_inputs_of(Node("proposals", *at)):
        match made_from.kind:
            case "history":
                node.children.append(_of_history(evidence, study, bracket))
            case "evaluation":
                node.children.append(_short(evidence, made_from.place))
            case _:
                node.children.append(TreeNode(_ROLES.get(role, role), evidence.file_of(made_from)))
    if proposed is not None and proposed.model is not None:
        model, ids = proposed.model, {one: place for place, one in evidence.ids.items() if place[0] == study}
        saw = TreeNode(f"the model saw {len(model.evaluations)} evaluations, best first")
        saw.children = [
            _short(evidence, ids[one]) if one in ids else TreeNode(f"evaluation {one}") for one in model.evaluations
        ]
        node.children.append(saw)
    return node


def _of_history(evidence: Evidence, study: str, bracket: int) -> TreeNode:
    seen = sum(
        len(history.observations)
        for (name, index), history in evidence.histories.items()
        if name == study and index <= bracket
    )
    return TreeNode(f"from {seen} observations, those of brackets before it", evidence.file(study, bracket))


def _short(evidence: Evidence, place: Place) -> TreeNode:
    if place not in evidence.evaluations:
        return _lost(f"evaluation {evidence.ids.get(place, 'of this slot')}", evidence.file(*place))
    one = evidence.evaluations[place]
    outcome = one.status if one.loss is None else one.measure.named(one.loss)
    name = one.id if one.study == layout.SEARCH else name_of(one)
    budget = amount(one.budget, evidence.experiment.budget.unit)
    return TreeNode(f"evaluation {name}: {outcome} at {budget}", evidence.file(*place))


def _lost(what: str, file: str | None) -> TreeNode:
    return TreeNode(f"{what}: missing or damaged, restore it", file, lost=True)
