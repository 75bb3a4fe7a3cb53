from dataclasses import replace
from typing import Any

import pytest
from arm_runs import arms
from synthetic import results

from jointsearch.core.config import BudgetSettings, Config, DataSettings
from jointsearch.paper.arms import METHODS, arm_texts
from jointsearch.results.results import Results
from jointsearch.samplers.registry import REGISTRY
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


@pytest.fixture(scope="module")
def made() -> tuple[Results, dict[str, Experiment]]:
    return planned_arms({})


def planned_arms(arms: dict[str, Any], budget: BudgetSettings = EPOCHS) -> tuple[Results, dict[str, Experiment]]:
    section = {"brackets": 4, "repeats": 2, "start": "resnet_20"} | ({"arms": arms} if arms else {})
    settings = Config.model_validate(
        {
            "experiment": "x",
            "data": DataSettings(name="digits").model_dump(),
            "budget": budget.model_dump(),
            "studies": {"arms": section, "correlation": {}},
        }
    )
    experiment = resolve(settings)
    planned = kinds.plan(settings, experiment)
    known = replace(results(budget), plan=kinds.record(planned, experiment), experiment=experiment)
    return known, {name: one.experiment for name, one in planned.items()}


def test_each_arm_says_what_it_searches_by_what_and_its_share(made) -> None:
    found = {arm.name: arm for arm in arm_texts(*made)[0]}
    assert found["joint_bohb"].text == "the whole space by BOHB"
    assert found["joint_random"].text == "the whole space by random search, all at the full budget"
    assert found["architecture_first"].text == (
        "architecture by BOHB with 50 % of the budget, then hyperparameters by BOHB with 50 % of the budget"
    )
    assert [name for name, arm in found.items() if arm.stepwise] == ["architecture_first", "hyperparameters_first"]
    assert {arm.repeats for arm in found.values()} == {2} and next(iter(found)) == "joint_bohb"


@pytest.mark.parametrize("rest", ["", ", all at the full budget"], ids=["budgets", "a single budget"])
def test_a_gradient_step_has_the_share_that_it_trains_and_no_budget_of_the_search(rest) -> None:
    steps = [{"search": "architecture", "sampler": "gradients"}, {"search": "hyperparameters"}]
    budget = EPOCHS.model_copy(update={"minimum": 3}) if rest else EPOCHS
    known, planned = planned_arms({"joint_bohb": None, "gradients_first": {"steps": steps}}, budget)
    (found,) = [arm.text for arm in arm_texts(known, planned)[0] if arm.stepwise]
    assert found == (
        "architecture by gradients in a weight-sharing network with 50 % of the budget, "
        f"then hyperparameters by BOHB{rest} with 50 % of the budget"
    )


def test_each_method_says_once_how_it_differs_from_its_original(made) -> None:
    known, planned = made
    _, methods = arm_texts(known, planned)
    assert [methods.count(METHODS[name][1]) for name in ("bohb", "random", "hyperband", "tpe")] == [1, 1, 1, 0]
    own = {
        name: one.model_copy(update={"sampler": "my.samplers:guess"}) if name.startswith("joint_hyperband") else one
        for name, one in planned.items()
    }
    found, methods = arm_texts(known, own)
    assert "The sampler my.samplers:guess is not of this workflow." in methods
    assert next(arm.text for arm in found if arm.name == "joint_hyperband").endswith(
        "by the sampler my.samplers:guess in the brackets of Hyperband"
    )


def test_every_sampler_has_its_words() -> None:
    assert set(METHODS) == {*REGISTRY, "gradients"}


def test_without_arms_there_is_nothing_to_say_and_arms_of_another_configuration_say_so() -> None:
    assert arm_texts(results(EPOCHS), {}) == ((), "")
    found, methods = arm_texts(arms(EPOCHS, 1, 4), {})
    assert {arm.text.split(" with")[0] for arm in found if not arm.stepwise} == {
        "a search that this configuration does not plan"
    }
    assert methods == ""
