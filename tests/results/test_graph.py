"""What each thing is made from is said in one place."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from results_folder import ROOT, plan_of, put, settings, write_search

from jointsearch.audit import ancestry, code_listing, crate, current, lineage, manifest, vocabulary
from jointsearch.audit.evidence import Evidence
from jointsearch.core import layout
from jointsearch.core.config import StudySettings, parse
from jointsearch.core.files import digest, read_record
from jointsearch.results import graph
from jointsearch.results.graph import Edge, Graph, Node
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import configuration, to_config
from jointsearch.workflow.study_jobs import StudyJobs

SMALL = settings(3)
PROMOTED = Node("proposals", layout.SEARCH, 0, 1)


def small(**changes: object) -> Graph:
    plan = plan_of(SMALL, 6, manual={"architectures": ["resnet_20"], "seeds": 2}, retraining={"seeds": 1})
    return Graph(plan, dict.fromkeys(plan.names, SMALL.model_copy(update=changes)))


def roles(node: Node, **changes: object) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for role, source in small(**changes).inputs_of(node):
        found.setdefault(role, []).append(source)
    return found


def test_a_history_continues_the_one_before_and_the_first_the_warm_start_if_any():
    for bracket in range(1, 4):
        assert roles(Node("history", "search", bracket))["previous"] == [Node("history", "search", bracket - 1)]
    assert "previous" not in roles(Node("history", "search", 0))
    assert roles(Node("history", "search", 0), warm_start="0" * 64)["previous"] == [Node("warm_start", "search")]


def test_a_history_sees_the_rungs_whose_lags_are_over():
    # Bracket 2 has the sizes 3 and 1; at its budgets the lags are 0 and 2.
    assert roles(Node("history", "search", 3), lags=(0, 2))["seen"] == [
        Node("rung", "search", 2, 0),
        Node("rung", "search", 0, 1),
    ]


def test_only_a_sampler_that_looks_at_it_is_shown_what_is_pending():
    node = Node("proposals", "search", 3)
    assert "pending" not in roles(node)
    assert roles(node, sampler="mfgp", lags=(2, 2))["pending"] == [
        Node("proposals", "search", 1),
        Node("proposals", "search", 2),
    ]


def test_trainings_go_on_from_the_rung_below_where_they_continue():
    training = SMALL.training.model_copy(update={"continuation": True})
    node = Node("evaluation", "search", 0, 1, 0)
    assert "continues" not in roles(node)
    assert roles(node, training=training)["continues"] == [Node("rung", "search", 0, 0)]
    assert "continues" not in roles(Node("evaluation", "search", 0, 0, 0), training=training)


def test_a_retraining_is_chosen_from_the_studies_that_it_follows():
    followed = roles(Node("proposals", "retraining", 1))["followed"]
    assert followed == [Node("study", "search"), Node("study", "manual")]
    assert sum(len(list(small().evaluations_of(one))) for one in followed) == 3 * (3 + 1 + 2) + 2


def promote_from(another: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give whatever is promoted another edge."""
    proposals = graph.INPUTS["proposals"]

    def with_another(known: Graph, node: Node) -> Iterator[Edge]:
        yield from proposals(known, node)
        if node.rung:
            yield another

    monkeypatch.setitem(graph.INPUTS, "proposals", with_another)


@pytest.fixture
def with_another_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is promoted is made from the images, too."""
    promote_from(Edge("images", graph.DATA), monkeypatch)


@pytest.mark.usefixtures("with_another_edge")
def test_a_new_kind_of_edge_takes_one_place(tmp_path):
    write_search(tmp_path, SMALL, 2)
    study_jobs = StudyJobs.from_config(parse({"experiment": "small"}))
    assert study_jobs.inputs("proposals", 0, 1)["images"] == [study_jobs.folder / "data.json"]
    evidence, name = Evidence.read(tmp_path), "search/bracket-000/rung-1/proposals.json"
    assert len(evidence.parents_of(PROMOTED)) == 3 + 1
    assert evidence.parents_of(PROMOTED)[-1] == digest(evidence.data)
    assert "data.json" in ancestry.files_of(evidence, [PROMOTED])
    assert "data.json" in [child.file for child in lineage.of_file(evidence, name).children]
    described = {one["@id"]: one for one in json.loads(crate.build(tmp_path))["@graph"]}
    assert {"@id": "data.json"} in described[f"#promote/{name}"]["object"]
    assert {"@id": "#parameter/data"} in described["workflow.smk#promote"]["input"]


def test_without_it_none_of_them_has_it(tmp_path):
    write_search(tmp_path, SMALL, 2)
    study_jobs = StudyJobs.from_config(parse({"experiment": "small"}))
    assert "images" not in study_jobs.inputs("proposals", 0, 1)
    evidence, name = Evidence.read(tmp_path), "search/bracket-000/rung-1/proposals.json"
    assert len(evidence.parents_of(PROMOTED)) == 3
    assert "data.json" not in ancestry.files_of(evidence, [Node("history", "search")])
    assert "data.json" not in [child.file for child in lineage.of_file(evidence, name).children]
    described = {one["@id"]: one for one in json.loads(crate.build(tmp_path))["@graph"]}
    assert {"@id": "#parameter/data"} not in described["workflow.smk#promote"]["input"]


FIRST, SECOND = (Node("evaluation", layout.SEARCH, 1, 0, slot) for slot in (0, 1))


@pytest.fixture
def with_another_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is promoted is also compared with the first rung of bracket 1, of which it names the second slot."""
    promote_from(Edge("compared", Node("rung", *FIRST[1:4])), monkeypatch)
    monkeypatch.setitem(graph.CHOSEN, "compared", lambda records, proposals, node: node == SECOND)


