import pytest
from factories import evaluation
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.search.hyperband import (
    Bracket,
    bracket,
    bracket_count,
    budgets,
    configurations_before,
    cost,
    lags,
    newly_seen,
    pending,
    promote,
)

PAPER = BudgetSettings()


def ladder(maximum, eta=3, minimum=1, rule="bohb", unit="epochs"):
    return BudgetSettings(unit=unit, minimum=minimum, maximum=maximum, eta=eta, rung_sizes=rule)


def test_budgets_of_the_paper_are_exact():
    assert budgets(PAPER) == (400.0, 1200.0, 3600.0, 10800.0)


def test_rounds_of_the_paper_under_both_published_rules():
    first = [bracket(index, PAPER).sizes for index in range(4)]
    assert first == [(27, 9, 3, 1), (9, 3, 1), (6, 2), (4,)]
    other = [bracket(index, PAPER.model_copy(update={"rung_sizes": "hyperband"})).sizes for index in range(4)]
    assert other == [(27, 9, 3, 1), (12, 4, 1), (6, 2), (4,)]


def test_table_1_of_the_hyperband_paper():
    """R = 81, eta = 3, as printed (sizes, and budgets of their rungs)."""
    table = {
        4: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        3: [(27, 3), (9, 9), (3, 27), (1, 81)],
        2: [(9, 9), (3, 27), (1, 81)],
        1: [(6, 27), (2, 81)],
        0: [(5, 81)],
    }
    settings = ladder(81)
    for index, s in enumerate(table):
        item = bracket(index, settings)
        assert [(n, budgets(settings)[level]) for n, level in zip(item.sizes, item.levels, strict=True)] == table[s]


def test_first_rungs_by_algorithm_1_of_the_hyperband_paper():
    settings = ladder(81, rule="hyperband")
    assert [bracket(index, settings).sizes[0] for index in range(5)] == [81, 34, 15, 8, 5]


def test_a_ladder_that_is_no_power_of_eta_ends_at_the_full_budget():
    assert budgets(ladder(10_000, minimum=400, unit="seconds")) == pytest.approx((10_000 / 9, 10_000 / 3, 10_000))


def test_computation_is_divided_like_seconds():
    of_seconds = budgets(ladder(10, unit="seconds"))
    nominal = {"step": 1, "convolution": 0, "gflop": 0, "megabyte": 0}
    assert budgets(ladder(10, unit="gflop")) == of_seconds == pytest.approx((10 / 9, 10 / 3, 10))
    assert budgets(BudgetSettings(unit="nominal_seconds", minimum=1, maximum=10, nominal=nominal)) == of_seconds


def test_without_hyperband_each_bracket_is_one_training_at_the_full_budget():
    single = PAPER.model_copy(update={"rung_sizes": "single"})
    assert [bracket(index, single) for index in (0, 5)] == [Bracket(0, (1,), (3,)), Bracket(5, (1,), (3,))]
    assert budgets(single) == budgets(PAPER)
    for unit in ("brackets", "full_budget_evaluations", "full_budget_equivalents"):
        assert bracket_count(7, unit, single) == 7


@pytest.mark.parametrize("rule", ["bohb", "hyperband", "single"])
def test_configurations_are_numbered_bracket_by_bracket(rule):
    settings = PAPER.model_copy(update={"rung_sizes": rule})
    sizes = [bracket(index, settings).sizes[0] for index in range(11)]
    assert [configurations_before(index, settings) for index in range(11)] == [
        sum(sizes[:index]) for index in range(11)
    ]


def test_a_single_budget_is_a_search_without_rungs():
    settings = ladder(27, minimum=27)
    assert budgets(settings) == (27.0,)
    assert bracket(5, settings).sizes == (1,)


