"""The Gaussian process over configuration and fidelity, seen from outside."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplers.test_bohb import CONDITIONAL, JOINT17, LINE, SPACES, history, kinds, rng
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook, Suggestion, registry
from jointsearch.samplers.gaussian_process import Draws
from jointsearch.samplers.mfgp import Mfgp, _Model, inputs, neighbours, normal_scores, thin
from jointsearch.samplers.mfgp_settings import MfgpSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

BUDGETS = (1.0, 3.0, 9.0, 27.0)
NO_RANDOM = MfgpSettings(random_fraction=0)
DISCRETE = Space(
    SpaceFile.parse(
        {
            "hyperparameters": {
                "pair": {"type": "categorical", "choices": ["a", "b"]},
                "place": {"type": "ordinal", "sequence": [1, 10, 100]},
                "fixed": {"type": "constant", "value": 7},
            }
        }
    )
)


def several(space: Space, counts: dict[float, int], failures: int = 0) -> list[Observation]:
    """Evaluations at several budgets."""
    return [
        one
        for seed, (budget, count) in enumerate(counts.items())
        for one in history(space, count, budget=budget, seed=seed, failures=min(failures, count))
    ]


def told(space: Space, count: int, loss, budgets=BUDGETS, seed: int = 0) -> list[Observation]:
    """Evaluations whose loss is a function of values and budget."""
    source = rng(seed)
    return [
        Observation(
            evaluation=f"0-0-{slot}@0", budget=budget, values=values, loss=min(1.0, max(0.0, loss(values, budget)))
        )
        for slot, values in enumerate(space.sample(count, source))
        for budget in [float(source.choice(budgets))]
    ]


def suggest(seed: int) -> Suggestion:
    observations = several(JOINT17, {1: 200, 3: 80, 9: 30, 27: 10})
    return Mfgp("mfgp", MfgpSettings())(JOINT17, observations, 27, rng(seed), Outlook(BUDGETS))


# --- what is proposed


@pytest.mark.parametrize("count", [0, 1, 19])
def test_too_few_successes_give_random_picks_and_no_model(count):
    observations = history(JOINT17, count + 10, failures=10)
    suggestion = Mfgp("mfgp", NO_RANDOM)(JOINT17, observations, 9, rng(), Outlook(BUDGETS))
    assert suggestion.model is None
    assert kinds(suggestion) == ["random"] * 9


def test_twenty_successes_at_any_budgets_make_a_model_in_17_dimensions():
    observations = several(JOINT17, {1: 10, 3: 6, 27: 4})
    suggestion = Mfgp("mfgp", NO_RANDOM)(JOINT17, observations, 9, rng(), Outlook(BUDGETS))
    assert kinds(suggestion) == ["model"] * 9
    assert {one.origin.model_budget for one in suggestion.configurations} == {27}
    assert set(suggestion.model.evaluations) == {one.evaluation for one in observations}


@pytest.mark.parametrize("space", [JOINT17, CONDITIONAL, LINE, DISCRETE], ids=["joint17", "conditional", "line", "few"])
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 27),
    counts=st.fixed_dictionaries({budget: st.integers(0, 40) for budget in BUDGETS}),
    failures=st.integers(0, 30),
    level=st.integers(0, 3),
    pending=st.integers(0, 30),
)
@settings(max_examples=15, deadline=None)
def test_every_proposal_is_valid(space, seed, count, counts, failures, level, pending):
    waiting = tuple((values, level) for values in space.sample(pending, rng(seed)))
    suggestion = registry.make("mfgp", {})(
        space, several(space, counts, failures), count, rng(seed), Outlook(BUDGETS, level, waiting)
    )
    assert len(suggestion.configurations) == count
    for one in suggestion.configurations:
        space.check(one.values)
        assert (one.origin.model_budget is None) == (one.origin.kind == "random")


def test_without_an_outlook_the_budgets_are_those_of_the_history():
    observations = several(LINE, {1: 20, 3: 20})
    suggestion = Mfgp("mfgp", NO_RANDOM)(LINE, observations, 3, rng())
    assert suggestion == Mfgp("mfgp", NO_RANDOM)(LINE, observations, 3, rng(), Outlook((1.0, 3.0)))


def test_the_same_arguments_give_the_same_bits_on_any_number_of_threads_and_in_another_process():
    suggestions = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            suggestions.append(suggest(5))
    assert suggestions[0] == suggestions[1]
    assert suggestions[0] != suggest(6)
    program = f"""
import sys
sys.path.insert(0, {str(SPACES.parents[1] / "tests")!r})
from samplers.test_mfgp import suggest
print(suggest(5))
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(suggestions[0])


