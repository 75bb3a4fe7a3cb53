"""Our exports as DeepCAVE reads them. Runs in its own environment, with Python 3.10: `make test-deepcave`."""

import json
from pathlib import Path

import pytest
from deepcave.plugins.budget.budget_correlation import BudgetCorrelation
from deepcave.runs.converters.bohb import BOHBRun
from deepcave.runs.status import Status

FOLDERS = sorted(Path(__file__).parents[2].glob(".venv-deepcave/exports/*"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request):
    return request.param


@pytest.fixture
def run(folder):
    return BOHBRun.from_path(folder)


@pytest.fixture
def expected(folder):
    return json.loads((folder / "expected.json").read_text())


def in_order(trials):
    return sorted(trials, key=lambda trial: (sorted(trial[0].items()), trial[1]))


def test_there_are_exports():
    assert len(FOLDERS) == 6


def test_every_trial_is_there_with_its_budget_and_cost(run, expected):
    trials = [[run.configs[trial.config_id], trial.budget, trial.costs[0]] for trial in run.history]
    assert in_order(trials) == in_order(expected["trials"])
    assert run.get_budgets(include_combined=False) == expected["budgets"]


def test_failures_are_crashed_and_nothing_else_is(run, expected):
    crashed = [trial for trial in run.history if trial.status == Status.CRASHED]
    assert len(crashed) == sum(loss is None for *_, loss in expected["trials"])
    assert {trial.status for trial in run.history} <= {Status.SUCCESS, Status.CRASHED}


def test_its_budget_correlation_is_ours(run, expected):
    theirs = BudgetCorrelation.process(run, {"objective_id": 0})["correlations"]
    assert len(expected["correlations"]) == 6
    for lower, higher, spearman in expected["correlations"]:
        # DeepCAVE rounds to two decimals.
        assert abs(theirs[higher][lower] - spearman) <= 0.005 + 1e-9
