"""The hash level of an audit: nothing has changed since it was made, and every record fits those beside it."""

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jointsearch.audit import manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import code, layout
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError, few
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, file_digest
from jointsearch.core.history import History
from jointsearch.core.proposal import Rung
from jointsearch.results.graph import Node, evaluation


def check_manifest(evidence: Evidence, findings: Findings, signers: Path | None = None) -> None:
    """Compare every file with the manifest, and the manifest with its signature.

    A missing file is missing evidence; a changed file, and a record that the manifest does not name, is a mismatch.
    """
    folder = evidence.path
    if not (folder / manifest.NAME).is_file():
        message = "missing; run the workflow to its end to make it"
        findings.add("hash", "manifest", manifest.NAME, Verdict.CANNOT_BE_CHECKED, message)
        return
    try:
        listed = manifest.read(folder)
    except UserError as error:
        findings.add("hash", "manifest", manifest.NAME, Verdict.MISMATCH, str(error))
        return
    for name, recorded in listed.items():
        if not (folder / name).is_file():
            findings.add("hash", "manifest", name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")
            continue
        message = "changed since the manifest was made; restore it"
        findings.expect(file_digest(folder / name) == recorded, "hash", "manifest", name, message)
    for name in layout.files(folder):
        if name not in listed and layout.is_record(name):
            findings.add("hash", "manifest", name, Verdict.MISMATCH, "not named by the manifest; move it away")
        elif name not in listed:
            findings.add("hash", "manifest", name, Verdict.NOT_CHECKED, "not named by the manifest, but no record")
    _check_signature(folder, findings, signers)


def _check_signature(folder: Path, findings: Findings, signers: Path | None) -> None:
    if not (folder / manifest.SIGNATURE).exists():
        if signers is not None:
            message = "missing; the manifest is not signed"
            findings.add("hash", "signature", manifest.SIGNATURE, Verdict.CANNOT_BE_CHECKED, message)
        return
    try:
        holds, said = manifest.check_signature(folder, signers)
    except UserError as error:
        findings.add("hash", "signature", manifest.SIGNATURE, Verdict.CANNOT_BE_CHECKED, str(error))
        return
    if not holds:
        findings.add(
            "hash", "signature", manifest.SIGNATURE, Verdict.MISMATCH, f"not a signature of this manifest: {said}"
        )
    elif signers is None:
        message = f"valid, but the signer was not checked (--signers): {said}"
        findings.add("hash", "signature", manifest.SIGNATURE, Verdict.NOT_CHECKED, message)
    else:
        findings.add("hash", "signature", manifest.SIGNATURE, Verdict.VERIFIED, said)


def check_records(evidence: Evidence, findings: Findings) -> None:
    """Check that every record is valid, in the right slot, of this experiment, and chained to its inputs."""
    for name, message in evidence.broken.items():
        lost = name in evidence.unsettled
        findings.add("hash", "record", name, Verdict.CANNOT_BE_CHECKED if lost else Verdict.MISMATCH, message)
    places: list[tuple[Any, ...]] = [*evidence.histories, *evidence.proposals, *evidence.evaluations]
    for place in places:
        findings.add("hash", "record", evidence.file(*place))
    _check_batches(evidence, findings)
    _check_chain(evidence, findings)
    _check_complete(evidence, findings)


def check_made_with(evidence: Evidence, findings: Findings) -> None:
    """Check that all trainings used the same images, those of a study the same code, lock file and libraries.

    A study that is added to a finished search may have been run with later code.
    """
    everything = {evidence.file(*place): one for place, one in evidence.evaluations.items()}
    if evidence.data is not None:
        known = evidence.data
        for name, one in everything.items():
            same = (one.made_with.data, one.made_with.split) == (known.digest, known.split)
            message = "trained on other images, or another split, than data.json says"
            findings.expect(same, "hash", "data", name, message)
    elif everything and evidence.graph.has_images:
        findings.add("hash", "data", "data.json", Verdict.CANNOT_BE_CHECKED, "missing or broken; restore it")
    for study in evidence.studies:
        of_study = {evidence.file(*place): one for place, one in evidence.evaluations.items() if place[0] == study}
        for check, used in _ALIKE.items():
            _check_alike(evidence, of_study, check, used, findings)
        _check_alike(evidence, of_study, "lock", _lock_in_use(evidence, of_study.values()), findings)
    for name, one in everything.items():
        _check_environment(evidence, name, one, findings)
    for name, found in evidence.environments.items():
        _check_pinned(evidence, name, found, findings)
        _check_commit(evidence.name(layout.environment_file(evidence.path, name)), found, findings)


_ALIKE: dict[str, Callable[[Evaluation], Any]] = {
    "code": lambda one: one.made_with.code,
    "libraries": lambda one: f"Python {one.made_with.python}, torch {one.made_with.torch}",
    "device": lambda one: f"{one.made_with.device_type}, {one.made_with.precision}",
}


def _lock_in_use(evidence: Evidence, of_study: Collection[Evaluation]) -> Callable[[Evaluation], Any]:
    """Compare lock files by the installed packages: one that changed while the packages did not counts as the same."""
    usual = dict[str, Any]()
    for one in of_study:
        found = evidence.environments.get(one.observed.environment)
        if found is not None and found.lock == one.made_with.lock:
            usual.setdefault(digest(found.packages), one.made_with.lock)

    def lock(one: Evaluation) -> Any:
        found = evidence.environments.get(one.observed.environment)
        known = found is not None and found.lock == one.made_with.lock
        return usual[digest(found.packages)] if found is not None and known else one.made_with.lock

    return lock


def _check_alike(
    evidence: Evidence,
    everything: dict[str, Evaluation],
    check: str,
    used: Callable[[Evaluation], Any],
    findings: Findings,
) -> None:
    counts = Counter(used(one) for one in everything.values())
    for name, one in everything.items():
        [(usual, number)] = counts.most_common(1)
        message = f"another {check} ({used(one)}) than {number} of the {len(everything)} trainings ({usual})"
        if check == "code" and used(one) != usual:
            like = next(other for other in everything.values() if used(other) == usual)
            found = [evidence.environments.get(each.observed.environment) for each in (one, like)]
            files = found[0].other_code(found[1].code, found[1].own) if found[0] and found[1] else []
            message += f": {few(files)}" if files else ""
        findings.expect(used(one) == usual, "hash", check, name, message)


def _check_batches(evidence: Evidence, findings: Findings) -> None:
    for name, batch in evidence.batches.items():
        for slot, recorded in enumerate(batch.records, start=batch.first_slot):
            path = layout.slot_file((evidence.path / name).parent, slot)
            if not path.is_file():
                message = f"missing, and {name} names it; restore it"
                findings.add("hash", "batch", evidence.name(path), Verdict.CANNOT_BE_CHECKED, message)
            else:
                message = f"changed since it was made: {name} holds another digest; restore it"
                findings.expect(file_digest(path) == recorded, "hash", "batch", evidence.name(path), message)


def _check_chain(evidence: Evidence, findings: Findings) -> None:
    """Check that the parents of every record are the digests of its present inputs."""
    nodes = [
        *(Node("history", *place) for place in evidence.histories),
        *(Node("proposals", *place) for place in evidence.proposals),
        *map(evaluation, evidence.evaluations),
    ]
    for node in nodes:
        record, parents = evidence.record_of(node), evidence.parents_of(node)
        assert isinstance(record, History | Rung | Evaluation)
        before = evidence.sources(node, "previous")
        missing = parents is None or any(evidence.record_of(one) is None for one in before)
        name = evidence.file_of(node)
        if missing:
            message = "a record that it depends on is missing"
            findings.add("hash", "chain", name, Verdict.CANNOT_BE_CHECKED, message)
            continue
        follows = record.parents == parents
        if isinstance(record, History):
            follows &= record.previous == next((evidence.digest_of(one) for one in before), None)
        findings.expect(follows, "hash", "chain", name, "was made from other records than those here")


def _check_complete(evidence: Evidence, findings: Findings) -> None:
    if not evidence.configured:
        message = f"it says what is complete, but is {evidence.without_plan}"
        findings.add("hash", "complete", "config.yaml", Verdict.CANNOT_BE_CHECKED, message)
    in_batches = {
        (name.rpartition("/")[0], slot)
        for name, batch in evidence.batches.items()
        for slot in range(batch.first_slot, batch.first_slot + len(batch.records))
    }
    for place in evidence.planned_places():
        name = evidence.file(*place)
        if name in evidence.broken:
            continue
        if place not in evidence.evaluations:
            message = "missing: planned, but not trained, or lost"
            findings.add("hash", "complete", name, Verdict.CANNOT_BE_CHECKED, message)
        elif (name.rpartition("/")[0], place[3]) not in in_batches:
            message = "no batch names it; run the workflow to its end, or restore the batch"
            findings.add("hash", "complete", name, Verdict.CANNOT_BE_CHECKED, message)
        else:
            findings.add("hash", "complete", name)
    planned = set(evidence.planned_places())
    for place in evidence.evaluations if planned else ():
        if place in planned:
            continue
        message = "left out of tables and figures: config.yaml does not plan it; plan it, or move it away"
        findings.add("hash", "complete", evidence.file(*place), Verdict.MISMATCH, message)


def _check_environment(evidence: Evidence, name: str, one: Evaluation, findings: Findings) -> None:
    for attempt in (*one.observed.earlier, one.observed):
        found = evidence.environments.get(attempt.environment)
        if found is None:
            message = f"environments/{attempt.environment[:12]}..., in which it was made, is missing; restore it"
            findings.add("hash", "environment", name, Verdict.CANNOT_BE_CHECKED, message)
            continue
        made = one.made_with
        same = (found.code_digest, found.lock, found.threads, (found.torch or {}).get("version")) == (
            made.code,
            made.lock,
            made.threads,
            made.torch,
        )
        message = f"its code, lock file, threads or torch are not those of environments/{attempt.environment[:12]}..."
        findings.expect(same, "hash", "environment", name, message)


def _check_pinned(evidence: Evidence, name: str, found: Environment, findings: Findings) -> None:
    file = evidence.name(layout.environment_file(evidence.path, name))
    findings.expect(
        digest(found) == name, "hash", "environment", file, "its content does not match the digest in its name"
    )
    if found.lock is not None:
        lock = layout.lock_copy(evidence.path, found.lock)
        if not lock.is_file():
            findings.add("hash", "lock", evidence.name(lock), Verdict.CANNOT_BE_CHECKED, "missing; restore it")
        else:
            message = "its content does not match the digest in its name; restore it"
            findings.expect(file_digest(lock) == found.lock, "hash", "lock", evidence.name(lock), message)
    reasons = []
    if found.commit_unknown is not None:
        reasons.append(f"the commit of the code is unknown: {found.commit_unknown}")
    elif found.commit is None:
        reasons.append("the code was not from a commit")
    elif found.diff is not None and found.commit_by == "archive":
        reasons.append(
            f"the code was changed or copied after the archive of commit {found.commit[:12]} was unpacked"
            f" (diff {found.diff[:12]})"
        )
    elif found.diff is not None:
        reasons.append(f"the code differed from commit {found.commit[:12]} (diff {found.diff[:12]})")
    if found.lock is None:
        reasons.append("there was no lock file")
    elif found.unpinned:
        reasons.append(f"{len(found.unpinned)} packages differed from the lock file, such as {found.unpinned[0]}")
    if reasons:
        findings.add("hash", "committed", file, Verdict.UNPINNED, "; ".join(reasons))
    elif found.commit_by == "archive" and found.commit is not None:
        message = f"commit {found.commit[:12]} is named by the archive that the code was unpacked from"
        findings.add("hash", "committed", file, message=message)
    else:
        findings.add("hash", "committed", file)


def _check_commit(file: str, found: Environment, findings: Findings) -> None:
    """Compare a commit from which nothing differed with the digests of the training code, if the commit is here."""
    if found.commit is None or found.diff is not None:
        return
    committed = code.of_commit(found.commit, found.code)
    if committed is None:
        message = f"commit {found.commit[:12]} is not here, so the code is not compared with it"
        findings.add("hash", "commit", file, Verdict.NOT_CHECKED, message)
        return
    other = sorted(module for module, recorded in found.code.items() if committed.get(module) != recorded)
    more = f" and {len(other) - 1} more" if other[1:] else ""
    message = f"its {', '.join(other[:1])}{more} is not that of commit {found.commit[:12]}, from which nothing differed"
    findings.expect(not other, "hash", "commit", file, message)
