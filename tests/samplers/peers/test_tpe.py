"""Optuna behind our interface: what trials a history becomes, and which of them count."""

import numpy as np
import pytest
from sampler_properties import ARCHITECTURE, BUDGETS, SPACES, SamplerProperties, history

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.history import by_configuration
from jointsearch.samplers.peers.tpe_settings import TpeSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

optuna = pytest.importorskip("optuna")

from jointsearch.samplers.peers.optuna_study import make_trial  # noqa: E402 - takes Optuna
from jointsearch.samplers.peers.tpe import Tpe  # noqa: E402

LINE = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 0, "upper": 1}}}))


@pytest.mark.parametrize("name", ["tpe", "tpe_hyperband"])
class TestProperties(SamplerProperties):
    pass


def propose(space, known, outlook, seed=0, count=9, **settings):
    sampler = Tpe("tpe", TpeSettings(**settings))
    return sampler(space, known, count, np.random.default_rng(seed), outlook)


def values(suggestion):
    return [one.values for one in suggestion.configurations]


@pytest.mark.parametrize(
    ("losses", "state", "value", "steps"),
    [
        ({1: 0.5}, "PRUNED", 0.5, {0: 0.5}),
        ({1: 0.5, 3: 0.4}, "PRUNED", 0.4, {0: 0.5, 1: 0.4}),
        ({1: 0.5, 3: 0.4, 9: 0.3}, "COMPLETE", 0.3, {0: 0.5, 1: 0.4, 2: 0.3}),
        ({9: 0.3}, "COMPLETE", 0.3, {2: 0.3}),
        ({1: None}, "FAIL", None, {}),
        ({1: 0.5, 3: None}, "FAIL", None, {0: 0.5}),
    ],
)
def test_what_a_configuration_is_to_optuna(losses, state, value, steps):
    known = [
        Observation(evaluation=f"0-0-0@{rung}", budget=budget, values={"x": 0.5}, loss=loss)
        for rung, (budget, loss) in enumerate(losses.items())
    ]
    (one,) = by_configuration(known)
    trial = make_trial(LINE, one, BUDGETS, BUDGETS[-1])
    assert (trial.state.name, trial.value, trial.intermediate_values) == (state, value, steps)
    assert trial.params == {"x": 0.5}


def test_same_defaults():
    sampler, ours = optuna.samplers.TPESampler(), TpeSettings()
    assert ours.n_startup_trials == sampler._n_startup_trials
    assert ours.n_ei_candidates == sampler._n_ei_candidates
    assert ours.constant_liar == sampler._constant_liar
    assert ours.multivariate == sampler._is_multivariate(optuna.create_study())


@pytest.mark.parametrize("space", [SPACES["joint17"], ARCHITECTURE], ids=["jointly", "one part"])
@pytest.mark.parametrize("outlook", [Outlook(BUDGETS, 2), Outlook(BUDGETS[-1:])], ids=["hyperband", "full budget"])
def test_it_is_what_a_study_of_the_same_trials_proposes(space, outlook):
    """Told and asked by hand, without constraints or conditions."""
    known = [one for one in history(space, 6, start=2) if one.loss is not None]
    suggestion = propose(space, known, outlook, seed=4, count=1)
    seed = int(np.random.default_rng(4).integers(2**32))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def asked(trial):
        return {
            name: (trial.suggest_int if one.type == "integer" else trial.suggest_float)(
                name, one.lower, one.upper, log=one.log
            )
            for name in space.names
            for one in [space.file.hyperparameters[name]]
        }

    for one in known:
        study.enqueue_trial(one.values)
        trial = study.ask()
        assert one.values.items() >= asked(trial).items()
        study.tell(trial, one.loss)
    proposed = asked(study.ask())
    assert {one.origin.kind for one in suggestion.configurations} == {"model"}
    np.testing.assert_allclose(space.encode(suggestion.configurations[0].values), space.encode(proposed), atol=1e-9)


def test_bounds_are_those_that_the_space_keeps():
    """Rounded to 13 decimals, so that a value may lie below the bound of the file."""
    space = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 1 / 3, "upper": 2 / 3}}}))
    lowest = round(1 / 3, 13)
    known = [
        Observation(evaluation=f"0-0-{slot}@0", budget=BUDGETS[-1], values={"x": lowest}, loss=0.5)
        for slot in range(12)
    ]
    proposed = values(propose(space, known, Outlook(BUDGETS[-1:]), constant_liar=False))
    assert all(space.file.hyperparameters["x"].allows(one["x"]) for one in proposed)


def test_few_trials_are_no_model_and_failed_ones_do_not_count():
    space = SPACES["joint17"]
    for failing, kind in [(0, "model"), (1, "random")]:
        suggestion = propose(space, history(space, 3, failing=failing), Outlook(BUDGETS))
        assert {one.origin.kind for one in suggestion.configurations} == {kind}
        assert (suggestion.model is not None) == (kind == "model")
    few = propose(space, history(space, 3)[:9], Outlook(BUDGETS))
    assert {one.origin.kind for one in few.configurations} == {"random"}


def test_what_is_under_way_is_avoided_unless_there_is_no_liar():
    space = SPACES["joint17"]
    known = history(space, 4)
    without = Outlook(BUDGETS)
    with_ = Outlook(BUDGETS, 0, tuple((one, 0) for one in values(propose(space, known, without))))
    assert values(propose(space, known, with_)) != values(propose(space, known, without))
    truthful = [values(propose(space, known, one, constant_liar=False)) for one in (with_, without)]
    assert truthful[0] == truthful[1]


def test_under_hyperband_only_trials_of_the_same_kind_of_bracket_count():
    space = SPACES["joint17"]
    low, high = history(space, 4), [
        one.model_copy(update={"evaluation": f"1{one.evaluation}"}) for one in history(space, 3, seed=1, start=2)
    ]  # fmt: skip
    pending = tuple((one, 2) for one in space.sample(9, np.random.default_rng(7)))
    alone = propose(space, low, Outlook(BUDGETS, 0), hyperband=True)
    among = propose(space, low + high, Outlook(BUDGETS, 0, pending), hyperband=True)
    assert values(alone) == values(among)
    assert alone.model == among.model
    assert values(propose(space, low + high, Outlook(BUDGETS, 0))) != values(alone)
    top = propose(space, low + high, Outlook(BUDGETS, 2), hyperband=True)
    assert {*top.model.evaluations} == {one.evaluation for one in high if one.loss is not None}


def test_optunas_verbosity_stays_as_it_is():
    before = optuna.logging.get_verbosity()
    propose(LINE, [], Outlook(BUDGETS))
    assert optuna.logging.get_verbosity() == before
