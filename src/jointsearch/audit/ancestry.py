"""All files that a result depends on, back to the first bracket."""

from collections.abc import Iterable

from jointsearch.audit import lineage, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.graph import ORDER, Node, evaluation

WITNESSES = {"config.yaml", "space.yaml", manifest.NAME, manifest.SIGNATURE}
"""No edges of the graph, as they are made from the records; but an audit compares everything with them."""


def files_behind(evidence: Evidence, target: str) -> set[str] | None:
    """Files that a target depends on, itself included, and those that it is compared with; None if that is unknown.

    Parameters
    ----------
    evidence, target
        As in `lineage.find`.

    Raises
    ------
    UserError
        If there is no such thing.
    """
    lineage.find(evidence, target)
    files = WITNESSES | {"numbers.json" if target.startswith(lineage.NUMBER) else target}
    if nodes := _nodes_of(evidence, target):
        return files | files_of(evidence, nodes)
    return files if target in WITNESSES or target.startswith("environments/") else None


def _nodes_of(evidence: Evidence, target: str) -> list[Node]:
    """The nodes of the graph that a target names; none if it is something else."""
    if places := lineage.places_of_target(evidence, target):
        return [evaluation(place) for place in places]
    if node := evidence.graph.product(target):
        return [node]
    at = layout.locate(target)
    if at is not None and at.kind in ("history", "proposals"):
        return [Node(at.kind, at.study, at.bracket, at.rung or 0)]
    if at is not None and at.rung is not None and target in evidence.batches:
        return list(evidence.graph.evaluations_of(Node("rung", at.study, at.bracket, at.rung)))
    return []


def files_of(evidence: Evidence, nodes: Iterable[Node]) -> set[str]:
    """Files that nodes depend on, their own included."""
    waiting = list(nodes)
    known, files = set(waiting), set[str]()
    while waiting:
        node = waiting.pop()
        files |= evidence.files_of(node) | _surroundings(evidence, node)
        for role, source in evidence.inputs_of(node):
            if role not in ORDER and source not in known:
                known.add(source)
                waiting.append(source)
    return files


def _surroundings(evidence: Evidence, node: Node) -> set[str]:
    """Files of the environments in which an evaluation was made."""
    one = evidence.record_of(node)
    if not isinstance(one, Evaluation):
        return set()
    names = (attempt.environment for attempt in (*one.observed.earlier, one.observed))
    files = {evidence.name(layout.environment_file(evidence.path, name)) for name in names}
    if one.made_with.lock is not None:
        files.add(evidence.name(layout.lock_copy(evidence.path, one.made_with.lock)))
    return files
