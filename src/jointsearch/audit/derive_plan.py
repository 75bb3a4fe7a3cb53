"""The derive level of an audit: settings, plan, positions, budgets and seeds follow from the configuration."""

from jointsearch.audit import budget
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import code, config, layout
from jointsearch.core.errors import UserError
from jointsearch.results.graph import evaluation
from jointsearch.search import warm_start
from jointsearch.search.incumbent import Incumbent, incumbent
from jointsearch.search.plan import Place
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.arms import later_step


def check_plan(evidence: Evidence, findings: Findings) -> None:
    """Check that the configuration gives the settings, and the settings each record's position, budget and seed."""
    here = code.version().commit
    there = {one.commit for one in evidence.environments.values() if one.commit is not None}
    if there - {here}:
        message = f"with the code of commit {(here or 'none')[:12]}; if something differs, check out {min(there)[:12]}"
        findings.add("derive", "code here", evidence.path.name, Verdict.NOT_CHECKED, message)
    _check_configuration(evidence, findings)
    _check_plan_record(evidence, findings)
    check_settings(evidence, findings)
    check_warm_start(evidence, findings)
    _check_identities(evidence, findings)


def _check_configuration(evidence: Evidence, findings: Findings) -> None:
    file = evidence.path / "config.yaml"
    if not file.exists():
        findings.add("derive", "configuration", file.name, Verdict.CANNOT_BE_CHECKED, evidence.without_plan)
        return
    try:
        configured = config.read(file)
    except UserError as error:
        findings.add("derive", "configuration", file.name, Verdict.MISMATCH, str(error))
        return
    try:
        same = resolve(configured) == evidence.experiment
    except UserError as error:
        findings.add("derive", "configuration", file.name, Verdict.CANNOT_BE_CHECKED, str(error))
        return
    findings.expect(same, "derive", "configuration", file.name, "does not give the settings of experiment.json")


def _check_plan_record(evidence: Evidence, findings: Findings) -> None:
    """Check that the plan is what the configuration gives."""
    path = layout.plan_file(evidence.path)
    found, again = evidence.recorded_plan, evidence.configured_plan
    if not path.exists():
        findings.add("derive", "plan", path.name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")
        return
    if not evidence.configured:
        message = f"config.yaml, from which it follows, is {evidence.without_plan}"
        findings.add("derive", "plan", path.name, Verdict.CANNOT_BE_CHECKED, message)
        return
    if found is None:
        findings.add("derive", "plan", path.name, Verdict.MISMATCH, evidence.broken[path.name])
        return
    other = sorted({one.name for one in again.studies if one not in found.studies} | {*found.names} - {*again.names})
    message = f"is not the plan that config.yaml gives{f': of {other[0]}' if other else ''}"
    findings.expect(found == again, "derive", "plan", path.name, message)


def check_settings(evidence: Evidence, findings: Findings) -> None:
    """Check that the settings of each study follow from those of the experiment."""
    for name, found in evidence.settings_beside.items():
        file = evidence.name(layout.experiment_file(evidence.path / name))
        if name not in evidence.configured:
            message = "a study that config.yaml does not plan"
            if not evidence.configured:
                message = f"config.yaml, from which they follow, is {evidence.without_plan}"
            findings.add("derive", "study", file, Verdict.CANNOT_BE_CHECKED, message)
            continue
        planned = evidence.configured[name]
        expected = planned.experiment
        if planned.plan.keeps:
            if missing := evidence.incomplete(planned.plan.follows):
                message = f"an evaluation of {missing}, whose values it keeps, is missing"
                findings.add("derive", "study", file, Verdict.CANNOT_BE_CHECKED, message)
                continue
            found_before = [_incumbent(evidence, study) for study in planned.plan.follows]
            expected = later_step(expected, found_before, planned.plan.keeps)
        findings.expect(found == expected, "derive", "study", file, "not the settings that the plan gives this study")


def _incumbent(evidence: Evidence, study: str) -> Incumbent:
    return incumbent(one for place, one in sorted(evidence.evaluations.items()) if place[0] == study)


def check_warm_start(evidence: Evidence, findings: Findings) -> None:
    """Check that the search began with the evaluations that its settings name."""
    named, start = evidence.experiment.warm_start, evidence.warm_start
    name = evidence.name(layout.warm_start_file(evidence.path / layout.SEARCH))
    if start is not None:
        message = "not the evaluations that the search began with, by its settings"
        findings.expect(warm_start.digest_of(start.observations) == named, "derive", "warm start", name, message)
    elif named is not None:
        findings.add("derive", "warm start", name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")


def _check_identities(evidence: Evidence, findings: Findings) -> None:
    """Check position, budget and seed of each training."""
    planned = {
        (*place, identity.slot): identity
        for place, rung in evidence.proposals.items()
        for identity in evidence.settings_of(place[0]).identities(rung, range(len(rung.proposals)))
    }
    for place, one in evidence.evaluations.items():
        name = evidence.file(*place)
        if place not in planned:
            message = "its proposal is missing"
            findings.add("derive", "seed", name, Verdict.CANNOT_BE_CHECKED, message)
            continue
        other = planned[place].differences(one)
        if one.continues != _continues(evidence, place):
            other.append("continues")
        findings.expect(not other, "derive", "seed", name, f"its {', '.join(other)} is not what the plan says")
        wrong = budget.problem(evidence, place)
        findings.expect(wrong is None, "derive", "budget", name, wrong or "")


def _continues(evidence: Evidence, place: Place) -> str | None:
    """The evaluation that one has to continue, by the settings."""
    name = evidence.evaluations[place].proposal.id
    below = [evidence.evaluations.get(other) for other in evidence.places(evaluation(place), "continues")]
    return next((one.id for one in below if one and one.proposal.id == name and one.status == "success"), None)
