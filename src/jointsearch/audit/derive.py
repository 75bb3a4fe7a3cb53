"""The derive level of an audit: everything that follows from the records is derived from them again."""

import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jointsearch.audit.agreement import TOLERANCE, rounded
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import code, config, layout, machine
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record, record_bytes
from jointsearch.core.records import Evaluation, Observation, Rung, WarmStart, rank
from jointsearch.core.units import amount
from jointsearch.results.graph import Node, evaluation
from jointsearch.search import proposals, warm_start
from jointsearch.search.incumbent import incumbent
from jointsearch.search.plan import Place, Plan
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.search.studies.arms import second_step
from jointsearch.search.studies.kinds import proposer
from jointsearch.space.space import Space

DRAWING = ("contourpy", "fonttools", "kiwisolver", "matplotlib", "numpy", "pandas", "pillow", "scikit-learn", "scipy")
"""The packages that decide the bytes of a figure."""
VERBATIM = ("observations.csv", "incumbent.json")
"""Copies of the records, in which nothing is rounded."""


def check_plan(evidence: Evidence, findings: Findings) -> None:
    """Check that the configuration gives the settings, and the settings each record's position, budget and seed."""
    here = code.version().commit
    there = {one.commit for one in evidence.environments.values() if one.commit is not None}
    if there - {here}:
        message = f"with the code of commit {(here or 'none')[:12]}; if something differs, check out {min(there)[:12]}"
        findings.add("derive", "code here", evidence.path.name, Verdict.NOT_CHECKED, message)
    _check_configuration(evidence, findings)
    _check_plan_record(evidence, findings)
    _check_studies(evidence, findings)
    _check_warm_start(evidence, findings)
    for place, one in evidence.evaluations.items():
        name, rung = evidence.file(*place), evidence.rungs.get(place[:3])
        if rung is None or one.slot >= len(rung.proposals):
            message = "its proposal is missing"
            findings.add("derive", "seed", name, Verdict.CANNOT_BE_CHECKED, message)
            continue
        other = evidence.settings_of(place[0]).identity(rung, one.slot).differences(one)
        if one.continues != _continues(evidence, place):
            other.append("continues")
        findings.expect(not other, "derive", "seed", name, f"its {', '.join(other)} is not what the plan says")
        message = f"{one.steps} steps, {one.epochs:g} epochs are not a budget of {amount(one.budget, one.budget_unit)}"
        findings.expect(_budget_is_spent(one), "derive", "budget", name, message)


def _continues(evidence: Evidence, place: Place) -> str | None:
    """The evaluation that one has to continue, by the settings."""
    name = evidence.evaluations[place].proposal.id
    below = [evidence.evaluations.get(other) for other in evidence.places(evaluation(place), "continues")]
    return next((one.id for one in below if one and one.proposal.id == name and one.status == "success"), None)


def _budget_is_spent(one: Evaluation) -> bool:
    """Whether the steps of a successful training are those of its budget, if the budget counts them."""
    if one.status != "success" or one.budget_unit == "seconds":
        return True
    per_unit = one.steps / one.epochs if one.budget_unit == "epochs" and one.epochs else 1
    return abs(one.steps - max(1, one.budget * per_unit)) <= 0.5 + 1e-6


