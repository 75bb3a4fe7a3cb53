"""SMAC3 behind our interface: what it is told, and what comes of it."""

import copy
import logging

import numpy as np
import pytest
from sampler_properties import ARCHITECTURE, BUDGETS, OUTLOOK, SPACES, SamplerProperties, history

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.peers.smac_settings import SmacSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

smac = pytest.importorskip("smac")

from ConfigSpace import Configuration  # noqa: E402
from smac import HyperparameterOptimizationFacade, Scenario  # noqa: E402
from smac.runhistory import TrialInfo, TrialValue  # noqa: E402

from jointsearch.samplers.peers.smac import Smac, _order_starts  # noqa: E402 - takes SMAC3

FAST = {"challengers": 100, "local_search_iterations": 2}
GRID = Space(
    SpaceFile.parse({"hyperparameters": {f"n{i}": {"type": "integer", "lower": 0, "upper": 3} for i in range(2)}})
)


@pytest.mark.parametrize("name", ["smac"])
class TestProperties(SamplerProperties):
    pass


def propose(space, known, count=8, outlook=OUTLOOK, seed=0, **settings):
    sampler = Smac("smac", SmacSettings(**{**FAST, **settings}))
    return sampler(space, known, count, np.random.default_rng(seed), outlook)


def kinds(suggestion):
    return [one.origin.kind for one in suggestion.configurations]


def test_same_defaults():
    scenario = smac.Scenario(SPACES["joint17"].configuration_space)
    facade, ours = smac.MultiFidelityFacade, SmacSettings()
    selector = facade.get_config_selector(scenario).meta
    assert (ours.retrain_after, ours.min_trials) == (selector["retrain_after"], selector["min_trials"])
    assert ours.n_trials == scenario.n_trials
    assert ours.n_trees == facade.get_model(scenario).meta["n_estimators"]
    maximizer = facade.get_acquisition_maximizer(scenario)
    assert ours.challengers == maximizer.meta["challengers"]
    assert ours.local_search_iterations == maximizer._local_search_iterations
    assert ours.probability == facade.get_random_design(scenario).meta["probability"]
    # Ten for each of 17, but a quarter of 100 at most.
    assert facade.get_initial_design(scenario)._n_configs == 25


@pytest.mark.parametrize("space", [SPACES["joint17"], ARCHITECTURE], ids=["jointly", "one part"])
def test_at_the_full_budget_it_is_smac3s_own_facade(space, tmp_path):
    """Told and asked by hand, but for the order in which local searches start."""
    known, settings = history(space, 4, start=2, failing=0), {"n_trials": 40, "challengers": 100}
    known = [one for one in known if one.budget == BUDGETS[-1]]
    suggestion = propose(space, known, 6, Outlook(BUDGETS[-1:]), seed=4, **settings)
    facade = HyperparameterOptimizationFacade
    seed = int(np.random.default_rng(4).integers(2**31))
    configspace = copy.deepcopy(space.configuration_space)
    scenario = Scenario(configspace, deterministic=True, n_trials=40, seed=seed, output_directory=tmp_path)
    maximizer = facade.get_acquisition_maximizer(scenario, challengers=100, local_search_iterations=2)
    _order_starts(maximizer._local_search)
    own = facade(
        scenario,
        lambda config, seed=0: 0,
        initial_design=facade.get_initial_design(scenario, n_configs=0),
        acquisition_maximizer=maximizer,
        logging_level=False,
        overwrite=True,
    )
    for one in known:
        own.tell(TrialInfo(Configuration(configspace, values=one.values), seed=0), TrialValue(cost=one.loss))
    for one in suggestion.configurations:
        asked = own.ask().config
        np.testing.assert_allclose(space.encode(one.values), space.encode(dict(asked)), atol=1e-9)
    assert "model" in kinds(suggestion)


def test_the_initial_design_is_what_configurations_are_missing():
    space = SPACES["joint17"]
    known = history(space, 2)
    pending = tuple((values, 0) for values in space.sample(4, np.random.default_rng(1)))
    outlook = Outlook(BUDGETS, 0, pending)
    assert kinds(propose(space, known, 6, outlook, probability=0)) == ["random"] * 3 + ["model"] * 3
    assert kinds(propose(space, known, 3, outlook, probability=0, n_trials=88)) == ["model"] * 3


def test_the_forest_is_of_the_largest_budget_that_has_enough():
    space = SPACES["joint17"]
    known = history(space, 4)
    for minimum, budget in [(4, 9), (5, 3), (12, 3), (13, 1)]:
        suggestion = propose(space, known, 4, probability=0, n_trials=4, min_trials=minimum)
        assert {one.origin.model_budget for one in suggestion.configurations} == {budget}
        assert suggestion.model.budget == budget
        at_budget = [one for one in known if one.budget == budget]
        assert len(suggestion.model.evaluations) == len(at_budget)


def test_what_is_known_or_under_way_is_not_proposed_again():
    points = GRID.sample(1000, np.random.default_rng(0))
    unique = list({tuple(one.values()): one for one in points}.values())
    assert len(unique) == 16
    known = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=float(slot))
        for slot, values in enumerate(unique[:6])
    ]
    outlook = Outlook(BUDGETS, 0, tuple((values, 0) for values in unique[6:11]))
    # SMAC3 gives up after some tries, so not all five that are left.
    proposed = {tuple(one.values.values()) for one in propose(GRID, known, 3, outlook).configurations}
    assert len(proposed) == 3
    assert proposed <= {tuple(one.values()) for one in unique[11:]}


def test_a_space_that_is_used_up_is_sampled_at_random():
    known = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=float(slot))
        for slot, values in enumerate(GRID.sample(200, np.random.default_rng(0)))
    ]
    assert kinds(propose(GRID, known, 5)) == ["random"] * 5


def test_large_losses_that_tie_at_the_minimum_have_a_model_and_their_scale_changes_no_proposal():
    space = SPACES["joint17"]
    known = history(space, 3, failing=0)

    def proposed(factor):
        scaled = [one.model_copy(update={"loss": factor * (1 + slot % 2)}) for slot, one in enumerate(known)]
        return propose(space, scaled, 1, probability=0, n_trials=4, n_trees=2)

    assert set(kinds(proposed(2.0**21))) == {"model"}
    assert proposed(2.0**21).configurations == proposed(2.0**70).configurations


def test_the_space_and_the_logging_level_stay_as_they_are():
    space = SPACES["conditional"]
    before = space.configuration_space.random.get_state()[1].tolist()
    logging.getLogger("smac").setLevel(logging.INFO)
    propose(space, history(space, 3))
    assert space.configuration_space.random.get_state()[1].tolist() == before
    assert logging.getLogger("smac").level == logging.INFO
    logging.getLogger("smac").setLevel(logging.NOTSET)
