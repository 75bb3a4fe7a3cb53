"""Where the products of an experiment come from, as its graph says."""

import pytest

from jointsearch.analysis.number import Number
from jointsearch.analysis.numbers import Numbers
from jointsearch.audit import lineage
from jointsearch.audit.evidence import BrokenEvidenceError, Evidence
from jointsearch.core import layout
from jointsearch.core.files import write_record
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


def record(rung: int, slot: int) -> str:
    return f"search/bracket-000/rung-{rung}/slot-{slot:02d}.json"


def chain(folder) -> list[tuple[str, str | None, bool]]:
    """Lines on where the evaluation at the largest budget was promoted from."""
    tree = lineage.find(Evidence.read(folder), record(2, 0))
    return [(one.text, one.file, one.lost) for one in tree if one.text.startswith("promoted from")]


def test_a_chain_of_promotions_names_a_lost_link_and_goes_on_below_it(folder):
    whole = chain(folder)
    assert len(whole) == 2 and not any(lost for *_, lost in whole)
    for damage in (lambda path: path.write_bytes(path.read_bytes()[:300]), lambda path: path.unlink()):
        damage(folder / whole[1][1])
        lowest, link = chain(folder)
        assert lowest == whole[0]
        name = whole[1][0].partition(":")[0]
        assert link == (f"{name}: missing or damaged, restore it", whole[1][1], True)


def test_a_chain_of_promotions_names_lost_proposals_if_they_alone_said_which_record_is_lost(folder):
    [lowest, (text, file, _)] = chain(folder)
    (folder / file).unlink()
    proposals = "search/bracket-000/rung-1/proposals.json"
    (folder / proposals).unlink()
    assert chain(folder) == [lowest, (f"{text.partition(':')[0]}: missing or damaged, restore it", proposals, True)]


@pytest.mark.parametrize("alone", [True, False])
def test_a_number_names_the_evaluations_that_are_lost(folder, alone):
    evidence = Evidence.read(folder)
    names = {f"search/{one.id}": evidence.file(*place) for place, one in evidence.evaluations.items()}
    sources = tuple(names)[:1] if alone else tuple(names)
    number = Number(meaning="made up", value=1.0, unit="%", digits=1, sources=sources)
    write_record(folder / "numbers.json", Numbers(experiment=evidence.experiment.id, numbers={"one": number}))
    (folder / names[sources[0]]).unlink()
    tree = lineage.find(Evidence.read(folder), "paper:one")
    assert len(tree.children) == len(sources)
    assert [one.file for one in tree if one.lost] == [names[sources[0]]]


def test_numbers_of_another_experiment_are_no_evidence(folder):
    write_record(folder / "numbers.json", Numbers(experiment="0" * 64, numbers={}))
    with pytest.raises(BrokenEvidenceError, match="holds numbers of another experiment"):
        lineage.find(Evidence.read(folder), "paper:one")