def _check_configuration(evidence: Evidence, findings: Findings) -> None:
    file = evidence.path / "config.yaml"
    if not file.exists():
        findings.add("derive", "configuration", file.name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")
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
    if not path.exists():
        findings.add("derive", "plan", path.name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")
        return
    if not evidence.planned:
        message = "config.yaml, from which it follows, is missing or broken"
        findings.add("derive", "plan", path.name, Verdict.CANNOT_BE_CHECKED, message)
        return
    try:
        found = read_record(path, Plan)
    except UserError as error:
        findings.add("derive", "plan", path.name, Verdict.MISMATCH, str(error).removeprefix(f"{path}: "))
        return
    again = kinds.record(evidence.planned, evidence.experiment)
    other = sorted({one.name for one in again.studies if one not in found.studies} | {*found.names} - {*again.names})
    message = f"is not the plan that config.yaml gives{f': of {other[0]}' if other else ''}"
    findings.expect(found == again, "derive", "plan", path.name, message)


def check_studies(evidence: Evidence, findings: Findings) -> None:
    """Check that settings, warm start and proposals of the studies that are no searches follow from the experiment."""
    _check_studies(evidence, findings)
    _check_warm_start(evidence, findings)
    for study in evidence.studies:
        if not evidence.is_search(study):
            _check_proposed(evidence, study, findings)


def _check_studies(evidence: Evidence, findings: Findings) -> None:
    """Check that the settings of each study follow from those of the experiment."""
    for name, found in evidence.settings.items():
        file = evidence.name(layout.experiment_file(evidence.path / name))
        if name not in evidence.planned:
            message = "a study that config.yaml does not plan"
            findings.add("derive", "study", file, Verdict.CANNOT_BE_CHECKED, message)
            continue
        planned = evidence.planned[name]
        expected = planned.experiment
        if planned.plan.keeps:
            before = [one for place, one in sorted(evidence.evaluations.items()) if place[0] in planned.plan.follows]
            expected = second_step(expected, incumbent(before), planned.plan.keeps)
        findings.expect(found == expected, "derive", "study", file, "not the settings that the plan gives this study")


def _check_warm_start(evidence: Evidence, findings: Findings) -> None:
    named, start = evidence.experiment.warm_start, evidence.warm_start
    name = evidence.name(layout.warm_start_file(evidence.path / layout.SEARCH))
    if start is not None:
        message = "not the evaluations that the search began with, by its settings"
        findings.expect(warm_start.source(start.observations) == named, "derive", "warm start", name, message)
    elif named is not None:
        findings.add("derive", "warm start", name, Verdict.CANNOT_BE_CHECKED, "missing; restore it")


def check_course(evidence: Evidence, findings: Findings) -> None:
    """Recompute every history, proposal and promotion, each from the records that it names as its inputs."""
    for study in evidence.studies:
        if not evidence.is_search(study):
            _check_proposed(evidence, study, findings)
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
    for study, bracket, rung in evidence.rungs:
        if rung and evidence.is_search(study):
            _check_promotion(evidence, study, bracket, rung, findings)


def _check_proposed(evidence: Evidence, study: str, findings: Findings) -> None:
    """Recompute the proposals of a study that is no search, as many as are planned."""
    settings, planned = evidence.settings_of(study), evidence.planned.get(study)
    for (name, bracket, rung), found in evidence.rungs.items():
        if name != study:
            continue
        file = evidence.file(study, bracket, rung)
        if planned is None:
            message = "in a study that config.yaml does not plan"
            findings.add("derive", "proposals", file, Verdict.CANNOT_BE_CHECKED, message)
            continue
        again = None
        with _distrust(findings, "proposals", file):
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
    found = evidence.histories[study, bracket]
    again = proposals.history(evidence.settings_of(study), study, bracket, found.previous, evidence.at(places))
    message = "its observations are not those of the evaluations"
    findings.expect(found.observations == again.observations, "derive", "history", name, message)


def _check_proposals(
    evidence: Evidence, study: str, bracket: int, seen: Sequence[Observation], space: Space, findings: Findings
) -> None:
    found, name = evidence.rungs.get((study, bracket, 0)), evidence.file(study, bracket, 0)
    if found is None:
        return
    settings = evidence.settings_of(study)
    waiting = [one.place[:3] for one in evidence.sources(Node("proposals", study, bracket), "pending")]
    if any(place not in evidence.rungs for place in waiting):
        message = "pending proposals that its sampler saw are missing"
        findings.add("derive", "proposals", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    rungs = [evidence.rungs[place] for place in waiting]
    again = None
    with _distrust(findings, "proposals", name):
        again = proposals.first_rung(settings, evidence.histories[study, bracket], seen, rungs, space)
    if again is not None:
        _expect_rung(again, found, name, _other_proposals(again, found), findings)


def _expect_rung(again: Rung, found: Rung, name: str, message: str, findings: Findings) -> None:
    """Expect recomputed proposals to be those that were found, but for rounding."""
    number = rounded(record_bytes(again).decode(), record_bytes(found).decode())
    if number is None:
        findings.add("derive", "proposals", name, Verdict.MISMATCH, message)
    else:
        findings.add("derive", "proposals", name, Verdict.VERIFIED, _only_rounded(number))


def _only_rounded(number: int) -> str:
    """Report how many numbers of a file agree only to the tolerance; empty if all are equal."""
    if not number:
        return ""
    return (
        f"the same to {TOLERANCE:g} ({number:,} numbers): made on a processor, or by a Python, that rounds differently"
    )


def _other_proposals(again: Rung, found: Rung) -> str:
    if len(again.proposals) != len(found.proposals):
        return f"{len(found.proposals)} proposals instead of {len(again.proposals)}"
    pairs = zip(again.proposals, found.proposals, strict=True)
    other = [one.id for mine, one in pairs if mine != one]
    if other:
        return f"{', '.join(other[:3])}{' ...' if other[3:] else ''}: not what the sampler proposes from this history"
    return "its model is not that of the sampler with this history"


def _check_promotion(evidence: Evidence, study: str, bracket: int, rung: int, findings: Findings) -> None:
    found, name = evidence.rungs[study, bracket, rung], evidence.file(study, bracket, rung)
    places = evidence.places(Node("proposals", study, bracket, rung), "below")
    if not evidence.there(places):
        message = "an evaluation of the rung before is missing"
        findings.add("derive", "promotion", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    below = evidence.at(places)
    again = proposals.next_rung(evidence.settings_of(study), below)
    got, want = ([proposal.id for proposal in one.proposals] for one in (found, again))
    message = f"promotes {', '.join(got)}, but the validation errors promote {', '.join(want)}{_by_test(below, got)}"
    findings.expect(found.proposals == again.proposals, "derive", "promotion", name, message)


def _by_test(below: Sequence[Evaluation], promoted: Sequence[str]) -> str:
    """Report if the test error gives exactly the promotions that were made."""
    judged = [one.model_copy(update={"loss": one.test_error}) for one in below]
    best = [one.proposal.id for one in rank(judged)[: len(promoted)]]
    return ": chosen by the test error" if best == list(promoted) else ""


def check_outcomes(evidence: Evidence, findings: Findings) -> None:
    """Recompute the table, the incumbent, the figures with their data and the numbers from the records."""
    from jointsearch.plotting.outcomes import outcomes

    planned = list(evidence.planned_places())
    if not planned or not evidence.there(planned):
        message = "some of the evaluations that they are computed from are missing"
        findings.add("derive", "outcome", "observations.csv", Verdict.CANNOT_BE_CHECKED, message)
        return
    draws = _draws_alike(evidence)
    with _distrust(findings, "outcome", "observations.csv"):
        _check_made(evidence, outcomes(evidence.results(), draws), findings)
    if not draws:
        message = "drawn with other libraries than those here; the data behind them are checked"
        findings.add("derive", "outcome", "figures", Verdict.NOT_CHECKED, message)


def check_crate(evidence: Evidence, findings: Findings) -> None:
    """Recompute the Run Crate of the files."""
    from jointsearch.audit import crate

    if evidence.brackets is None:
        message = "the length of the search is unknown"
        findings.add("derive", "outcome", crate.METADATA, Verdict.CANNOT_BE_CHECKED, message)
        return
    with _distrust(findings, "outcome", crate.METADATA):
        made = {crate.METADATA: crate.build(evidence.path)}
        _check_made(evidence, made, findings)


@contextmanager
def _distrust(findings: Findings, check: str, subject: str) -> Iterator[None]:
    """Report as a finding whatever fails when something is recomputed from records that may be wrong."""
    try:
        yield
    except UserError as error:
        findings.add("derive", check, subject, Verdict.CANNOT_BE_CHECKED, str(error))
    except Exception as error:
        message = f"cannot be recomputed from these records ({type(error).__name__}: {error})"
        findings.add("derive", check, subject, Verdict.MISMATCH, message)


def _draws_alike(evidence: Evidence) -> bool:
    """Whether the drawing libraries are here in the versions of the search."""
    here = {name: importlib.metadata.version(name) for name in DRAWING}
    there = [{name: one.packages.get(name) for name in DRAWING} for one in evidence.environments.values()]
    return bool(there) and all(one == here for one in there)


def _check_made(evidence: Evidence, made: dict[str, bytes], findings: Findings) -> None:
    """Compare recomputed files with those found.

    Data, tables and numbers are compared by their numbers; drawings of equal data by their bytes.
    """
    only_rounded: set[str] = set()
    for name, again in made.items():
        path = evidence.path / name
        if not path.is_file():
            findings.add("derive", "outcome", name, Verdict.CANNOT_BE_CHECKED, "missing; run the workflow to make it")
            continue
        found = path.read_bytes()
        number = None if found != again else 0
        if number is None and path.suffix in (".csv", ".json", ".html") and path.name not in VERBATIM:
            number = rounded(again.decode(), found.decode(errors="replace"))
        if number is not None:
            only_rounded |= {name.rpartition(".")[0]} if number else set()
            findings.add("derive", "outcome", name, Verdict.VERIFIED, _only_rounded(number))
        elif name.rpartition(".")[0] in only_rounded:
            message = f"drawn of data that are the same only to {TOLERANCE:g} here, so not the same to the byte"
            findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, message)
        elif path.suffix == ".pdf" and not _packs_alike(evidence):
            message = "not the same to the byte, as another Python may pack the same page otherwise"
            findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, message)
        else:
            findings.add("derive", "outcome", name, Verdict.MISMATCH, "is not what the records give")


def _packs_alike(evidence: Evidence) -> bool:
    """Whether a Python that ran the search is here, and with it the library that compresses a PDF."""
    return machine.python() in {one.python for one in evidence.environments.values()}
