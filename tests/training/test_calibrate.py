"""The model behind budgets in nominal seconds, and what it is fitted to."""

import dataclasses

import numpy as np
import pytest
import torch

from jointsearch.core import config, yaml_file
from jointsearch.core.config.budget import NominalSettings
from jointsearch.core.errors import Invalid, UserError
from jointsearch.networks.cost import StepCost
from jointsearch.search.resolve import resolve
from jointsearch.training import calibrate
from jointsearch.training.calibrate import Timed

CPU = torch.device("cpu")
MODEL = NominalSettings(step=2e-3, convolution=3e-4, gflop=0.02, megabyte=5e-4)
RAW = {"experiment": "small", "space": "config/spaces/joint17-digits.yaml", "data": {"name": "digits"}}


def timed(model: NominalSettings, noise: float = 0.0, count: int = 40) -> list[Timed]:
    rng = np.random.default_rng(0)
    costs = [
        StepCost(0, int(1e9 * rng.lognormal(-2)), 0, int(1e6 * rng.lognormal(1)), int(rng.integers(5, 60)))
        for _ in range(count)
    ]
    seconds = calibrate.predict(model, [Timed(cost, 1.0) for cost in costs])
    return [
        Timed(cost, one * float(np.exp(noise * rng.standard_normal())))
        for cost, one in zip(costs, seconds, strict=True)
    ]


@pytest.fixture
def experiment():
    return resolve(config.parse(RAW | {"training": {"precision": "float32"}}))


@pytest.mark.parametrize("without", [None, *NominalSettings.model_fields])
def test_the_fit_finds_the_model_of_exact_times_also_where_a_part_takes_none(without):
    model = MODEL if without is None else MODEL.model_copy(update={without: 0.0})
    assert dict(calibrate.fit(timed(model))) == pytest.approx(dict(model), abs=1e-9, rel=1e-3)


def test_no_coefficient_is_below_zero_whatever_the_times():
    rng = np.random.default_rng(1)
    wild = [dataclasses.replace(one, seconds=float(rng.lognormal())) for one in timed(MODEL)]
    assert all(seconds >= 0 for _, seconds in calibrate.fit(wild))


def test_agreement_is_that_of_the_logarithms_and_of_relative_errors():
    found = calibrate.agreement([1.1, 2.0, 3.0], [1.0, 2.0, 4.0])
    assert (found.median, found.most) == pytest.approx((0.1, 0.1 + 0.8 * 0.15))
    logs = np.log([1, 2, 4])
    rest = np.log(1.1) ** 2 + np.log(0.75) ** 2
    assert found.r2 == pytest.approx(1 - rest / ((logs - logs.mean()) ** 2).sum())
    assert calibrate.agreement([1.0, 2.0], [1.0, 2.0]) == calibrate.Agreement(0, 0, 1)


def test_each_half_is_predicted_without_its_own_times():
    """Halves that follow other models: each is predicted by the other's."""
    slow = NominalSettings(step=4e-3, convolution=6e-4, gflop=0.04, megabyte=1e-3)
    mixed = [pair for both in zip(timed(MODEL)[::2], timed(slow)[1::2], strict=True) for pair in both]
    assert calibrate.cross_validated(mixed).median == pytest.approx(0.75, abs=0.01)
    assert calibrate.cross_validated(timed(MODEL)).most < 1e-3


def test_the_report_is_a_part_of_a_configuration():
    text = calibrate.report(timed(MODEL, noise=0.1), "float32", CPU)
    raw = yaml_file.parse(text, "report")
    read = config.parse(RAW | raw)
    assert dict(read.budget.nominal) == pytest.approx(dict(MODEL), rel=0.3)
    assert read.training.precision == "float32"
    assert "40 random configurations on one thread of" in text and "R2 of the logarithms 0.9" in text
    assert f"float32, torch {torch.__version__}" in text and "minimum and maximum are then nominal seconds" in text
    seconds = sorted(one.seconds for one in timed(MODEL, noise=0.1))
    assert f"A step takes {seconds[0]:.2g} to {seconds[-1]:.2g} s" in text


def test_the_configurations_are_the_same_each_time(experiment):
    first, again = (calibrate.draw_tasks(experiment, 12) for _ in range(2))
    assert first == again
    assert len({task.parameters for task in first}) == 12


def test_steps_are_timed_in_the_order_of_the_tasks(experiment, few_digits):
    tasks = calibrate.draw_tasks(experiment, 8)
    found = calibrate.time_steps(tasks, few_digits, CPU, 1e-3)
    assert [one.cost for one in found] == [calibrate.cost_of(task, few_digits, "float32") for task in tasks]
    assert all(1e-5 < one.seconds < 1 for one in found)


def test_too_few_configurations_within_the_limits_are_refused(few_digits):
    limited = config.parse(RAW | {"training": {"maximum_parameters": 1}})
    with pytest.raises(UserError, match="0 of 8 random configurations can be built and are within the limits"):
        calibrate.time_steps(calibrate.draw_tasks(resolve(limited), 8), few_digits, CPU, 1e-3)


def test_configurations_that_cannot_be_built_are_left_out(experiment, few_digits, monkeypatch):
    def cost_of(task, *rest):
        if task is tasks[3]:
            raise Invalid("no such network")
        return known(task, *rest)

    known, tasks = calibrate.cost_of, calibrate.draw_tasks(experiment, 9)
    monkeypatch.setattr(calibrate, "cost_of", cost_of)
    found = calibrate.time_steps(tasks, few_digits, CPU, 1e-3)
    assert [one.cost for one in found] == [known(task, few_digits, "float32") for task in tasks if task is not tasks[3]]


@pytest.mark.parametrize("budget", ["", "budget: {unit: nominal_seconds, minimum: 1.5, maximum: 40.5}"])
def test_a_configuration_is_read_before_it_has_coefficients(tmp_path, budget):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiment: x\n{budget}\n")
    assert calibrate.read_config(path).experiment == "x"


def test_a_training_of_ones_own_has_no_steps_to_time(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("experiment: x\nobjective: my.module:train\nbudget: {unit: trees}\njobs: {seconds_per_unit: 1}\n")
    with pytest.raises(UserError, match="objective: is trained by code of your own"):
        calibrate.read_config(path)