def test_nothing_is_proposed_that_was_seen_or_waits_and_nothing_twice():
    """Six configurations: two seen, one pending, so three are left for the model, and only then random ones."""
    everything = {str(values): values for values in DISCRETE.sample(200, rng())}
    assert len(everything) == 6
    first, second, third, *left = everything.values()
    observations = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=loss)
        for slot, (values, loss) in enumerate([(first, 0.1), (second, 0.2)] * 3)
    ]
    outlook = Outlook((1.0,), 0, ((third, 0),))
    suggestion = Mfgp("mfgp", NO_RANDOM)(DISCRETE, observations, 5, rng(), outlook)
    assert kinds(suggestion) == ["model"] * 3 + ["random"] * 2
    assert sorted(str(one.values) for one in suggestion.configurations[:3]) == sorted(map(str, left))


def test_a_share_is_random():
    observations = several(LINE, {1: 30})
    suggestion = registry.make("mfgp", {"random_fraction": 0.3})(LINE, observations, 600, rng())
    assert 130 < Counter(kinds(suggestion))["random"] < 230


# --- what it learns


def test_it_finds_where_the_loss_is_low():
    def loss(values, budget):
        return abs(np.log10(values["learning_rate"]) + 1.5) / 3 + (values["momentum"] - 0.5) ** 2

    suggestion = Mfgp("mfgp", NO_RANDOM)(JOINT17, told(JOINT17, 300, loss), 27, rng(), Outlook(BUDGETS))
    random = np.median([loss(values, 1) for values in JOINT17.sample(500, rng(1))])
    assert np.median([loss(one.values, 1) for one in suggestion.configurations]) < random / 3


def test_it_believes_the_full_budget_where_budgets_disagree():
    """At the lowest budget 0.2 is best, at the full one 0.8; what was seen there is a fifth of it all."""

    def loss(values, budget):
        return (values["x"] - (0.8 if budget == 3 else 0.2)) ** 2

    observations = told(LINE, 40, loss, budgets=(1.0,)) + told(LINE, 10, loss, budgets=(3.0,), seed=1)
    suggestion = Mfgp("mfgp", NO_RANDOM)(LINE, observations, 9, rng(), Outlook((1.0, 3.0)))
    assert np.median([one.values["x"] for one in suggestion.configurations]) == pytest.approx(0.8, abs=0.1)


def test_lower_budgets_tell_of_the_full_one():
    def loss(values, budget):
        return (values["x"] - 0.7) ** 2 + 0.1 / budget

    observations = told(LINE, 40, loss, budgets=(1.0, 3.0))
    suggestion = Mfgp("mfgp", NO_RANDOM)(LINE, observations, 9, rng(), Outlook(BUDGETS))
    assert np.median([one.values["x"] for one in suggestion.configurations]) == pytest.approx(0.7, abs=0.1)


def test_failures_are_avoided():
    """Half of the line fails; the other half is flat."""
    observations = [
        one if one.values["x"] < 0.5 else one.model_copy(update={"loss": None})
        for one in told(LINE, 60, lambda values, budget: 0.3 + 0.01 * np.sin(40 * values["x"]))
    ]
    suggestion = Mfgp("mfgp", NO_RANDOM)(LINE, observations, 20, rng(), Outlook(BUDGETS))
    assert np.mean([one.values["x"] < 0.5 for one in suggestion.configurations]) > 0.8


def test_what_is_under_way_is_taken_to_turn_out_as_expected():
    """The process then knows more there, so that functions drawn there differ less, and the same elsewhere."""
    observations = told(LINE, 8, lambda values, budget: (values["x"] - 0.5) ** 2, budgets=(1.0,))
    waiting = tuple(({"x": float(x)}, 0) for x in np.linspace(0.9, 1, 20))
    outlooks = Outlook((1.0, 3.0)), Outlook((1.0, 3.0), 0, waiting)
    models = [_Model(LINE, observations, outlook, NO_RANDOM, rng()) for outlook in outlooks]
    here, there = np.array([[0.95, 0.0]]), np.array([[0.3, 0.0]])
    for place in (here, there):
        first, second = (model.posterior.mean(place) for model in models)
        assert second == pytest.approx(first, abs=0.02)
    spread = [[Draws(one.posterior, 4000, rng()).look(place).std() for one in models] for place in (here, there)]
    assert spread[0][1] < 0.8 * spread[0][0]
    assert spread[1][1] == pytest.approx(spread[1][0], rel=0.2)


def test_what_is_under_way_is_not_proposed_again_and_only_if_it_may_be_known():
    """On a grid of 4 x 4, of which 10 are under way."""
    grid = {name: {"type": "integer", "lower": 1, "upper": 4} for name in "xy"}
    space = Space(SpaceFile.parse({"hyperparameters": grid}))
    cells = [{"x": x, "y": y} for x in range(1, 5) for y in range(1, 5)]
    observations = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=cells[slot % 3], loss=0.1 * slot) for slot in range(6)
    ]
    outlook = Outlook((1.0,), 0, tuple((cell, 0) for cell in cells[3:13]))
    proposed = [one.values for one in Mfgp("mfgp", NO_RANDOM)(space, observations, 3, rng(), outlook).configurations]
    assert sorted(map(str, proposed)) == sorted(map(str, cells[13:]))
    ignorant = Mfgp("mfgp", NO_RANDOM.model_copy(update={"believe_pending": False}))
    repeated = [one.values for one in ignorant(space, observations, 3, rng(), outlook).configurations]
    assert [one for one in repeated if one in cells[3:13]]


