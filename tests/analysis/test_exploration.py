import math
from itertools import combinations

import numpy as np
import pytest
from factories import evaluation
from synthetic import results

from jointsearch.analysis.exploration import explore, rarefied, region_counts
from jointsearch.core.config import BudgetSettings
from jointsearch.space.space import Space

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


def test_a_region_is_two_levels_of_two_hyperparameters() -> None:
    counts = region_counts(np.array([[0, 1, 2], [0, 1, -1]]), [2, 2, 3])
    assert counts.tolist() == [0, 2, 0, 0, *(0, 0, 1), *(0, 0, 0), *(0, 0, 0), *(0, 0, 1)]


def test_a_rarefied_share_is_the_mean_over_all_draws() -> None:
    regions = np.array([0, 0, 0, 1, 1, 2])
    counts = np.bincount(regions, minlength=4)
    drawn = [len({*regions[list(chosen)]}) / 4 for chosen in combinations(range(6), 3)]
    assert rarefied(counts, 6, 3) == pytest.approx(np.mean(drawn))
    assert rarefied(counts, 6, 6) == pytest.approx(3 / 4)


def _explored(draw, brackets: int = 32, size: int = 4):
    known = results(EPOCHS)
    space, rng = Space(known.experiment.space), np.random.default_rng(0)
    made = []
    for bracket in range(brackets):
        for slot, values in enumerate(draw(space, size, rng)):
            made.append(evaluation(f"{bracket}-0-{slot}", values=values, budget=3))
    made.append(evaluation("99-0-0", None, values=made[0].proposal.values, budget=3))
    return explore(results(EPOCHS, search=made))


def test_random_configurations_explore_as_much_as_random_ones() -> None:
    found = _explored(lambda space, size, rng: space.sample(size, rng))
    # The failed one is none of them.
    assert len(found.evaluations) == 128
    assert found.low < 1 < found.high and found.high - found.low < 0.1


def test_a_search_that_stays_in_a_corner_explores_little() -> None:
    corner = Space(results(EPOCHS).experiment.space).sample(1, np.random.default_rng(1))[0]
    found = _explored(lambda space, size, rng: [corner] * size)
    assert found.high < 0.3 and found.ratio == pytest.approx(found.share / found.share_random)
    # All of them were drawn at random.
    assert (found.share_drawn, found.share_model) == (found.share, 0)


def test_too_few_configurations_or_brackets_say_nothing() -> None:
    assert _explored(lambda space, size, rng: space.sample(size, rng), brackets=24) is None
    # The brackets are too few to be left out, or each is needed.
    for brackets, size in ((8, 20), (25, 4)):
        found = _explored(lambda space, size, rng: space.sample(size, rng), brackets, size)
        assert math.isnan(found.low) and found.ratio > 0.8
