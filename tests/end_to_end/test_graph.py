"""The graph says of every job what Snakemake plans for it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.conftest import ROOT, Workspace
from jointsearch.core import config, layout
from jointsearch.core.files import write_record
from jointsearch.core.history import WarmStart
from jointsearch.results.graph import IMPLIED, PLAN, Graph, Node
from jointsearch.workflow.study_jobs import StudyJobs

ALL = {
    "correlation": {"configurations": 3},
    "manual": {"architectures": ["wide_resnet_10_2"], "seeds": 2},
    "arms": {
        "arms": dict.fromkeys(["joint_bohb", "joint_hyperband", "architecture_first"]),
        "brackets": 4,
        "repeats": 1,
        "start": "wide_resnet_10_2",
    },
    "retraining": {"seeds": 2},
}
"""Every kind of study, two of two steps."""


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """A search that has every kind of edge: continuation, warm start, proposals without results, lags, batches of 2."""
    space = (ROOT / "config/spaces/joint17-digits.yaml").read_text()
    space = space.replace("lower: 4, upper: 8", "lower: 4, upper: 16").replace("lower: 0.75", "lower: 0.5")
    (workspace.folder / "space.yaml").write_text(space)
    start = WarmStart(experiment="0" * 64, study="search", source="0" * 64, observations=())
    write_record(workspace.folder / "warm_start.json", start)
    workspace.configure(
        budget={"minimum": 2, "maximum": 6},
        search={"length": 6, "lags": [0, 2], "sampler": "mfgp", "warm_start": "warm_start.json"},
        training={"continuation": True},
        jobs={"evaluations_per_job": 2},
        studies=ALL,
    )
    return workspace


def planned(printed: str) -> dict[str, set[str]]:
    """Inputs by output of the jobs that a dry run has listed."""
    jobs = {}
    for text in re.split(r"^(?:local)?rule \w+:$", printed, flags=re.MULTILINE):
        lists: dict[str, str] = dict(
            re.findall(r"^    (input|output): (.+)$", re.sub(r" \(\w+\)", "", text), flags=re.MULTILINE)
        )
        for output in lists.get("output", "").split(", "):
            jobs[output] = set(filter(None, lists.get("input", "").split(", ")))
    return jobs


def nodes(graph: Graph) -> Iterator[Node]:
    """Everything that jobs make, all of which the manifest is made from."""
    known, waiting = set(), [Node("manifest"), Node("latex")]
    while waiting:
        node = waiting.pop()
        if node not in known:
            known.add(node)
            yield node
            waiting += [source for _, source in graph.inputs_of(node)]


def test_every_job_has_the_inputs_that_the_graph_says_and_no_others_of_the_results(workspace, monkeypatch):
    jobs = planned(workspace.snakemake("results/small/latex", "all", "--dry-run", "--quiet", "host"))
    monkeypatch.chdir(workspace.folder)
    all_jobs = StudyJobs.all_from_config(config.read(Path("config.yaml")))
    study_jobs = all_jobs[layout.SEARCH]
    seen = set()
    for node in nodes(study_jobs.graph):
        if node.kind in ("rung", "study", "plan"):
            continue
        asked = study_jobs.inputs(node.kind, node.bracket, node.rung, node.name)
        expected = {str(path) for of_role in asked.values() for path in of_role}
        for path in map(str, study_jobs.files(node)):
            assert {one for one in jobs[path] if one.startswith("results/")} == expected, path
            seen.add(path)
    assert seen == {path for path in jobs if path.startswith("results/")}
    kinds = {node.kind for node in nodes(study_jobs.graph)}
    roles = {role for node in nodes(study_jobs.graph) for role, _ in study_jobs.graph.inputs_of(node)}
    assert {"warm_start", "incumbent"} <= kinds
    assert {"pending", "after", "continues", "followed", "keeps", "previous", "seen", "below"} <= roles


def test_what_a_training_goes_on_from_lies_behind_its_proposals(workspace, monkeypatch):
    """So that its job does not have to ask for it."""
    monkeypatch.chdir(workspace.folder)
    graph = StudyJobs.from_config(config.read(Path("config.yaml"))).graph
    implied = 0
    for node in nodes(graph):
        inputs = graph.inputs_of(node)
        behind = {source for _, asked in inputs for _, source in graph.inputs_of(asked)}
        for role, source in inputs:
            if role in IMPLIED and source != PLAN:
                implied += 1
                assert source in behind
    assert implied
