"""NASNet's controller: its objective, its rewards, and what it makes of a history."""

import numpy as np
import pytest
from sampler_properties import BUDGETS, SPACES, SamplerProperties, history
from threadpoolctl import threadpool_info, threadpool_limits

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.peers import ppo
from jointsearch.samplers.peers.bins import choices_of
from jointsearch.samplers.peers.controller import INACTIVE
from jointsearch.samplers.peers.ppo import Ppo, advantages, of_chosen, surrogate, train
from jointsearch.samplers.peers.ppo_settings import PpoSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SMALL = {"hidden_units": 12, "batch_size": 10}
GRID = Space(
    SpaceFile.parse(
        {
            "hyperparameters": {
                f"x{i}": {"type": "categorical", "choices": ["a", "b", "c", "d", "e", "f"]} for i in range(4)
            }
        }
    )
)
PLANTED = {"x0": "b", "x1": "f", "x2": "a", "x3": "d"}


@pytest.mark.parametrize("name", ["ppo"])
class TestProperties(SamplerProperties):
    pass


def observed(loss, values=PLANTED, name="0-0-0@0", budget=1.0):
    return Observation(evaluation=name, budget=budget, values=values, loss=loss)


def propose(space, known, count=9, seed=0, outlook=None, **settings):
    return Ppo("ppo", PpoSettings(**{**SMALL, **settings}))(space, known, count, np.random.default_rng(seed), outlook)


def error(values):
    return sum(values[name] != best for name, best in PLANTED.items()) / len(PLANTED)


def search(brackets, seed, sampler=propose):
    """Errors of what is proposed, bracket by bracket."""
    known, errors = [], []
    for bracket in range(brackets):
        proposed = sampler(GRID, known, 10, seed=1000 * seed + bracket).configurations
        errors.append([error(one.values) for one in proposed])
        known += [observed(error(one.values), one.values, f"{bracket}-0-{i}@0") for i, one in enumerate(proposed)]
    return np.array(errors)


def trained(space, known, **settings):
    choices = [choices_of(space.file.hyperparameters[name], 10) for name in space.names]
    return train(space, choices, known, PpoSettings(**{**SMALL, **settings}))


# The objective.

ROWS = np.array([[0, 2], [1, INACTIVE], [1, 1]])
GAINED = np.array([0.5, -1.0, 2.0])


def softmax(logits):
    odds = [np.exp(one) for one in logits]
    return [one / one.sum(axis=1, keepdims=True) for one in odds]


