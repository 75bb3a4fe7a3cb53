"""Proposals in words."""

import pytest

from jointsearch.core.proposal import Origin
from jointsearch.results.words import origin_text, value_text


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin(sampler="bohb", kind="random"), "drawn at random by bohb"),
        (Origin(sampler="bohb", kind="model", model_budget=10800.0), "proposed by bohb's model of 3 h"),
        (Origin(sampler="mfgp", kind="model"), "proposed by mfgp's model of all budgets"),
        (Origin(sampler="manual", kind="given", name="resnet_20"), "given as resnet_20"),
    ],
)
def test_an_origin_is_said_in_words(origin, text):
    assert origin_text(origin, "seconds") == text


@pytest.mark.parametrize(("value", "text"), [(0.0123456, "0.01235"), (64, "64"), ("relu", "relu"), (True, "True")])
def test_a_value_has_four_digits_if_it_is_no_whole_number(value, text):
    assert value_text(value) == text
