"""An audit as one static page: no script, no network."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from jointsearch.audit import lineage
from jointsearch.audit.audit import Audit
from jointsearch.audit.lineage import TreeNode
from jointsearch.core.units import unit_name

TEMPLATE = Path(__file__).with_name("page.html.j2")
MOST_TREES = 200
"""The most trees on a page: those of the highest budgets."""


def render(audits: Sequence[Audit]) -> bytes:
    """Render audits of experiments."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["first_word"] = lambda words: words.partition(" ")[0].strip(",")
    template = environment.from_string(TEMPLATE.read_text())
    return template.render(audits=[_contents(audit) for audit in audits]).encode()


def _contents(audit: Audit) -> dict[str, object]:
    evidence = audit.evidence
    marks = {file: verdict.words for file, verdict in audit.findings.verdicts().items()}
    highest = sorted(evidence.evaluations, key=lambda place: (-evidence.evaluations[place].budget, place))
    rows: list[dict[str, object]] = []
    for place in highest:
        one = evidence.evaluations[place]
        tree = lineage.of_evaluation(evidence, place) if len(rows) < MOST_TREES else TreeNode(f"evaluation {one.id}")
        rows.append({"one": one, "mark": marks.get(evidence.file(*place), ""), "tree": tree})
    return {
        "name": evidence.experiment.name,
        "root": audit.root,
        "verdict": audit.findings.verdict.words,
        "counts": [(level, check, counts) for (level, check), counts in audit.findings.counts().items()],
        "problems": [*audit.findings.problems, *audit.findings.notes],
        "unit": unit_name(evidence.experiment.budget.unit),
        "rows": rows,
        "marks": marks,
    }
