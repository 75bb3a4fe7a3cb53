"""The answers of an audit to each of its commands: verify, show, why, diff, root."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jointsearch.audit import audit, difference, lineage, manifest, page
from jointsearch.audit.ancestry import files_behind
from jointsearch.audit.audit import Audit, Target
from jointsearch.audit.evidence import Evidence, MissingEvidenceError
from jointsearch.audit.findings import Finding, Findings, Level, Verdict, as_json, as_text
from jointsearch.audit.retrain import RetrainOptions
from jointsearch.core import layout
from jointsearch.core.errors import UserError

_BY_WEIGHT = [one.exit_code for one in Verdict].index
"""How bad an exit code is."""


@dataclass(frozen=True)
class Answer:
    """An answer for people and for machines.

    Attributes
    ----------
    text, data
        The same, as lines and as a JSON value.
    code
        The exit code.
    page
        Renders the same as an HTML page, if there is one.
    """

    text: str
    data: Any
    code: int = 0
    page: Callable[[], bytes] | None = None

    def printed(self, as_json: bool) -> str:
        """Write it for machines, or for people."""
        return json.dumps(self.data, indent=1) if as_json else self.text


def verify(
    targets: Sequence[Target], level: Level, signers: Path | None = None, options: RetrainOptions | None = None
) -> Answer:
    """Check experiments, or single targets in them, up to a level; the worst verdict gives the exit code.

    Raises
    ------
    UserError
        If there is no such thing.
    """
    named = {one.folder: [target.name for target in targets if target.folder == one.folder] for one in targets}
    audits = [audit.run(folder, level, signers) for folder in named]
    # Looked up before anything is trained, which takes hours.
    behind = [_behind(done.evidence, names) for done, names in zip(audits, named.values(), strict=True)]
    lines: list[str] = []
    data: list[dict[str, object]] = []
    code = 0
    for done, (folder, names), files in zip(audits, named.items(), behind, strict=True):
        if options is not None:
            audit.repeat_trainings(done, [name for name in names if name is not None], options)
        chosen = done.findings if files is None else _about(done, files)
        data.append(_summary(done, chosen))
        code = max(code, chosen.verdict.exit_code, key=_BY_WEIGHT)
        lines.append(f"{folder}: root {done.root or 'unknown, there is no manifest'}")
        lines += [as_text(chosen), f"verdict: {chosen.verdict.words}"]
    return Answer("\n".join(lines), data, code, partial(page.render, audits))


def show(targets: Sequence[Target]) -> Answer:
    """Draw the inputs of targets as trees; what is wrong with a file in one gives the exit code, and a closing line.

    Raises
    ------
    UserError
        If there is no such thing.
    """
    lines, data, code = list[str](), list[dict[str, Any]](), 0
    for target in targets:
        if target.name is None and not (target.folder / manifest.NAME).is_file():
            raise MissingEvidenceError(
                f"{target.folder / manifest.NAME}: missing; run the workflow to its end to make it, "
                "or name a number, a file or an evaluation"
            )
        done = audit.run(target.folder, "hash")
        marks = {file: verdict.words for file, verdict in done.findings.verdicts().items()}
        tree = lineage.find(done.evidence, target.name or manifest.NAME)
        wrong = _wrong(done, tree)
        lines += tree.lines(marks)
        if wrong:
            lines.append(
                f"{target.name or target.folder}: does not follow from the files as they are now: {wrong[0].subject}: "
                f"{wrong[0].message} (`python scripts/audit.py {target.folder}` lists all that is wrong)"
            )
        data.append(tree.as_json(marks))
        code = max(code, *(one.verdict.exit_code for one in wrong), 0, key=_BY_WEIGHT)
    return Answer("\n".join(lines), data, code)


def why(targets: Sequence[Target]) -> Answer:
    """Draw the inputs of numbers, files or evaluations as trees, see `show`.

    Raises
    ------
    UserError
        If a target is a whole experiment, or there is no such thing.
    """
    for target in targets:
        if target.name is None:
            example = f"{lineage.NUMBER}evaluations"
            raise UserError(f"why: name a number (such as {example}), a file or an evaluation of {target.folder}")
    return show(targets)


def _wrong(done: Audit, tree: lineage.TreeNode) -> list[Finding]:
    """What is wrong with files in a tree, worst first; what was only made with uncommitted code is not wrong."""
    files = {one.file for one in tree if one.file is not None}
    found = [one for one in done.findings.about(files).problems if one.verdict != Verdict.UNPINNED]
    known = {one.subject for one in found}
    lost = {one.file or one.text for one in tree if one.lost} - known
    message = "missing or damaged; restore it"
    return found + [Finding("hash", "record", name, Verdict.CANNOT_BE_CHECKED, message) for name in sorted(lost)]


def diff(targets: Sequence[Target]) -> Answer:
    """List how two evaluations, or two experiments, differ.

    Raises
    ------
    UserError
        If the targets are not two of a kind, or one does not exist.
    """
    if len(targets) != 2 or (targets[0].name is None) != (targets[1].name is None):
        raise UserError("diff: takes two evaluations, or two results folders")
    one, other = (Evidence.read(target.folder) for target in targets)
    if targets[0].name is None or targets[1].name is None:
        found = difference.of_experiments(one, other)
    else:
        found = difference.of_evaluations((one, targets[0].name), (other, targets[1].name))
    lines = [line for aspect, values in found.items() for line in (f"{aspect}:", *(f"  {value}" for value in values))]
    return Answer("\n".join(lines or ["no difference"]), found)


def root(targets: Sequence[Target]) -> Answer:
    """Return the digests over all files of experiments.

    Raises
    ------
    UserError
        If one has no manifest yet.
    """
    roots = {str(target.folder): manifest.root(target.folder) for target in targets}
    return Answer("\n".join(f"{one}  {folder}" for folder, one in roots.items()), roots)


def _behind(evidence: Evidence, names: Sequence[str | None]) -> set[str] | None:
    """Files that targets depend on; None if that is the whole experiment, or unknown."""
    files = [None if name is None else files_behind(evidence, name) for name in names]
    known = [one for one in files if one is not None]
    return set().union(*known) if len(known) == len(files) else None


def _about(done: Audit, files: set[str]) -> Findings:
    """Findings on some files, and what is said of no file, as it was not checked: a missing file is one."""
    there = set(layout.files(done.evidence.path))
    unchecked = {one.subject for one in done.findings if one.verdict is Verdict.NOT_CHECKED}
    return done.findings.about(files | (unchecked - there))


def _summary(done: Audit, chosen: Findings) -> dict[str, object]:
    return {
        "experiment": done.evidence.experiment.name,
        "root": done.root,
        "verdict": chosen.verdict.words,
        "exit_code": chosen.verdict.exit_code,
        "findings": as_json(chosen),
    }
