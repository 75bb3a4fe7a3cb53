"""BOHB's choices, seen from outside: which model, which split, which origins, and always valid proposals."""

from pathlib import Path

import ConfigSpace as cs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jointsearch.core.history import Observation
from jointsearch.samplers import registry
from jointsearch.samplers.bohb import Bohb, Densities, fit, impute
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.samplers.density import Density
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SPACES = Path(__file__).parents[2] / "config" / "spaces"
JOINT17 = Space(SpaceFile.read(SPACES / "joint17.yaml"))
CONDITIONAL = Space(SpaceFile.read(SPACES / "conditional.yaml"))
LINE = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 0, "upper": 1}}}))
ALWAYS_MODEL = BohbSettings(random_fraction=0)


def history(space: Space, count: int, *, budget: float = 1, seed: int = 0, failures: int = 0) -> list[Observation]:
    """Random configurations with distinct losses; the first `failures` of them failed."""
    rng = np.random.default_rng(seed)
    losses = rng.permutation(count) / max(count, 1)
    return [
        Observation(
            evaluation=f"{seed}-0-{slot}@{budget}",
            budget=budget,
            values=values,
            loss=None if slot < failures else float(losses[slot]),
        )
        for slot, values in enumerate(space.sample(count, rng))
    ]


def kinds(suggestion):
    return [one.origin.kind for one in suggestion.configurations]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- which evaluations make the model


@pytest.mark.parametrize(
    ("count", "good", "bad"),
    # d = 17, so at least 18 each: 36 evaluations are the first that can be modelled.
    [(36, 18, 18), (37, 18, 19), (101, 18, 83), (120, 18, 102), (200, 30, 170), (1000, 150, 850)],
)
def test_the_authors_split_in_17_dimensions(count, good, bad):
    model = fit(JOINT17, history(JOINT17, count), BohbSettings(), rng())
    assert (len(model.good.data), len(model.bad.data)) == (good, bad)
    assert model.record().details == {"good": good, "bad": bad}


@pytest.mark.parametrize("count", [0, 1, 17, 18, 35])
def test_too_few_evaluations_give_random_picks_and_no_model(count):
    suggestion = registry.make("bohb", {"random_fraction": 0})(JOINT17, history(JOINT17, count), 9, rng())
    assert suggestion.model is None
    assert kinds(suggestion) == ["random"] * 9


def test_budgets_are_not_pooled():
    observations = history(JOINT17, 35, budget=1) + history(JOINT17, 35, budget=3)
    assert fit(JOINT17, observations, BohbSettings(), rng()) is None


def test_the_largest_budget_with_enough_evaluations_is_modelled():
    sizes = {1: 200, 3: 60, 9: 36, 27: 35}
    observations = [one for budget, count in sizes.items() for one in history(JOINT17, count, budget=budget)]
    suggestion = Bohb("bohb", ALWAYS_MODEL)(JOINT17, observations, 4, rng())
    assert suggestion.model.budget == 9
    assert {one.origin.model_budget for one in suggestion.configurations} == {9}


def test_the_record_names_what_the_model_saw_best_first():
    observations = history(JOINT17, 40)
    model = fit(JOINT17, observations, BohbSettings(), rng()).record()
    losses = {one.evaluation: one.loss for one in observations}
    assert list(model.evaluations) == sorted(losses, key=losses.get)


def test_failures_count_as_infinitely_bad():
    observations = history(JOINT17, 60, failures=20)
    model = fit(JOINT17, observations, BohbSettings(), rng())
    failed = {one.evaluation for one in observations if one.loss is None}
    # 18 good ones and the 42 others, of which floor(0.85 * 60) = 51 fit.
    assert failed.isdisjoint(model.evaluations[:40])
    assert set(model.evaluations[40:]) == failed


def test_all_failed_can_still_be_modelled():
    suggestion = Bohb("bohb", ALWAYS_MODEL)(JOINT17, history(JOINT17, 40, failures=40), 3, rng())
    assert kinds(suggestion) == ["model"] * 3


def test_more_points_can_be_asked_for_but_not_fewer_than_the_dimension_needs():
    observations = history(LINE, 12)
    fewer = fit(LINE, observations, BohbSettings(min_points_in_model=1), rng())
    more = fit(LINE, observations, BohbSettings(min_points_in_model=5), rng())
    assert (len(fewer.good.data), len(more.good.data)) == (2, 5)
    assert fit(LINE, observations, BohbSettings(min_points_in_model=13), rng()) is None


# --- what is proposed


@pytest.mark.parametrize("space", [JOINT17, CONDITIONAL], ids=["joint17", "conditional"])
@pytest.mark.parametrize("name", ["bohb", "random", "hyperband"])
@given(seed=st.integers(0, 2**32), count=st.integers(0, 27), seen=st.sampled_from([0, 20, 60]))
@settings(max_examples=10, deadline=None)
def test_every_proposal_is_valid(space, name, seed, count, seen):
    observations = history(space, seen, seed=seed % 1000, failures=seen // 10)
    suggestion = registry.make(name, {})(space, observations, count, rng(seed))
    assert len(suggestion.configurations) == count
    for one in suggestion.configurations:
        cs.Configuration(space.configuration_space, values=one.values).check_valid_configuration()
        assert {type(value) for value in one.values.values()} <= {bool, int, float, str}
        assert (one.origin.model_budget is None) == (one.origin.kind == "random")


def test_the_same_arguments_give_the_same_suggestion():
    observations = history(CONDITIONAL, 80)
    before = [one.model_copy(deep=True) for one in observations]
    propose = registry.make("bohb", {})
    first, second = (propose(CONDITIONAL, observations, 27, rng(5)) for _ in range(2))
    assert first == second
    assert observations == before
    assert first != propose(CONDITIONAL, observations, 27, rng(6))


def test_a_third_is_random():
    suggestion = registry.make("bohb", {})(LINE, history(LINE, 30), 3000, rng(1))
    share = kinds(suggestion).count("random") / 3000
    # Four standard deviations of a binomial share.
    assert share == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 3000))


