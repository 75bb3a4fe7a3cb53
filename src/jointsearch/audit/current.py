"""Which files of an experiment follow from those beside them, whatever their time stamps say."""

from collections.abc import Iterable
from pathlib import Path

from jointsearch.analysis.study_tables import of_studies
from jointsearch.audit import code_listing, hash_level, manifest
from jointsearch.audit.derive_course import check_proposed
from jointsearch.audit.derive_plan import check_settings, check_warm_start
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import layout
from jointsearch.core.code import ROOT
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch
from jointsearch.core.files import file_digest, read_record
from jointsearch.results.folder import Folder
from jointsearch.results.graph import Graph, Node
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import configuration

MANIFEST = Node("manifest")


def stale(folder: Path, config: Config) -> set[str]:
    """Name the files in a results folder that a run of the workflow has to remake.

    Records of evaluations that are broken, or were changed, are named too, though no run remakes them.

    Parameters
    ----------
    folder
        Of the experiment.
    config
        The present configuration.

    Raises
    ------
    UserError
        If the settings of the experiment cannot be read.
    """
    experiment = read_record(layout.experiment_file(folder), Experiment)
    search = config.search
    brackets = hyperband.bracket_count(search.length, search.length_unit, config.budget)
    written = configuration(experiment, brackets, config.studies, config.jobs.seconds_per_unit)
    configured = {name for name, content in written.items() if not _is(folder / name, content)}
    if not configured and _is_as_listed(folder):
        return _stale_by_code(folder)
    evidence = Evidence.read(folder, config)
    found = Findings()
    hash_level.check_records(evidence, found)
    check_settings(evidence, found)
    check_warm_start(evidence, found)
    for study in evidence.studies:
        if not evidence.is_search(study):
            check_proposed(evidence, study, found)
    outcomes = _made(folder, evidence.graph, (Node("study", name) for name in evidence.graph.plan.names))
    return _stale_records(evidence, found) | _stale_tables(evidence, found) | outcomes | configured


def _is_as_listed(folder: Path) -> bool:
    """Whether a run ended with exactly these files, which then all follow from each other."""
    try:
        listed = manifest.read(folder)
    except UserError:
        return False
    lasting = {name for name in layout.files(folder) if layout.lasts(name)}
    return lasting <= listed.keys() and all(_has(folder / name, digest) for name, digest in listed.items())


def _stale_by_code(folder: Path) -> set[str]:
    """Files that depend on code that has changed."""
    try:
        changed = code_listing.changed(manifest.read(folder, code_listing.NAME))
    except UserError:
        changed = {file.relative_to(ROOT).as_posix() for file in code_listing.files()}
    # The digests of the code are written beside the manifest.
    return _made(folder, Folder(folder).graph, [*code_listing.follow(changed), MANIFEST]) if changed else set()


def _made(folder: Path, graph: Graph, of: Iterable[Node]) -> set[str]:
    """Files that follow from some nodes, directly or through other products."""
    stale = graph.follow(of)
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return {name for name in names if graph.product(name) in stale}


def _stale_records(evidence: Evidence, found: Findings) -> set[str]:
    wrong = {one.subject for one in found if one.check != "complete" and one.verdict is not Verdict.VERIFIED}
    names = [evidence.file(*place) for place in evidence.histories]
    names += [evidence.file(*place) for place in evidence.proposals]
    names += [evidence.name(layout.experiment_file(evidence.path / study)) for study in evidence.settings_beside]
    names += [evidence.name(layout.warm_start_file(evidence.path / layout.SEARCH))]
    batches = {name for name, batch in evidence.batches.items() if not _fits_proposals(evidence, name, batch)}
    changed = {one.subject for one in found if one.check == "batch" and one.verdict is Verdict.MISMATCH}
    return batches | (wrong & set(names)) | evidence.broken.keys() | changed


def _fits_proposals(evidence: Evidence, name: str, batch: Batch) -> bool:
    """Whether there is nothing to train: the proposals are those that were trained.

    A record that is missing, or was changed, is no reason to train: whatever reads it reports that.
    """
    at = layout.locate(name)
    assert at is not None and at.rung is not None
    proposed = evidence.proposals.get((at.study, at.bracket, at.rung))
    for slot in range(batch.first_slot, batch.first_slot + len(batch.records)):
        one = evidence.evaluations.get((at.study, at.bracket, at.rung, slot))
        if proposed is not None and one is not None and one.proposal not in proposed.proposals[slot : slot + 1]:
            return False
    return True


def _stale_tables(evidence: Evidence, found: Findings) -> set[str]:
    """Tables that do not follow from the records, and those of records that are missing or have changed."""
    of_records = [one for one in found if one.check in ("record", "batch", "complete")]
    studies = {one.subject.partition("/")[0] for one in of_records if one.verdict is not Verdict.VERIFIED}
    return {
        name
        for name, content in of_studies(evidence.results()).items()
        if (name.partition("/")[0] if "/" in name else layout.SEARCH) in studies
        or not _is(evidence.path / name, content)
    }


def _is(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _has(path: Path, digest: str) -> bool:
    return path.is_file() and file_digest(path) == digest
