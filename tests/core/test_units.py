"""How amounts are written for people."""

import pytest

from jointsearch.core.units import ERROR, LOSS, amount, duration, scale, unit_name


@pytest.mark.parametrize(
    ("budget", "unit", "text"),
    [
        (1, "epochs", "1 epoch"),
        (27, "epochs", "27 epochs"),
        (1, "steps", "1 step"),
        (1000, "steps", "1,000 steps"),
        (2e6, "steps", "2,000,000 steps"),
        (1 / 3, "epochs", "0.333 epochs"),
        (1, "seconds", "1 s"),
        (400 / 9, "seconds", "44.4 s"),
        (400, "seconds", "400 s"),
        (1200, "seconds", "20 min"),
        (3600, "seconds", "1 h"),
        (10000 / 3, "seconds", "55.6 min"),
        (10800, "seconds", "3 h"),
        (60 * 86400, "seconds", "60 days"),
        (1, "trees", "1 tree"),
        (2, "trees", "2 trees"),
        (1, "passes", "1 pass"),
        (1, "batches", "1 batch"),
        (1, "queries", "1 query"),
        (1, "series", "1 series"),
        (1, "boosting rounds", "1 boosting round"),
        (1, "ms", "1 ms"),
        (1, "GFLOPS", "1 GFLOPS"),
        (1, "s", "1 s"),
        (1, "gflop", "1 GFLOP"),
        (1200, "gflop", "1,200 GFLOP"),
        (1, "nominal_seconds", "1 nominal s"),
        (13.5, "nominal_seconds", "13.5 nominal s"),
        (10800, "nominal_seconds", "3 nominal h"),
    ],
)
def test_a_budget_is_written_in_a_unit_of_its_size(budget, unit, text):
    assert amount(budget, unit) == text


@pytest.mark.parametrize(
    ("largest", "unit", "chosen"),
    [
        (27, "seconds", (1, "s")),
        (1620, "seconds", (60, "min")),
        (36_000, "seconds", (3600, "h")),
        (60 * 86400, "seconds", (86400, "days")),
        (1e6, "steps", (1, "steps")),
        (1e6, "gflop", (1, "GFLOP")),
        (1620, "nominal_seconds", (60, "nominal min")),
    ],
)
def test_amounts_side_by_side_have_the_unit_of_the_largest(largest, unit, chosen):
    assert scale(largest, unit) == chosen


@pytest.mark.parametrize(
    ("unit", "text"),
    [("seconds", "seconds"), ("trees", "trees"), ("gflop", "GFLOP"), ("nominal_seconds", "nominal seconds")],
)
def test_a_unit_is_written_for_people(unit, text):
    assert unit_name(unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "unknown"), (40, "40 s"), (720, "12 min"), (19_800, "5.5 h"), (276_480, "3.2 days")],
)
def test_a_time_span_has_at_most_one_digit_after_the_point(seconds, text):
    assert duration(seconds) == text


def test_errors_are_written_in_percent_and_other_losses_as_they_are():
    assert (ERROR.text(0.1234), ERROR.named(0.1234)) == ("12.34%", "12.34% validation error")
    assert ERROR.label(ERROR.name) == "validation error (%)"
    assert (LOSS.text(-1234.56), LOSS.named(0.5), LOSS.label("test loss")) == ("-1235", "loss 0.5", "test loss")
    assert ERROR.text(None) == LOSS.text(None) == "none"
