"""The derive level of an audit: tables, figures, numbers, paper and crate are made again from the records."""

import importlib.metadata
import re
from collections.abc import Sequence

from jointsearch.audit import crate
from jointsearch.audit.agreement import TOLERANCE, only_rounded, rounded
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import code, machine
from jointsearch.core.git import Repository
from jointsearch.paper import html
from jointsearch.paper.build import build
from jointsearch.paper.facts import gather
from jointsearch.paper.made import NO_COMMIT
from jointsearch.plotting.outcomes import outcomes

DRAWING = ("contourpy", "fonttools", "kiwisolver", "matplotlib", "numpy", "pandas", "pillow", "scikit-learn", "scipy")
"""The packages that decide the bytes of a figure."""
SETTING = ("jinja2", "typst")
"""Those that decide the bytes of the paper."""
VERBATIM = ("observations.csv", "incumbent.json")
"""Copies of the records, in which nothing is rounded."""
_QUOTED = re.compile(r'"quoted_commit":"([0-9a-z ]{,80})"')


def check_no_outcomes(findings: Findings) -> None:
    """Say of a search that is being made longer that what is computed from its records is not complete yet."""
    message = "the search is being made longer; run the workflow to its end"
    for name in (*VERBATIM, "paper.pdf", "paper.html", crate.METADATA):
        findings.add("derive", "outcome", name, Verdict.CANNOT_BE_CHECKED, message)


def check_outcomes(evidence: Evidence, findings: Findings) -> None:
    """Recompute the table, the incumbent, the figures with their data and the numbers from the records."""
    if not (evidence.configured and evidence.there(evidence.planned_places())):
        message = (
            "some of the evaluations that they are computed from are missing"
            if evidence.configured
            else f"config.yaml, which says what they are computed from, is {evidence.without_plan}"
        )
        findings.add("derive", "outcome", "observations.csv", Verdict.CANNOT_BE_CHECKED, message)
        return
    draws = _has_versions(evidence, DRAWING)
    with findings.distrust("derive", "outcome", "observations.csv"):
        _check_made(evidence, outcomes(evidence.results(), draws), findings)
    if not draws:
        message = "drawn with other libraries than those here; the data behind them are checked"
        findings.add("derive", "outcome", "figures", Verdict.NOT_CHECKED, message)


def check_paper(evidence: Evidence, findings: Findings) -> None:
    """Set the paper again, of the records and of what was computed from them, which is checked before.

    If that is not what the records give to the byte, a paper that is another one is no finding of its own.
    """
    page = evidence.path / "paper.html"
    files = ("paper.pdf", page.name)
    if missing := [name for name in files if not (evidence.path / name).is_file()]:
        for name in missing:
            findings.add("derive", "outcome", name, Verdict.CANNOT_BE_CHECKED, "missing; run the workflow to make it")
        return
    if not _has_versions(evidence, SETTING):
        for name in files:
            findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, "set with other libraries than those here")
        return
    with findings.distrust("derive", "outcome", page.name):
        facts = gather(evidence.path, evidence.strict())
        quoted = _QUOTED.search(page.read_text(errors="replace"))
        if quoted is None or quoted[1] != facts.commit:
            message = _of_other_code(NO_COMMIT if quoted is None else quoted[1], facts.commit)
            for name in files:
                findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, message)
            return
        given = [one for one in findings if one.check == "outcome" and one.subject.endswith((".csv", ".json"))]
        exact = all(one.verdict is Verdict.VERIFIED and not one.message for one in given)
        for path, again in (("paper.pdf", build(facts, evidence.path)), (page.name, html.build(facts, evidence.path))):
            if (evidence.path / path).read_bytes() == again:
                findings.add("derive", "outcome", path)
            elif exact:
                findings.add("derive", "outcome", path, Verdict.MISMATCH, "is not what the records give")
            else:
                message = "made of numbers and data that are not what the records give to the byte"
                findings.add("derive", "outcome", path, Verdict.NOT_CHECKED, message)


def _of_other_code(quoted: str, here: str) -> str:
    """What is to be said of a paper that quotes another commit than that of the code here."""
    version = code.version()
    if version.by == "git" and version.commit and not Repository(code.ROOT).has(quoted.partition(" ")[0]):
        return f"the page quotes no commit that this repository has ({quoted})"
    return f"the page quotes another commit of the code ({quoted}) than that here ({here})"


def check_crate(evidence: Evidence, findings: Findings) -> None:
    """Recompute the Run Crate of the files."""
    if not evidence.configured:
        message = f"config.yaml is {evidence.without_plan}"
        findings.add("derive", "outcome", crate.METADATA, Verdict.CANNOT_BE_CHECKED, message)
        return
    with findings.distrust("derive", "outcome", crate.METADATA):
        made = {crate.METADATA: crate.build(evidence.path, evidence.strict())}
        _check_made(evidence, made, findings)


def _check_made(evidence: Evidence, made: dict[str, bytes], findings: Findings) -> None:
    """Compare recomputed files with those found.

    Data, tables and numbers are compared by their numbers; drawings of equal data by their bytes.
    """
    close = set[str]()
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
            close |= {name.rpartition(".")[0]} if number else set()
            findings.add("derive", "outcome", name, Verdict.VERIFIED, only_rounded(number))
        elif name.rpartition(".")[0] in close:
            message = f"drawn of data that are the same only to {TOLERANCE:g} here, so not the same to the byte"
            findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, message)
        elif path.suffix == ".pdf" and not _packs_alike(evidence):
            message = "not the same to the byte, as another Python may pack the same page otherwise"
            findings.add("derive", "outcome", name, Verdict.NOT_CHECKED, message)
        else:
            findings.add("derive", "outcome", name, Verdict.MISMATCH, "is not what the records give")


def _has_versions(evidence: Evidence, packages: Sequence[str]) -> bool:
    """Whether packages are here in the versions of the search."""
    here = {name: importlib.metadata.version(name) for name in packages}
    there = [{name: one.packages.get(name) for name in packages} for one in evidence.environments.values()]
    return bool(there) and all(one == here for one in there)


def _packs_alike(evidence: Evidence) -> bool:
    """Whether a Python that ran the search is here, and with it the library that compresses a PDF."""
    return machine.python() in {one.python for one in evidence.environments.values()}
