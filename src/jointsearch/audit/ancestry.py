"""All files that a result depends on, back to the first bracket."""

from collections.abc import Iterable

from jointsearch.audit import lineage, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.core import layout
from jointsearch.results.graph import ORDER, Node, evaluation

BASE = {"experiment.json", "config.yaml", "space.yaml", "data.json", manifest.NAME, manifest.SIGNATURE}
"""The files that everything depends on."""


def files_behind(evidence: Evidence, target: str) -> set[str] | None:
    """Files that a target depends on, itself included; None if it depends on all of them.

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
    files = BASE | {"numbers.json" if target.startswith(lineage.NUMBER) else target}
    if places := lineage.places_of(evidence, target):
        return files | files_of(evidence, map(evaluation, places))
    at = layout.locate(target)
    if target in evidence.batches and at is not None and at.rung is not None:
        rung = Node("rung", at.study, at.bracket, at.rung)
        return files | files_of(evidence, evidence.graph.evaluations_of(rung))
    if at is not None and (node := Node(at.kind, at.study, at.bracket, at.rung or 0)).kind in ("history", "proposals"):
        return files | files_of(evidence, [node])
    return files if target in BASE or target.startswith("environments/") else None


def files_of(evidence: Evidence, nodes: Iterable[Node]) -> set[str]:
    """Files that nodes depend on, their own included."""
    waiting = list(nodes)
    known, files = set(waiting), set[str]()
    while waiting:
        node = waiting.pop()
        files |= {evidence.file_of(node), *_surroundings(evidence, node)}
        for role, source in evidence.inputs_of(node):
            if role not in ORDER and source not in known:
                known.add(source)
                waiting.append(source)
    return files


def _surroundings(evidence: Evidence, node: Node) -> set[str]:
    """Files of the environments in which an evaluation was made."""
    one = evidence.evaluations.get(node.place)
    if node.kind != "evaluation" or one is None:
        return set()
    names = (attempt.environment for attempt in (*one.observed.earlier, one.observed))
    files = {evidence.name(layout.environment_file(evidence.path, name)) for name in names}
    if one.made_with.lock is not None:
        files.add(evidence.name(layout.lock_copy(evidence.path, one.made_with.lock)))
    return files
