"""Where the products of an experiment come from, as its graph says."""

import pytest

from jointsearch.audit import lineage
from jointsearch.audit.evidence import Evidence
from jointsearch.core import layout
from jointsearch.results.graph import EXPERIMENT, Node

PRODUCTS = {
    "observations.csv": Node("observations", "search"),
    "figures/budget_correlation.svg": Node("figure", "budget_correlation"),
    "space.yaml": Node("configuration"),
    "paper.pdf": Node("paper"),
    "paper.html": Node("paper"),
    "manifest.sha256": Node("manifest"),
}


@pytest.mark.parametrize(("file", "node"), PRODUCTS.items())
def test_a_product_comes_from_what_the_graph_says(folder, file, node):
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("whatever it says")
    evidence = Evidence.read(folder)
    assert evidence.graph.product(file) == node
    tree = lineage.find(evidence, file)
    files = {
        one.node.file().as_posix() for one in evidence.graph.inputs_of(node) if one.node.kind not in ("rung", "study")
    }
    assert {child.file for child in tree.children} - {None} == files
    assert tree.file == file


def test_a_table_of_evaluations_comes_from_those_of_its_study(folder):
    (folder / "observations.csv").write_text("whatever it says")
    evidence = Evidence.read(folder)
    said = [child.text for child in lineage.find(evidence, "observations.csv").children]
    assert f"{len(evidence.evaluations)} evaluations of search" in said


def test_a_record_is_no_product(folder):
    evidence = Evidence.read(folder)
    record = "search/bracket-000/rung-0/slot-00.json"
    assert evidence.graph.product(record) is None
    assert evidence.graph.product(layout.EXPERIMENT) == EXPERIMENT
