import math

import pytest

from jointsearch.paper.columns import count, millions, number, probability, signs, spread, with_interval


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.12345, 2, "0.12"),
        (-1.5, 1, "−1.5"),
        (-0.001, 2, "0.00"),
        (1234567, 0, "1,234,567"),
        (math.nan, 2, "–"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
    ],
)
def test_numbers_are_written_as_in_a_text(value, digits, text) -> None:
    assert number(value, digits) == text


def test_a_minus_is_one_also_in_an_exponent() -> None:
    assert signs("1e-5") == "1e−5"


def test_missing_parts_leave_the_rest() -> None:
    mean = spread("", "m", "s")
    assert mean.text({"m": 0.1, "s": 0.01}) == "10.00 ± 1.00"
    assert mean.text({"m": 0.1, "s": math.nan}) == "10.00"
    assert mean.text({"m": math.nan, "s": math.nan}) == "–"
    estimate = with_interval("", "x", "l", "h", 1)
    assert estimate.text({"x": 0.1, "l": -0.1, "h": 0.3}) == "10.0 [−10.0, 30.0]"
    assert estimate.text({"x": 0.1, "l": math.nan, "h": math.nan}) == "10.0"


@pytest.mark.parametrize(("p", "text"), [(0.0000012, "< 0.001"), (0.0123, "0.012"), (0.5, "0.50"), (math.nan, "–")])
def test_probabilities_keep_two_digits_that_count(p, text) -> None:
    assert probability("p", "p").text({"p": p}) == text


def test_counts_of_nothing_known_are_missing() -> None:
    both = count("", "a", "b")
    assert both.text({"a": 3, "b": 5}) == "3 of 5"
    assert both.text({"a": math.nan, "b": math.nan}) == "–"


@pytest.mark.parametrize(
    ("weights", "text"),
    [(950, "0.000950"), (23_456, "0.0235"), (300_000, "0.300"), (1.5e6, "1.50"), (2.34e7, "23.4"), (math.nan, "–")],
)
def test_weights_are_written_in_millions_to_three_digits_that_count(weights, text) -> None:
    assert millions("weights (M)", "weights").text({"weights": weights}) == text
