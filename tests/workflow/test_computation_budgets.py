"""Budgets that count computation: exact, the same on a busy machine, and without a clock."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from jointsearch.audit import derive_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.retrain import RetrainOptions, check_trainings
from jointsearch.core import config, layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import write_record
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.results.results import Results
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

NOMINAL = {"step": 1e-4, "convolution": 1e-5, "gflop": 0.05, "megabyte": 1e-3}
BUDGETS = {
    # The lowest is shorter than a step of the largest networks.
    "gflop": {"unit": "gflop", "minimum": 0.12, "maximum": 1.08},
    "nominal_seconds": {"unit": "nominal_seconds", "minimum": 0.012, "maximum": 0.108, "nominal": NOMINAL},
}


def all_jobs(folder: Path, unit: str, **training: object) -> dict[str, StudyJobs]:
    given = {
        "experiment": "small",
        "space": "config/spaces/joint17-digits.yaml",
        "data": {"name": "digits"},
        "cache_root": str(folder / "cache"),
        "budget": BUDGETS[unit],
        "training": {"precision": "float32"} | training,
        "search": {"length": 1, "length_unit": "brackets", "lags": [0, 1, 1]},
        "jobs": {"device": "cpu", "evaluations_per_job": 9},
    }
    return StudyJobs.all_from_config(config.parse(given), folder / "results")


def trained(folder: Path, unit: str) -> Path:
    """Train a search; the folder of its results."""
    planned = all_jobs(folder, unit)
    driver.run(planned)
    return planned["search"].folder


def evaluations(folder: Path) -> list[Evaluation]:
    return Results.read(folder).evaluations("search")


def problems(folder: Path) -> list[str]:
    """What an audit finds wrong with the budgets."""
    findings = Findings()
    derive_plan.check_plan(Evidence.read(folder), findings)
    return [one.message for one in findings if one.check == "budget" and one.verdict != Verdict.VERIFIED]


def edit(folder: Path, one: Evaluation, **changes: object) -> None:
    file = layout.slot_file(layout.rung_folder(folder / "search", one.bracket, one.rung), one.slot)
    file.unlink()
    write_record(file, one.model_copy(update=changes))


@pytest.fixture(scope="module", params=BUDGETS)
def unit(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(unit, tmp_path_factory) -> Path:
    return trained(tmp_path_factory.mktemp(unit), unit)


def cost_of(one: Evaluation, images: tuple[int, int, int], unit: str) -> float:
    parameters = Hyperparameters.from_values(one.proposal.values)
    cost = step_cost(parameters, images, 10, parameters.batch_size)
    if unit == "gflop":
        return cost.operations / 1e9
    parts = {"step": 1, "convolution": cost.convolutions, "gflop": cost.operations / 1e9, "megabyte": cost.saved / 1e6}
    return sum(NOMINAL[name] * part for name, part in parts.items())


def test_a_training_takes_the_whole_steps_of_its_budget_and_reads_no_clock(folder, unit):
    made = evaluations(folder)
    assert len(made) == 13
    for one in made:
        of_step = cost_of(one, (1, 8, 8), unit)
        assert one.step_cost == pytest.approx(of_step, rel=1e-12)
        assert (one.status, one.steps) == ("success", max(1, round(one.budget / of_step)))
        assert one.observed.clock is None
    assert any(one.message == "the budget is shorter than one step; one step was trained" for one in made)


def test_a_larger_network_gets_fewer_steps(folder):
    lowest = sorted((one for one in evaluations(folder) if one.rung == 0), key=lambda one: one.step_cost)
    steps = [one.steps for one in lowest]
    assert steps == sorted(steps, reverse=True) and steps[0] > steps[-1] == 1


@pytest.mark.parametrize("unit", ["nominal_seconds"], indirect=True, scope="module")
def test_the_bits_are_the_same_in_parallel_on_a_busy_machine(folder, unit, tmp_path):
    alone = [one.derivable() for one in evaluations(folder)]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            both = pool.starmap(trained, [(tmp_path / name, unit) for name in "ab"])
    finally:
        for process in busy:
            process.kill()
            process.wait()
    for again in both:
        assert [one.derivable() for one in evaluations(again)] == alone


def test_an_audit_trains_them_again_to_the_bit(folder, tmp_path):
    threads, findings, evidence = torch.get_num_threads(), Findings(), Evidence.read(folder)
    places = [("search", 0, 0, 0), ("search", 0, 2, 0)]
    check_trainings(evidence, places, RetrainOptions("cpu", Path("data"), tmp_path / "cache", 0.0), findings)
    torch.set_num_threads(threads)
    assert [one.verdict for one in findings] == [Verdict.VERIFIED] * 2
    assert all(one.message.startswith("the same, bit for bit, after") for one in findings)


def test_an_audit_derives_the_steps_from_the_cost_of_the_network(folder):
    assert problems(folder) == []
    one = evaluations(folder)[0]
    for changes, message in (
        ({"steps": one.steps + 1}, f"{one.steps + 1} steps, {one.epochs:g} epochs are not a budget of"),
        ({"step_cost": one.step_cost * 1.01}, f"its step_cost is not {one.step_cost:.6g}, what a step of its network"),
        ({"step_cost": None}, f"its step_cost is not {one.step_cost:.6g}"),
    ):
        edit(folder, one, **changes)
        [found] = problems(folder)
        assert found.startswith(message)
    edit(folder, one)
    assert problems(folder) == []


def test_a_training_that_continues_gets_the_steps_of_the_next_budget_in_all(unit, tmp_path):
    planned = all_jobs(tmp_path, unit, continuation=True)
    driver.run(planned)
    folder = planned["search"].folder
    made = {one.id: one for one in evaluations(folder)}
    later = [one for one in made.values() if one.continues]
    assert len(later) == 4
    for one in later:
        before = made[one.continues].steps
        assert one.steps == max(round(one.budget / one.step_cost), before + 1)
    assert problems(folder) == []
