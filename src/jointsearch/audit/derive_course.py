"""The derive level of an audit: histories, proposals and promotions are made again, each from its inputs."""

from collections.abc import Sequence

from jointsearch.audit.agreement import only_rounded, rounded
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.files import record_bytes
from jointsearch.core.history import Observation, WarmStart
from jointsearch.core.proposal import Rung
from jointsearch.results.graph import Node
from jointsearch.search import proposals
from jointsearch.search.studies.kinds import proposer
from jointsearch.space.space import Space


def check_course(evidence: Evidence, findings: Findings) -> None:
    """Recompute every history, proposal and promotion, each from the records that it names as its inputs."""
    for study in evidence.studies:
        if not evidence.is_search(study):
            check_proposed(evidence, study, findings)
            continue
        begun = map(evidence.record_of, evidence.sources(Node("history", study), "previous"))
        seen = [one for start in begun if isinstance(start, WarmStart) for one in start.observations]
        space = Space(evidence.settings_of(study).space)
        for number, bracket in enumerate(sorted(index for name, index in evidence.histories if name == study)):
            _check_history(evidence, study, bracket, findings)
            seen += evidence.histories[study, bracket].observations
            if bracket == number:
                _check_proposals(evidence, study, bracket, seen, space, findings)
            else:
                message, name = "a history before it is missing", evidence.file(study, bracket, 0)
                findings.add("derive", "proposals", name, Verdict.CANNOT_BE_CHECKED, message)
    for study, bracket, rung in evidence.proposals:
        if rung and evidence.is_search(study):
            _check_promotion(evidence, study, bracket, rung, findings)


def check_proposed(evidence: Evidence, study: str, findings: Findings) -> None:
    """Recompute the proposals of a study that is no search, as many as are planned."""
    settings, planned = evidence.settings_of(study), evidence.configured.get(study)
    for (name, bracket, rung), found in evidence.proposals.items():
        if name != study:
            continue
        file = evidence.file(study, bracket, rung)
        if planned is None:
            message = "in a study that config.yaml does not plan"
            if not evidence.configured:
                message = f"config.yaml, from which they follow, is {evidence.without_plan}"
            findings.add("derive", "proposals", file, Verdict.CANNOT_BE_CHECKED, message)
            continue
        if missing := evidence.incomplete(planned.plan.follows):
            message = f"an evaluation of {missing}, which it follows, is missing"
            findings.add("derive", "proposals", file, Verdict.CANNOT_BE_CHECKED, message)
            continue
        again = None
        with findings.distrust("derive", "proposals", file):
            known = evidence.results()
            followed = {one: known.evaluations(one) for one in planned.plan.follows}
            again = proposer(planned.plan).propose(settings, planned.plan, bracket, rung, followed)
        if again is not None:
            _expect_rung(
                again, found, file, "not the proposals that the settings and the earlier records give", findings
            )


def _check_history(evidence: Evidence, study: str, bracket: int, findings: Findings) -> None:
    name, places = evidence.file(study, bracket), evidence.places(Node("history", study, bracket), "seen")
    if not evidence.there(places):
        findings.add("derive", "history", name, Verdict.CANNOT_BE_CHECKED, "an evaluation that it contains is missing")
        return
    found, again = evidence.histories[study, bracket].observations, proposals.observations_of(evidence.at(places))
    message = "its observations are not those of the evaluations"
    findings.expect(found == again, "derive", "history", name, message)


def _check_proposals(
    evidence: Evidence, study: str, bracket: int, seen: Sequence[Observation], space: Space, findings: Findings
) -> None:
    found, name = evidence.proposals.get((study, bracket, 0)), evidence.file(study, bracket, 0)
    if found is None:
        return
    settings = evidence.settings_of(study)
    waiting = [one.place[:3] for one in evidence.sources(Node("proposals", study, bracket), "pending")]
    if any(place not in evidence.proposals for place in waiting):
        message = "pending proposals that its sampler saw are missing"
        findings.add("derive", "proposals", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    rungs = [evidence.proposals[place] for place in waiting]
    again = None
    with findings.distrust("derive", "proposals", name):
        again = proposals.first_rung(settings, evidence.histories[study, bracket], seen, rungs, space)
    if again is not None:
        _expect_rung(again, found, name, _other_proposals(again, found), findings)


def _expect_rung(again: Rung, found: Rung, name: str, message: str, findings: Findings) -> None:
    """Expect recomputed proposals to be those that were found, but for rounding."""
    number = rounded(record_bytes(again).decode(), record_bytes(found).decode())
    if number is None:
        findings.add("derive", "proposals", name, Verdict.MISMATCH, message)
    else:
        findings.add("derive", "proposals", name, Verdict.VERIFIED, only_rounded(number))


def _other_proposals(again: Rung, found: Rung) -> str:
    if len(again.proposals) != len(found.proposals):
        return f"{len(found.proposals)} proposals instead of {len(again.proposals)}"
    pairs = zip(again.proposals, found.proposals, strict=True)
    other = [one.id for mine, one in pairs if mine != one]
    if other:
        return f"{', '.join(other[:3])}{' ...' if other[3:] else ''}: not what the sampler proposes from this history"
    return "its model is not that of the sampler with this history"


def _check_promotion(evidence: Evidence, study: str, bracket: int, rung: int, findings: Findings) -> None:
    found, name = evidence.proposals[study, bracket, rung], evidence.file(study, bracket, rung)
    places = evidence.places(Node("proposals", study, bracket, rung), "below")
    if not evidence.there(places):
        message = "an evaluation of the rung before is missing"
        findings.add("derive", "promotion", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    below = evidence.at(places)
    again = proposals.promoted(evidence.settings_of(study), below)
    got, want = ([one.id for one in several] for several in (found.proposals, again))
    findings.expect(found.proposals == again, "derive", "promotion", name, lambda: wrong_promotion(below, got, want))


def wrong_promotion(below: Sequence[Evaluation], promoted: Sequence[str], expected: Sequence[str]) -> str:
    """Say which promotions were made and which are right, and whether the test errors give exactly those made."""
    measure = below[0].measure
    message = f"promotes {', '.join(promoted)}, but the {measure.plural} promote {', '.join(expected)}"
    if all(one.test_error is None for one in below):
        return message
    judged = [one.model_copy(update={"loss": one.test_error}) for one in below]
    best = [one.proposal.id for one in rank(judged)[: len(promoted)]]
    return f"{message}: chosen by the {measure.test}" if best == list(promoted) else message