@pytest.mark.parametrize("entropy_weight", [0, 0.3])
@pytest.mark.parametrize("moved", [0, 0.05, 1.0])
def test_the_slopes_of_the_objective_are_those_of_finite_differences(moved, entropy_weight):
    rng = np.random.default_rng(0)
    logits = [rng.normal(size=(3, 2)), rng.normal(size=(3, 3))]
    before = of_chosen(softmax([one + moved * rng.normal(size=one.shape) for one in logits]), ROWS)

    def value():
        return surrogate(softmax(logits), ROWS, before, GAINED, 0.2, entropy_weight)[0]

    _, slopes = surrogate(softmax(logits), ROWS, before, GAINED, 0.2, entropy_weight)
    for one, slope in zip(logits, slopes, strict=True):
        for place in np.ndindex(one.shape):
            kept, either = one[place], []
            # At a ratio of exactly 1, as before the first step, nothing is clipped on either side.
            for nudge in (1e-6, -1e-6):
                one[place] = kept + nudge
                either.append(value())
            one[place] = kept
            assert slope[place] == pytest.approx((either[0] - either[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("ratio", "gained", "objective", "pulls"),
    [
        (1.1, 1.0, 1.1, True),
        (1.3, 1.0, 1.2, False),
        (0.7, 1.0, 0.7, True),
        (0.9, -1.0, -0.9, True),
        (0.7, -1.0, -0.8, False),
        (1.3, -1.0, -1.3, True),
    ],
)
def test_a_choice_that_moved_too_far_the_right_way_gains_nothing_more(ratio, gained, objective, pulls):
    probabilities, before = [np.array([[0.4, 0.6]])], np.array([[0.4 / ratio]])
    value, (slope,) = surrogate(probabilities, np.array([[0]]), before, np.array([gained]), 0.2, 0)
    assert value == pytest.approx(objective)
    assert slope.any() == pulls
    if pulls:
        assert np.sign(slope[0, 0]) == np.sign(gained)


# The reward.


def test_an_advantage_is_the_accuracy_above_its_moving_average_and_a_failure_has_accuracy_0():
    known = [observed(loss) for loss in (0.4, 0.2, None, 0.4)]
    first, second = 0.6, 0.6 + 0.05 * 0.2
    third = second - 0.05 * second
    np.testing.assert_allclose(advantages(known, 0.95), [0, 0.8 - first, -second, 0.6 - third])


def test_budgets_need_not_compare():
    """A higher budget has lower losses throughout: no reason to prefer what was trained there."""
    known = [observed(0.9), observed(0.1, budget=9.0), observed(0.9), observed(0.1, budget=9.0)]
    assert not advantages(known, 0.95).any()


def test_losses_that_are_no_errors_count_by_rank():
    losses = [3.0, -10.0, 5.0, None, 3.0]
    ranks = np.array([0.5, 1, 0, 0, 0.5])
    expected, average = [], ranks[0]
    for rank in ranks:
        expected.append(rank - average)
        average += 0.05 * (rank - average)
    np.testing.assert_allclose(advantages([observed(one) for one in losses], 0.95), expected)
    stretched = [None if one is None else np.exp(one) * 1e6 for one in losses]
    np.testing.assert_allclose(advantages([observed(one) for one in stretched], 0.95), expected)


# The controller of a history.


def test_the_controller_of_a_bracket_is_that_of_the_bracket_before_trained_further():
    """Whole mini-batches of it; those left over, and what comes later, change nothing of what was learned before."""
    known = history(SPACES["conditional"], 6)
    whole, more = trained(SPACES["conditional"], known[:40]), trained(SPACES["conditional"], known[:49])
    further = trained(SPACES["conditional"], known[:50])
    for name, weights in whole.weights.items():
        np.testing.assert_array_equal(weights, more.weights[name])
    assert any((weights != further.weights[name]).any() for name, weights in whole.weights.items())


def test_first_weights_follow_from_the_seed_of_the_search_and_from_nothing_else():
    known = history(GRID, 4)
    same, again, other = (propose(GRID, known, outlook=Outlook(BUDGETS, seed=seed)) for seed in (7, 7, 8))
    assert same == again
    assert [one.values for one in same.configurations] != [one.values for one in other.configurations]


def test_what_is_left_over_of_a_history_is_not_in_the_record_of_the_model():
    known = history(GRID, 3)
    suggestion = propose(GRID, known[:25])
    assert {*suggestion.model.evaluations} == {one.evaluation for one in known[:20]}


@pytest.mark.parametrize(
    "losses", [[], [0.1, 0.5, 0.3], [None] * 20, [0.5] * 20, [7.0] * 20], ids=["none", "few", "failed", "equal", "ties"]
)
def test_proposals_are_random_until_good_can_be_told_from_bad(losses):
    suggestion = propose(GRID, [observed(loss) for loss in losses])
    assert {one.origin.kind for one in suggestion.configurations} == {"random"}
    assert suggestion.model is None
    assert [one.values for one in suggestion.configurations] == GRID.sample(9, np.random.default_rng(0))


def test_what_is_pending_changes_nothing():
    known, pending = history(GRID, 4), tuple((values, 0) for values in GRID.sample(4, np.random.default_rng(5)))
    assert propose(GRID, known, outlook=Outlook(BUDGETS, 0, pending)) == propose(GRID, known, outlook=Outlook(BUDGETS))


def test_sums_are_on_one_thread(monkeypatch):
    """On more of them, they have other bits."""
    threads = []

    def look(*_):
        threads.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")

    monkeypatch.setattr(ppo, "train", look)
    with threadpool_limits(2):
        propose(GRID, history(GRID, 3))
    assert {*threads} == {1}


def test_it_finds_a_planted_configuration_more_often_than_random_search():
    last = np.concatenate([search(25, seed)[-5:].ravel() for seed in range(2)])
    by_chance = len(last) / 6**4
    assert (last == 0).sum() > 20 * by_chance


def test_it_learns_what_is_good_together():
    """Two choices that are only good if they are equal, which a distribution of each alone cannot say."""
    pair = {name: {"type": "categorical", "choices": [0, 1]} for name in "ab"}
    space = Space(SpaceFile.parse({"hyperparameters": pair}))
    known = [observed(float(one["a"] != one["b"]), one) for one in space.sample(300, np.random.default_rng(0))]
    steps = trained(space, known).run(2, lambda step, _: np.array([0, 1]))
    after_0, after_1 = steps[1].probabilities[:, 0]
    assert after_0 > 0.6 > 0.4 > after_1


@pytest.mark.parametrize(
    "one",
    [
        {"type": "categorical", "choices": ["only", "other"]},
        {"type": "integer", "lower": 3, "upper": 4},
        {"type": "float", "lower": 0, "upper": 1},
    ],
    ids=lambda one: one["type"],
)
def test_a_space_of_one_hyperparameter_beside_constants(one):
    parsed = {"type": "constant", "value": 7}
    space = Space(SpaceFile.parse({"hyperparameters": {"first": parsed, "x": one, "last": parsed}}))
    values = space.sample(30, np.random.default_rng(0))
    known = [observed(0.5 if each["x"] == values[0]["x"] else 0.1, each) for each in values]
    suggestion = propose(space, known)
    assert {each.origin.kind for each in suggestion.configurations} == {"model"}
    for each in suggestion.configurations:
        space.check(each.values)


def test_conditions_on_constants_and_conditional_constants_hold():
    switch = {"type": "categorical", "choices": [False, True]}
    space = Space(
        SpaceFile.parse(
            {
                "hyperparameters": {
                    "mode": {"type": "constant", "value": "on"},
                    "on": switch,
                    "extra": {"type": "constant", "value": 1},
                    "depth": {"type": "integer", "lower": 1, "upper": 3},
                    "always": {"type": "float", "lower": 0, "upper": 1},
                },
                "conditions": [
                    {"child": "extra", "parent": "on", "equals": True},
                    {"child": "depth", "parent": "extra", "equals": 1},
                    {"child": "always", "parent": "mode", "equals": "on"},
                ],
            }
        )
    )
    known = [observed(0.9 if one["on"] else 0.1, one) for one in space.sample(40, np.random.default_rng(0))]
    for one in propose(space, known, 50).configurations:
        space.check(one.values)
        assert one.origin.kind == "model"
        assert ("depth" in one.values) == one.values["on"]
        assert "always" in one.values


def test_what_is_forbidden_is_drawn_again_and_at_last_from_the_prior():
    pair = {name: {"type": "categorical", "choices": ["a", "b"]} for name in "xy"}
    space = Space(SpaceFile.parse({"hyperparameters": pair, "forbidden": [{"x": "a", "y": "b"}, {"x": "b", "y": "a"}]}))
    known = [observed(0.9 if one["x"] == "a" else 0.1, one) for one in space.sample(40, np.random.default_rng(0))]
    suggestion = propose(space, known, 30)
    assert {(one.values["x"], one.values["y"]) for one in suggestion.configurations} <= {("a", "a"), ("b", "b")}
    assert {one.origin.kind for one in suggestion.configurations} == {"model"}
