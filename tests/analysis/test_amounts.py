"""Amounts that the module of units does not write."""

import pytest

from jointsearch.analysis.amounts import brief_budgets, energy, operations


@pytest.mark.parametrize(
    ("joules", "written"),
    [(3.6e6 * 1234.4, "1,234 kWh"), (3.6e6 * 999.7, "1,000 kWh"), (3.6e6, "1 kWh"), (1.8e6, "500 Wh"), (7200, "2 Wh")],
)
def test_an_energy_is_written_in_kilowatt_hours_or_watt_hours(joules, written):
    assert energy(joules) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [(4.567e21, "4,567 EFLOP"), (1.234e15, "1.23 PFLOP"), (9.9e8, "990 MFLOP"), (1e4, "0.01 MFLOP")],
)
def test_operations_are_written_in_the_largest_unit_that_they_fill(number, written):
    assert operations(number) == written


@pytest.mark.parametrize(
    ("budgets", "unit", "written"),
    [
        ([400, 1200, 3600, 10800], "seconds", (["400 s", "20 min", "1 h", "3 h"], "")),
        ([1, 3, 9, 27], "epochs", (["1", "3", "9", "27"], "epochs")),
        ([45, 135, 405, 1215], "epochs", (["45", "135", "405", "1,215"], "epochs")),
        ([400, 1200, 3600, 10800], "nominal_seconds", (["0.111", "0.333", "1", "3"], "nominal h")),
    ],
)
def test_budgets_side_by_side_are_written_without_the_unit_that_they_share(budgets, unit, written):
    assert brief_budgets(budgets, unit) == written
