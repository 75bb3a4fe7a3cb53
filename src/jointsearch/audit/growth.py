"""A finished search that is being made longer: what it has added, or made again, since its manifest."""

from collections.abc import Iterator, Set

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings
from jointsearch.core import layout
from jointsearch.core.files import file_digest
from jointsearch.search.plan import Place, Plan

SINCE = "made since the manifest; run the workflow to its end"


def files(evidence: Evidence) -> set[str]:
    """Files that may differ from the manifest: records of further trainings, and what changes as a search grows.

    None if the search has not grown, or by anything but whole brackets and studies.
    """
    beyond = _beyond(evidence)
    if not beyond:
        return set()
    products = {one for one in layout.files(evidence.path) if not layout.lasts(one) and evidence.graph.product(one)}
    unlisted = {*_records_of(beyond, evidence), *products} - evidence.listed.keys()
    return unlisted | {name for name in evidence.listed if not layout.lasts(name)}


def excuse(findings: Findings, changing: Set[str]) -> None:
    """Of a mismatch that is no more than growth, say that it cannot be checked yet.

    Parameters
    ----------
    findings
        To change.
    changing
        The `files` of a search that is being made longer.
    """
    of_growth = ("manifest", "complete", "plan")
    findings.excuse(lambda one: one.check in of_growth and one.subject in changing, SINCE)


def _beyond(evidence: Evidence) -> set[Place]:
    """The trainings that `plan.json` plans beyond those that the manifest names."""
    plan, listed = evidence.recorded_plan, evidence.listed
    if plan is None or not _goes_on(plan, evidence.configured_plan):
        return set()
    if listed.get(layout.PLAN) in (None, file_digest(layout.plan_file(evidence.path))):
        return set()
    located = filter(None, map(layout.locate, listed))
    old = {(at.study, at.bracket, at.rung, at.slot) for at in located if at.kind == "slot"}
    planned = set(plan.places())
    begun = {place[:2] for place in old}
    more = {place for place in planned if place[:2] not in begun}
    return more if old == planned - more else set()


def _goes_on(plan: Plan, before: Plan) -> bool:
    """Whether a plan is an earlier one with further brackets or studies."""
    kept = []
    for one in before.studies:
        now = plan.study(one.name)
        if now is None:
            return False
        kept.append(now.model_copy(update={"brackets": now.brackets[: len(one.brackets)]}))
    return bool(kept) and plan.model_copy(update={"studies": tuple(kept)}) == before


def _records_of(places: Set[Place], evidence: Evidence) -> Iterator[str]:
    """Records of trainings, with the settings of their studies and the environments that they name."""
    for study in {place[0] for place in places}:
        yield evidence.name(layout.settings_file(evidence.path, study))
    for name in layout.files(evidence.path):
        at = layout.locate(name)
        if at is not None and (at.study, at.bracket, at.rung or 0, at.slot or 0) in places:
            yield name
    for place in places & evidence.evaluations.keys():
        made, observed = evidence.evaluations[place].made_with, evidence.evaluations[place].observed
        for one in (*observed.earlier, observed):
            yield evidence.name(layout.environment_file(evidence.path, one.environment))
        if made.lock is not None:
            yield evidence.name(layout.lock_copy(evidence.path, made.lock))