@pytest.mark.usefixtures("with_another_choice")
def test_a_new_kind_of_choice_takes_one_place(tmp_path):
    """All that was compared is an input, and only what was chosen a parent."""
    write_search(tmp_path, SMALL, 2)
    evidence, name = Evidence.read(tmp_path), "search/bracket-000/rung-1/proposals.json"
    both = {evidence.file_of(FIRST), evidence.file_of(SECOND)}
    assert evidence.parents_of(PROMOTED)[3:] == (evidence.digest_of(SECOND),)
    assert both <= ancestry.files_of(evidence, [PROMOTED])
    assert both & {child.file for child in lineage.of_file(evidence, name).children} == {evidence.file_of(SECOND)}
    described = {one["@id"]: one for one in json.loads(crate.build(tmp_path))["@graph"]}
    assert both <= {one["@id"] for one in described[f"#promote/{name}"]["object"]}


def test_each_thing_is_made_by_a_rule_of_the_workflow():
    known = small()
    nodes = [*known.products.values(), *(one for study in known.plan.studies for one in known.nodes_of(study))]
    assert {*graph.INPUTS} == {node.kind for node in nodes} | {"rung", "study"}
    made = {known.rule_of(node) for node in nodes if node.kind not in ("figure", "table")} - {None}
    # Those of figures and tables have no names in the text.
    _, *text = re.split(r"^ *rule ?(\w*):$", crate.workflow_text(ROOT / "Snakefile").decode(), flags=re.MULTILINE)
    rules = {rule for rule, body in zip(text[::2], text[1::2], strict=True) if rule and "output:" in body}
    assert made == rules
    assert not [kind for kind in ("plan", "rung", "study") if known.rule_of(Node(kind, layout.SEARCH))]
    assert rules - {*vocabulary.RULES} == {"experiment", "latex", "crate", "manifest"}
    assert {*vocabulary.RULES} - rules == {"figure", "table"}


def test_what_one_job_makes_has_one_rule_and_the_same_inputs():
    known = small()
    for kind, others in graph.TOGETHER.items():
        for one in (Node(other, study) for other in others for study in known.plan.names):
            whole = Node(kind, one.name)
            assert known.rule_of(one) == known.rule_of(whole) and known.inputs_of(one) == known.inputs_of(whole)


TABLE = "tables/importance_groups.csv"


@pytest.fixture
def with_a_table_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page to explore is made from a table, too."""
    page = graph.INPUTS["page"]

    def with_table(known: Graph, node: Node) -> Iterator[Edge]:
        yield from page(known, node)
        yield Edge("tables", Node("table", Path(TABLE).stem))

    monkeypatch.setitem(graph.INPUTS, "page", with_table)


def stale_with_the_table(folder: Path) -> set[str]:
    """Files to be remade when the code of the table alone has changed."""
    module = "src/jointsearch/analysis/tables/importance_groups.py"
    listed = [f"{'0' * 64}  {module}" if line.endswith(module) else line for line in code_listing.make().splitlines()]
    (folder / code_listing.NAME).write_text("\n".join([*listed, ""]))
    put(folder / manifest.NAME, manifest.make(folder).encode())
    return current.stale(folder, to_config(SMALL, 2))


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """A search that is complete, with the configuration that gives it."""
    write_search(tmp_path, SMALL, 2)
    frozen = read_record(tmp_path / "experiment.json", Experiment)
    for name, content in configuration(frozen, 2, StudySettings()).items():
        put(tmp_path / name, content)
    return tmp_path


@pytest.mark.usefixtures("with_a_table_on_the_page")
def test_an_edge_of_a_product_takes_one_place_too(ended):
    assert TABLE in ancestry.files_behind(Evidence.read(ended), "interactive.html")
    assert "interactive.html" in stale_with_the_table(ended)


def test_without_it_neither_audit_nor_time_stamps_have_it(ended):
    assert TABLE not in ancestry.files_behind(Evidence.read(ended), "interactive.html")
    stale = stale_with_the_table(ended)
    assert TABLE in stale and "interactive.html" not in stale


def test_what_follows_from_a_table_is_numbers_paper_and_all_that_lists_them(ended):
    followed = {"numbers.json", "paper.pdf", "paper.html", "ro-crate-metadata.json", "workflow.smk"}
    followed |= {manifest.NAME, code_listing.NAME}
    put(ended / crate.METADATA, b"{}")
    stale = stale_with_the_table(ended)
    assert {TABLE} | followed == stale


def test_a_figure_has_behind_it_its_own_files_and_all_evaluations_of_its_studies_and_no_other_figure(ended):
    behind = ancestry.files_behind(Evidence.read(ended), "figures/learning_curves.pdf")
    slots = {path.relative_to(ended).as_posix() for path in ended.glob("search/*/*/slot-*.json")}
    assert slots and slots | {"figures/learning_curves.csv", "data.json", "experiment.json", "plan.json"} <= behind
    assert not [name for name in behind if name.startswith("figures/") and "learning_curves" not in name]
    assert not behind & {"numbers.json", "observations.csv"}


def test_the_paper_has_everything_behind_it(ended):
    behind = ancestry.files_behind(Evidence.read(ended), "paper.pdf")
    names = {path.relative_to(ended).as_posix() for path in ended.rglob("*") if path.is_file()}
    beside = {"observations.csv", "incumbent.json", "workflow.smk"}
    assert names - behind == beside | {name for name in names if "/batch-" in name}