def test_a_large_batch_is_refined_with_no_more_candidates_than_a_small_one():
    """Each draw gets fewer, since what all draws look at together is what costs."""
    observations, outlook = several(JOINT17, {1: 60}), Outlook(BUDGETS)
    for count, about in ((9, 9 * 20), (27, 540), (108, 540 + 108)):
        model = _Model(JOINT17, observations, outlook, NO_RANDOM, rng())
        looked = []
        model._around = lambda centres, source, look=looked: look.append(len(centres)) or []
        assert len(model.minima(count, rng())) == count
        assert looked[1:] == [about] * 2


def test_budgets_off_the_ladder_count_as_the_nearest():
    observations = told(LINE, 30, lambda values, budget: (values["x"] - 0.5) ** 2, budgets=(1.0, 2.9, 100.0))
    model = _Model(LINE, observations, Outlook(BUDGETS), NO_RANDOM, rng())
    assert np.unique(model.posterior.points[:, -1]) == pytest.approx([0, 1 / 3, 1])


def test_with_one_budget_the_process_is_as_sure_as_its_data():
    observations = told(LINE, 40, lambda values, budget: (values["x"] - 0.5) ** 2, budgets=(1.0,))
    model = _Model(LINE, observations, Outlook((1.0,)), NO_RANDOM, rng())
    drawn = Draws(model.posterior, 500, rng()).look(np.array([[0.5, 1.0]]))
    assert drawn.std() < 0.2


# --- its parts


def test_the_record_names_what_the_model_was_made_of():
    observations = several(CONDITIONAL, {1: 700, 3: 300})
    model = Mfgp("mfgp", MfgpSettings())(CONDITIONAL, observations, 3, rng(), Outlook((1.0, 3.0))).model
    assert len(model.evaluations) == 600
    assert set(model.evaluations) <= {one.evaluation for one in observations}
    names = {f"length.{name}" for name in (*CONDITIONAL.names, "budget")} | {"signal", "noise", "pending"}
    assert set(model.details) == names
    assert json.loads(model.model_dump_json())["details"] == model.details


def test_thinning_keeps_half_of_the_room_for_each_budget_from_the_top_and_half_of_that_for_the_best():
    levels = np.repeat([0, 1, 2], [1000, 400, 100])
    losses = rng().permutation(1500) / 1500
    kept = thin(levels, losses, 160, rng())
    assert np.bincount(levels[kept]).tolist() == [40, 40, 80]
    for level, best in ((0, 20), (1, 20), (2, 40)):
        rows = np.flatnonzero(levels == level)
        assert set(rows[np.argsort(losses[rows])[:best]]) <= set(kept)
    assert thin(levels, losses, 1500, rng()).tolist() == list(range(1500))


def test_what_a_budget_leaves_of_its_share_goes_to_the_lower_ones():
    levels = np.repeat([0, 1, 2], [1000, 400, 10])
    assert np.bincount(levels[thin(levels, np.arange(1410.0), 160, rng())]).tolist() == [75, 75, 10]


def test_scores_are_normal_quantiles_and_failures_share_the_last():
    scores = normal_scores(np.array([0.3, np.inf, 0.1, np.inf]))
    assert scores == pytest.approx(norm.ppf([0.375, 0.75, 0.125, 0.75]))


def test_inputs_of_a_mixed_space():
    """Choices are 1 apart; what is inactive is in the middle, or no choice."""
    rows = inputs(CONDITIONAL, CONDITIONAL.encode_all(CONDITIONAL.sample(200, rng())), np.zeros(200))
    names = list(CONDITIONAL.names)
    widths = [max(1, choices) for choices in CONDITIONAL.levels]
    assert rows.shape == (200, sum(widths) + 1)
    assert np.isfinite(rows).all()
    start = sum(widths[: names.index("batch_size")])
    choice = rows[:, start : start + 3]
    assert np.unique(choice, axis=0) == pytest.approx(np.eye(3)[::-1] * np.sqrt(0.5))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_neighbours_stay_in_the_cube_and_near(seed):
    centres = CONDITIONAL.encode_all(CONDITIONAL.sample(3, rng(seed)))
    moved = neighbours(CONDITIONAL, np.repeat(centres, 100, axis=0), rng(seed))
    levels = np.array(CONDITIONAL.levels)
    assert np.isfinite(moved).all()
    assert (moved >= 0).all()
    assert (moved[:, levels == 0] <= 1).all()
    assert (moved[:, levels > 0] < levels[levels > 0]).all()
    assert (moved[:, levels > 0] % 1 == 0).all()
