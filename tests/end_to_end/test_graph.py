"""The graph says of every job what Snakemake plans for it."""

import re
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import pytest

from end_to_end.conftest import ROOT, Workspace
from jointsearch.core import config, layout
from jointsearch.core.files import write_record
from jointsearch.core.history import WarmStart
from jointsearch.results.graph import IMPLIED, PLAN, Graph, Node
from jointsearch.workflow.study_jobs import StudyJobs

REPORT = ROOT / "workflow/report/workflow.rst"
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


class Job(NamedTuple):
    """A job that a dry run has listed."""

    rule: str
    inputs: set[str]
    outputs: set[str]


def planned(workspace: Workspace) -> list[Job]:
    """All jobs of the workflow."""
    printed = workspace.snakemake("results/small/latex", "all", "--dry-run", "--quiet", "host")
    _, *parts = re.split(r"^(?:local)?rule (\w+):$", printed, flags=re.MULTILINE)
    jobs = []
    for rule, text in zip(parts[::2], parts[1::2], strict=True):
        lists: dict[str, str] = dict(
            re.findall(r"^    (input|output): (.+)$", re.sub(r" \(\w+\)", "", text), flags=re.MULTILINE)
        )
        inputs, outputs = (set(filter(None, lists.get(of, "").split(", "))) for of in ("input", "output"))
        jobs.append(Job(rule, inputs, outputs))
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
    inputs = {output: job.inputs for job in planned(workspace) for output in job.outputs}
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
            assert {one for one in inputs[path] if one.startswith("results/")} == expected, path
            seen.add(path)
    assert seen == {path for path in inputs if path.startswith("results/")}
    kinds = {node.kind for node in nodes(study_jobs.graph)}
    roles = {role for node in nodes(study_jobs.graph) for role, _ in study_jobs.graph.inputs_of(node)}
    assert {"warm_start", "incumbent"} <= kinds
    assert {"pending", "after", "continues", "followed", "keeps", "previous", "seen", "below"} <= roles


def test_the_report_draws_arrows_between_rules_as_their_jobs_follow_each_other(workspace):
    jobs = [job._replace(rule=re.sub("^(figure|table)_.*", r"\1_NAME", job.rule)) for job in planned(workspace)]
    made_by = {output: job.rule for job in jobs for output in job.outputs}
    arrows = {(made_by[path], job.rule) for job in jobs for path in job.inputs & made_by.keys()}
    (graph,) = re.findall(r"by rule .*?::\n\n(.*?)\n\n\S", REPORT.read_text(), re.DOTALL)
    drawn = set()
    for line in graph.splitlines():
        lists = (part.strip().split(", ") for part in line.split("-->"))
        stops = [[name for name in names if name.isidentifier()] for names in lists]
        drawn |= {arrow for before, after in pairwise(stops) for arrow in product(before, after)}
    assert drawn - arrows == set()
    # A search need not start from another one.
    assert set(made_by.values()) - {rule for arrow in drawn for rule in arrow} == {"warm_start"}


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