@pytest.mark.parametrize("name", ["random", "hyperband"])
def test_random_search_and_hyperband_are_bohb_without_a_model(name):
    observations = history(LINE, 30)
    suggestion = registry.make(name, {})(LINE, observations, 20, rng(2))
    bohb = registry.make("bohb", {"random_fraction": 1})(LINE, observations, 20, rng(2))
    assert suggestion.model is bohb.model is None
    assert [one.values for one in suggestion.configurations] == [one.values for one in bohb.configurations]


def test_the_model_finds_the_good_region():
    """Loss |x - 0.7|: picks of the model lie far nearer to 0.7 than random ones, whose mean distance is 0.29."""
    observations = [one.model_copy(update={"loss": abs(one.values["x"] - 0.7)}) for one in history(LINE, 100, seed=3)]
    suggestion = Bohb("bohb", ALWAYS_MODEL)(LINE, observations, 200, rng(0))
    distances = [abs(one.values["x"] - 0.7) for one in suggestion.configurations]
    assert np.mean(distances) < 0.1


def test_a_forbidden_pick_is_replaced_and_says_so():
    """Where nearly all that the model wants is forbidden, the picks come from the prior."""
    space = Space(
        SpaceFile.parse(
            {
                "hyperparameters": {
                    "x": {"type": "float", "lower": 0, "upper": 1},
                    "u": {"type": "categorical", "choices": ["a", "b"]},
                    "v": {"type": "categorical", "choices": ["a", "b"]},
                },
                "forbidden": [{"u": "a", "v": "a"}],
            }
        )
    )
    # Good points have u = a or v = a, never both: independent redrawing of choices meets the clause.
    suggestion = Bohb("bohb", BohbSettings(random_fraction=0, num_samples=1))(space, history(space, 60), 200, rng())
    assert {"random", "model"} == set(kinds(suggestion))
    assert not [one for one in suggestion.configurations if one.values["u"] == one.values["v"] == "a"]


# --- how candidates are drawn and scored


def line_model(good, bad=((0.5,),), bandwidth=0.05, levels=(0,)) -> Densities:
    parts = (np.array(good, dtype=float), np.array(bad, dtype=float))
    unordered = np.array(levels) > 0
    bandwidths = np.full(len(levels), bandwidth)
    return Densities(1, (), *(Density(part, bandwidths, unordered) for part in parts), levels)


@pytest.mark.parametrize(("centre", "bandwidth"), [(0.5, 0.05), (0.0, 0.1), (0.98, 0.3), (1.0, 1e-3), (0.3, 20)])
def test_candidates_follow_the_truncated_normal(centre, bandwidth):
    drawn = line_model([[centre]], bandwidth=bandwidth).draw(2000, BohbSettings(), rng(4))[:, 0]
    deviation = 3 * bandwidth
    expected = stats.truncnorm(-centre / deviation, (1 - centre) / deviation, loc=centre, scale=deviation)
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert stats.kstest(drawn, expected.cdf).pvalue > 1e-3


def test_choices_are_redrawn_with_the_bandwidth_as_probability():
    drawn = line_model([[2]], [[2]], bandwidth=0.3, levels=(4,)).draw(4000, BohbSettings(), rng(4))[:, 0]
    expected = np.array([0.3 / 4, 0.3 / 4, 0.7 + 0.3 / 4, 0.3 / 4]) * 4000
    assert stats.chisquare(np.bincount(drawn.astype(int), minlength=4), expected).pvalue > 1e-3


def test_the_score_is_the_floored_ratio_of_bad_to_good():
    model = line_model([[0.2]], [[0.8]], bandwidth=0.1)
    points = np.array([[0.2], [0.5], [0.8]])
    # Both kernels are Gaussian with the same width, so the ratio is exp((a^2 - b^2) / 2).
    np.testing.assert_allclose(model.scores(points), np.exp([-18, 0, 18]), rtol=1e-9)
    far = line_model([[0.2]], [[0.8]], bandwidth=1e-3)
    assert far.scores(np.array([[0.5]])) == pytest.approx(1)


def test_a_choice_that_the_bad_points_lack_wins():
    """HpBandSter: the ratio is infinite and the good density is not, so this candidate is taken at once."""
    model = line_model([[0], [1]], [[1], [1]], bandwidth=0.2, levels=(2,))
    assert model.scores(np.array([[0.0]])).tolist() == [-np.inf]


# --- inactive parameters


def test_inactive_values_are_copied_from_points_that_have_them():
    points = np.array([[0.1, np.nan, np.nan], [0.2, 0.7, 1.0], [0.3, 0.9, 0.0], [0.4, np.nan, 1.0]])
    filled = impute(points, np.array([0, 0, 2]), rng())
    np.testing.assert_array_equal(filled[~np.isnan(points)], points[~np.isnan(points)])
    # The first row lacks both and takes both from one donor.
    assert filled[0, 1:].tolist() in ([0.7, 1.0], [0.9, 0.0])
    assert filled[3, 1] in (0.7, 0.9)


def test_what_no_point_has_is_drawn_uniformly():
    filled = impute(np.full((4000, 2), np.nan), np.array([0, 3]), rng(1))
    assert stats.kstest(filled[:, 0], "uniform").pvalue > 1e-3
    assert stats.chisquare(np.bincount(filled[:, 1].astype(int), minlength=3)).pvalue > 1e-3