def test_a_unit_of_ones_own_may_be_divided_if_its_budgets_are_given_as_fractions():
    assert budgets(ladder(1.5, minimum=0.5, unit="hours")) == (0.5, 1.5)
    assert budgets(ladder(4.5, minimum=0.5, unit="hours")) == (0.5, 1.5, 4.5)
    with pytest.raises(UserError, match=r"0\.5, 1\.5 epochs are not whole"):
        budgets(ladder(1.5, minimum=0.5))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (ladder(10**6, minimum=1e-3, unit="seconds"), "more than 10,000 configurations"),
        (ladder(10), r"1\.11111, 3\.33333, 10 epochs are not whole"),
        (ladder(10, unit="trees"), r"1\.11111, 3\.33333, 10 trees are not whole"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(settings, complaint):
    with pytest.raises(UserError, match=complaint):
        budgets(settings)


@given(st.integers(2, 5), st.integers(0, 4), st.sampled_from(["bohb", "hyperband"]), st.integers(0, 40))
def test_every_bracket_ends_at_the_full_budget_and_shrinks_by_eta(eta, top, rule, index):
    settings = ladder(eta**top, eta, rule=rule)
    item = bracket(index, settings)
    assert item.levels[-1] == top
    assert item.sizes[-1] >= 1
    for before, after in zip(item.sizes, item.sizes[1:], strict=False):
        assert after <= before / eta


def test_lengths_of_the_posters_256_evaluations():
    assert bracket_count(256, "brackets", PAPER) == 256
    evaluations = bracket_count(256, "full_budget_evaluations", PAPER)
    assert evaluations == 128
    assert sum(bracket(index, PAPER).sizes[-1] for index in range(evaluations)) == 256
    equivalents = bracket_count(256, "full_budget_equivalents", PAPER)
    days = [
        sum(cost(bracket(i, PAPER), budgets(PAPER)) for i in range(n)) / 86400 for n in (equivalents, equivalents + 1)
    ]
    assert days[0] <= 32 < days[1]


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4), st.integers(1, 20))
def test_a_bracket_has_seen_exactly_what_its_lags_allow(lag, number):
    seen = {(item.index, rung) for b in range(number) for item, rung in newly_seen(b, lag, PAPER)}
    allowed = set()
    for level, delay in enumerate(lag):
        for other in range(number - delay - 1):
            rung = bracket(other, PAPER).rung_at(level)
            if rung is not None:
                allowed.add((other, rung))
    assert seen == allowed


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4), st.integers(0, 20))
def test_pending_are_the_earlier_brackets_that_are_not_seen_at_all(lag, number):
    seen = {item.index for b in range(number + 1) for item, rung in newly_seen(b, lag, PAPER) if rung == 0}
    assert {item.index for item in pending(number, lag, PAPER)} == set(range(number)) - seen


def test_one_lag_for_each_budget_is_needed():
    assert lags(None, PAPER) == (1, 2, 3, 4)
    with pytest.raises(UserError, match="2 values for 4 budgets"):
        lags([1, 2], PAPER)
    with pytest.raises(UserError, match=r"search\.lags: 1 value for 4 budgets; give one for each"):
        lags([1], PAPER)


def test_the_best_are_promoted_with_failures_last_and_keep_their_ids():
    rung = [evaluation(f"0-0-{slot}", loss) for slot, loss in enumerate([0.5, None, 0.2, 0.5])]
    assert [proposal.id for proposal in promote(rung, 1)] == ["0-0-2"]
    assert [proposal.id for proposal in promote(rung, 4)] == ["0-0-2", "0-0-0", "0-0-3", "0-0-1"]


def test_test_error_does_not_decide_a_promotion():
    rung = [evaluation("0-0-0", 0.5, test_error=0.0), evaluation("0-0-1", 0.4, test_error=1.0)]
    assert promote(rung, 1)[0].id == "0-0-1"


@pytest.mark.parametrize("unit", ["brackets", "full_budget_evaluations", "full_budget_equivalents"])
@pytest.mark.parametrize("maximum", [1, 27])
def test_a_search_of_an_absurd_length_is_refused_at_once(unit, maximum):
    with pytest.raises(UserError, match=r"^search\.length: 100001 [a-z ]* are more than 100,000 trainings; lower it$"):
        bracket_count(100_001, unit, ladder(maximum))
    assert bracket_count(1000, unit, ladder(maximum))
