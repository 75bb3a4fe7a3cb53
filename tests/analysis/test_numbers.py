"""The numbers that a text may quote."""

import pytest
from synthetic import results, search

from jointsearch.analysis.number import Number, name_of, sources
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting import budget_correlation
from jointsearch.plotting.numbers import numbers

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=27)


@pytest.fixture(scope="module")
def evaluations():
    return search(8, SETTINGS)


def of(evaluations):
    known = results(SETTINGS, search=evaluations)
    data = {"figures/budget_correlation": budget_correlation.data(known)}
    return numbers(known, data).numbers


@pytest.fixture(scope="module")
def found(evaluations):
    return of(evaluations)


def test_counts_and_the_best_are_those_of_the_evaluations(evaluations, found):
    full = [one for one in evaluations if one.budget == 27]
    assert found["evaluations"].value == len(evaluations)
    assert found["full_budget_evaluations"].value == len(full)
    assert found["full_budget_evaluations"].sources == sources(full)
    failed = [one for one in evaluations if one.loss is None]
    assert found["failed"].value == len(failed) == len(found["failed"].sources)
    best = min((one for one in full if one.loss is not None), key=lambda one: one.loss)
    assert found["best_validation_error"].value == 100 * best.loss
    assert found["best_test_error"].sources == sources([best])


def test_a_correlation_names_both_evaluations_of_each_configuration(evaluations, found):
    number, ids = found["spearman_1_3"], {name_of(one): one for one in evaluations}
    budgets = [ids[name].budget for name in number.sources]
    assert budgets == [1, 3] * (len(budgets) // 2)
    assert len({ids[name].proposal.id for name in number.sources}) == len(budgets) // 2
    assert found["spearman_1_3_low"].value <= number.value <= found["spearman_1_3_high"].value


def test_what_is_not_known_is_left_out():
    failed = search(1, SETTINGS, failing=1)
    names = of(failed).keys()
    assert "failed" in names
    assert not [name for name in names if name.startswith(("best", "spearman"))]


@pytest.mark.parametrize(
    ("value", "digits", "unit", "text"),
    [(1.111, 2, "%", "1.11 %"), (2080, 0, "", "2,080"), (0.5, 2, "", "0.50"), (60.04, 1, "h", "60.0 h")],
)
def test_a_number_is_told_with_its_digits_and_its_unit(value, digits, unit, text):
    assert Number(meaning="", value=value, unit=unit, digits=digits, sources=()).text() == text
