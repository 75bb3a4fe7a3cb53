"""The controller: its gradient, its baseline, and what it makes of a history."""

import numpy as np
import pytest
from sampler_properties import SPACES, SamplerProperties, history

from jointsearch.core.records import Observation
from jointsearch.samplers.peers.reinforce import Policy, Reinforce, train
from jointsearch.samplers.peers.reinforce_settings import ReinforceSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SETTINGS = ReinforceSettings()
CHOICE = Space(
    SpaceFile.parse(
        {
            "hyperparameters": {
                "on": {"type": "categorical", "choices": [False, True]},
                "x": {"type": "float", "lower": 0, "upper": 1},
                "rank": {"type": "ordinal", "sequence": [1, 2, 5, 10]},
            },
            "conditions": [{"child": "x", "parent": "on", "equals": True}],
        }
    )
)


@pytest.mark.parametrize("name", ["reinforce"])
class TestProperties(SamplerProperties):
    pass


def observed(values, loss, name="0-0-0@0", budget=1.0):
    return Observation(evaluation=name, budget=budget, values=values, loss=loss)


def by_name(policy, space=CHOICE):
    return dict(zip(space.names, policy.probabilities, strict=True))


def test_a_step_goes_along_the_gradient():
    rng = np.random.default_rng(0)
    policy = Policy((rng.normal(size=3), rng.normal(size=5)))
    actions = np.array([[0, 4], [2, -1], [1, 1]])
    advantages = np.array([0.5, -2.0, 1.0])

    def objective(logits):
        logs = [np.log(one) for one in Policy(logits).probabilities]
        return sum(
            advantage * sum(logs[entry][action] for entry, action in enumerate(row) if action >= 0)
            for advantage, row in zip(advantages, actions, strict=True)
        )

    stepped = policy.step(actions, advantages, 1.0)
    for entry, logits in enumerate(policy.logits):
        for action in range(len(logits)):
            nudged = [one.copy() for one in policy.logits]
            nudged[entry][action] += 1e-6
            slope = (objective(tuple(nudged)) - objective(policy.logits)) / 1e-6
            assert stepped.logits[entry][action] - logits[action] == pytest.approx(slope, abs=1e-5)


def test_what_is_better_than_the_average_becomes_likelier_and_what_is_inactive_learns_nothing():
    known = [observed({"on": False, "rank": 5}, 1.0), observed({"on": False, "rank": 1}, 0.5, "0-0-1@0")]
    policy = by_name(train(CHOICE, known, SETTINGS))
    assert policy["on"][0] > 0.5
    assert policy["rank"].argmax() == 0
    assert len(policy["rank"]) == 4
    np.testing.assert_allclose(policy["x"], 0.1)


def test_budgets_need_not_compare():
    """A higher budget has lower losses throughout: no reason to prefer what was trained there."""
    cheap = [observed({"on": False, "rank": 5}, 1.0, f"0-0-{slot}@0") for slot in range(5)]
    dear = [observed({"on": False, "rank": 1}, 0.1, f"1-0-{slot}@0", 9.0) for slot in range(5)]
    assert train(CHOICE, cheap + dear, SETTINGS) is None


def test_the_order_is_that_of_brackets_whatever_that_of_the_history():
    space = SPACES["joint17"]
    known = history(space, 12)
    forwards, backwards = (train(space, order, SETTINGS) for order in (known, known[::-1]))
    for one, other in zip(forwards.logits, backwards.logits, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_failure_counts_as_the_worst_and_a_single_one_moves_little():
    known = [observed({"on": False, "rank": 5}, loss, f"0-0-{slot}@0") for slot, loss in enumerate([0.5, 0.6, 0.4])]
    failed = [observed({"on": False, "rank": 10}, None, "1-0-0@0"), observed({"on": False, "rank": 2}, 1e9, "1-0-1@0")]
    policy = by_name(train(CHOICE, known + failed, SETTINGS))
    assert policy["rank"].argmin() in (1, 3)
    assert policy["rank"].min() > 0.15


def test_the_controller_turns_to_what_is_good_over_many_brackets():
    reinforce = Reinforce("reinforce", SETTINGS)
    known, rng = [], np.random.default_rng(0)
    for bracket in range(40):
        for slot, one in enumerate(reinforce(CHOICE, known, 9, rng).configurations):
            loss = (one.values["rank"] - 5) ** 2 + (one.values["x"] if one.values["on"] else 2.0)
            known.append(observed(one.values, loss, f"{bracket}-0-{slot}@0"))
    policy = by_name(train(CHOICE, known, SETTINGS))
    assert policy["rank"].argmax() == 2
    assert policy["rank"][2] > 0.5
