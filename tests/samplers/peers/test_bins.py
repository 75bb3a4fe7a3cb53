"""Numbers in bins: each value belongs to one choice, and each choice draws its own values."""

import numpy as np
import pytest

from jointsearch.samplers.peers.bins import choices_of
from jointsearch.space.file import SpaceFile


def made(bins=10, **one):
    return choices_of(SpaceFile.parse({"hyperparameters": {"x": one}}).hyperparameters["x"], bins)


FLOAT = {"type": "float", "lower": 1e-3, "upper": 10, "log": True}
MANY = [
    {"type": "categorical", "choices": ["a", "b", 3, True]},
    {"type": "ordinal", "sequence": [1, 10, 100]},
    {"type": "integer", "lower": 1, "upper": 5},
    {"type": "integer", "lower": -7, "upper": 20},
    {"type": "integer", "lower": 1, "upper": 16, "log": True},
    {"type": "integer", "lower": 32, "upper": 128, "log": True},
    {"type": "integer", "lower": -(2**53) + 1, "upper": 2**53 - 1},
    {"type": "float", "lower": -1.5, "upper": 0.3},
    FLOAT,
]


@pytest.mark.parametrize("one", MANY, ids=str)
@pytest.mark.parametrize("bins", [2, 7, 10])
def test_a_drawn_value_belongs_to_the_choice_that_it_was_drawn_for(one, bins):
    choices, rng = made(bins, **one), np.random.default_rng(0)
    parsed = SpaceFile.parse({"hyperparameters": {"x": one}}).hyperparameters["x"]
    assert choices.size <= bins or one["type"] in ("categorical", "ordinal")
    for index in range(choices.size):
        for _ in range(50):
            value = choices.draw(index, rng)
            assert parsed.allows(value)
            assert type(value) in (bool, int, float, str)
            assert choices.index(value) == index


@pytest.mark.parametrize(("one", "sizes"), [(MANY[0], 4), (MANY[1], 3), (MANY[2], 5), (MANY[3], 10), (FLOAT, 10)])
def test_few_values_are_a_choice_each_and_many_are_in_bins(one, sizes):
    assert made(**one).size == sizes


def test_every_whole_number_of_a_range_is_drawn():
    for one, values in [(MANY[2], range(1, 6)), (MANY[3], range(-7, 21)), (MANY[4], range(1, 17))]:
        choices, rng = made(**one), np.random.default_rng(0)
        assert {choices.draw(index, rng) for index in range(choices.size) for _ in range(200)} == {*values}


def test_bins_are_equal_on_the_scale_of_the_space():
    choices = made(4, **FLOAT)
    assert [choices.index(value) for value in (1e-3, 9e-3, 1.1e-2, 0.09, 0.11, 0.9, 1.1, 10)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
    ]
    rng = np.random.default_rng(0)
    drawn = np.log10([choices.draw(1, rng) for _ in range(500)])
    assert drawn.mean() == pytest.approx(-1.5, abs=0.05)
