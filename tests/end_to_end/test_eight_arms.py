"""The eight arms of `config/arms.yaml` with real trainings, each in a tiny budget: what they say, and its audit."""

import math
from collections import Counter
from pathlib import Path

import pytest

from jointsearch.analysis.csv_file import parse
from jointsearch.audit import audit
from jointsearch.audit.findings import Verdict
from jointsearch.core import config, yaml_file
from jointsearch.paper.facts import gather
from jointsearch.results.results import Results
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

TITLES = {
    "joint_bohb": "joint BOHB",
    "joint_random": "joint random search",
    "joint_tpe_full": "joint TPE full",
    "joint_smac": "joint SMAC",
    "smac_first": "SMAC first",
    "ppo_first": "PPO first",
    "evolution_first": "evolution first",
    "gradients_first": "gradients first",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of the experiment: budgets of 2 and 6 steps, and two brackets, twice, for each arm."""
    raw = yaml_file.load(Path("config/arms.yaml"))
    raw["budget"] |= {"minimum": 2, "maximum": 6}
    raw["search"]["length"] = 1
    raw["studies"]["arms"]["brackets"] = 2
    all_jobs = StudyJobs.all_from_config(config.parse(raw), tmp_path_factory.mktemp("arms"))
    driver.run(all_jobs)
    driver.finish(all_jobs)
    return all_jobs["search"].folder


def test_each_arm_spends_the_whole_budget_in_each_repeat(finished):
    """By hand: a bracket of two budgets costs two full ones, of 6 steps."""
    results, spent = Results.read(finished), Counter()
    for study in results.plan.studies[1:]:
        spent[study.arm, study.repeat] += sum(one.budget for one in results.evaluations(study.name))
    assert spent == dict.fromkeys([(arm, repeat) for arm in TITLES for repeat in (0, 1)], 4 * 6)


def test_the_figure_the_table_and_the_paper_show_all_of_them(finished):
    rows = parse((finished / "tables/arms_table.csv").read_bytes())
    assert dict(zip(rows["arm"], rows["title"], strict=True)) == TITLES
    assert set(rows["complete"]) == {2}
    figure = (finished / "figures/arms.svg").read_text()
    assert all(title in figure for title in TITLES.values())
    assert {one.title for one in gather(finished).arms} == set(TITLES.values())
    assert (finished / "paper.pdf").read_bytes().startswith(b"%PDF-")


def test_an_audit_derives_all_of_it_again(finished, undrawn):
    """The code need not be committed where tests run; test_audit.py shows that figures and paper are checked too."""
    drawn = {"figures", "paper.pdf", "paper.html"}
    findings = audit.run(finished, "derive").findings
    found = [one for one in findings if one.level != "retrain" and one.subject not in drawn]
    bad = [one for one in found if one.verdict is not Verdict.VERIFIED and one.check != "committed"]
    assert bad == []
    assert Counter(one.level for one in found)["derive"] > len(TITLES)


def cheap(trial):
    """An error with its minimum inside."""
    return abs(math.log10(trial.values["learning_rate"]) + 1) / 4 + abs(trial.values["residual_blocks_1"] - 2) / 16


def test_every_step_of_the_example_that_should_learn_does(tmp_path):
    """Without the gradient-based step, which only trainings of the network can make."""
    raw = yaml_file.load(Path("config/arms.yaml"))
    raw |= {"objective": "examples.boosting.boosting:evaluate", "search": {"length": 1, "length_unit": "brackets"}}
    raw["studies"]["arms"]["repeats"] = 1
    raw["studies"]["arms"]["arms"]["gradients_first"]["steps"][0] = {"search": "architecture", "sampler": "random"}
    del raw["data"], raw["training"]
    all_jobs = StudyJobs.all_from_config(config.parse(raw), tmp_path)
    driver.run(all_jobs, cheap)
    results = Results.read(all_jobs["search"].folder)
    learned: dict[str, set[str]] = {}
    for study in results.plan.studies:
        for one in results.evaluations(study.name):
            if one.proposal.origin.kind == "model" and study.arm is not None:
                learned.setdefault(study.name, set()).add(one.proposal.id)
    least = {name: len(proposals) for name, proposals in learned.items()}
    assert set(least) == {
        "joint_bohb-0",
        "joint_tpe_full-0",
        "joint_smac-0",
        *(f"{sampler}_first-0-{step}" for sampler in ("smac", "ppo", "evolution") for step in (1, 2)),
        "gradients_first-0-2",
    }
    assert min(least.values()) >= 10
