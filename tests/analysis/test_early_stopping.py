"""What early stopping keeps: facts about cuts that can be told without the code."""

import math

import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import results, search

from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.early_stopping import compare, contrast, curve, curves, follow, selection, survivors
from jointsearch.analysis.observations import table as observations_table
from jointsearch.analysis.tables.early_stopping import data, numbers
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.search.hyperband import promote

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=9)
ERRORS = st.sampled_from([0.1, 0.2, 0.3, 0.9, None])


def study(*columns: list[float | None]) -> list[Evaluation]:
    """Each column holds the losses of the same configurations, at budgets 1, 3, 9, ..."""
    return [
        evaluation(f"0-0-{slot}", loss, rung=rung, slot=slot, budget=3.0**rung, study="correlation")
        for rung, losses in enumerate(columns)
        for slot, loss in enumerate(losses)
    ]


def bad(*losses: float | None) -> np.ndarray:
    return np.array([np.inf if loss is None else loss for loss in losses])


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_lower_budget_that_predicts_everything_keeps_the_top_first_and_has_no_regret() -> None:
    errors = np.linspace(0.1, 0.5, 40)
    top, kept, regret = follow(errors**2, errors)
    assert top == 4
    assert kept.tolist() == [1, 2, 3] + [4] * 37
    assert not regret.any()


def test_a_lower_budget_that_predicts_the_reverse_keeps_the_top_last() -> None:
    errors = np.linspace(0.1, 0.5, 41)
    top, kept, regret = follow(-errors, errors)
    assert top == 4
    assert kept.tolist() == [0] * 37 + [1, 2, 3, 4]
    assert regret == pytest.approx((errors - 0.1)[::-1])


def test_what_ties_with_the_last_of_the_top_belongs_to_it_and_failures_never_do() -> None:
    assert follow(np.arange(10), bad(0.1, 0.1, 0.1, *[0.5] * 7))[0] == 3
    assert follow(np.arange(30), bad(0.1, 0.2, *[None] * 28))[0] == 1
    assert follow(np.arange(3), bad(None, None, None))[0] == 0


def test_failures_added_do_not_change_the_top() -> None:
    errors = np.linspace(0.1, 0.5, 40)
    (without, *_), (failing, *_) = follow(errors, errors), follow(*[np.append(errors, [np.inf] * 160)] * 2)
    assert without == failing == 4
    stacked = np.stack([np.append(errors, [np.inf] * 10), np.linspace(0.1, 0.5, 50), [np.inf] * 50])
    assert follow(stacked, stacked)[0].tolist() == [4, 5, 0]


def test_regret_is_infinite_where_all_that_is_kept_fails() -> None:
    assert follow(np.arange(3), bad(None, 0.4, 0.1))[2].tolist() == [np.inf, pytest.approx(0.3), 0]
    assert np.isnan(follow(np.arange(3), bad(None, None, None))[2]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(ERRORS, ERRORS), min_size=3, max_size=30))
def test_every_cut_keeps_what_a_promotion_keeps(errors) -> None:
    lower, full = zip(*errors, strict=True)
    records = study(list(lower), list(full))
    at_full = {one.proposal.id: math.inf if one.loss is None else one.loss for one in records if one.rung == 1}
    top, kept, regret = follow(bad(*lower), bad(*full))
    best, limit = (
        min(at_full.values()),
        sorted(at_full.values())[max(1, sum(error < math.inf for error in at_full.values()) // 10) - 1],
    )
    for size in range(1, len(errors) + 1):
        promoted = [at_full[one.id] for one in promote([one for one in records if one.rung == 0], size)]
        assert kept[size - 1] == sum(error <= limit and error < math.inf for error in promoted)
        if best < math.inf:
            assert regret[size - 1] == min(promoted) - best
    assert kept[-1] == top


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(ERRORS, ERRORS), min_size=10, max_size=24))
def test_keeping_more_never_hurts_and_intervals_hold_the_share(errors) -> None:
    found = curve(*(bad(*column) for column in zip(*errors, strict=True)), generator())
    assert found.empty == all(full is None for _, full in errors)
    if not found.empty:
        assert found["survivors"].is_monotonic_increasing and found["regret"].is_monotonic_decreasing
        assert found.iloc[-1]["regret"] == 0 and found.iloc[-1][["regret_low", "regret_high"]].isna().all()
        low, high = found["interval_low"] - 1e-9, found["interval_high"] + 1e-9
        # A top of fewer than ten has neither share nor interval; without any width there is no interval either.
        few = found["share"].isna() & low.isna() & high.isna()
        assert (few if found["top"].iloc[0] < 10 else (low <= found["share"]) & (found["share"] <= high)).all()
        wide = found[["regret_low", "regret_high"]].dropna()
        assert (wide["regret_low"] < wide["regret_high"]).all()


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    errors = np.linspace(0.1, 0.5, 100)
    found = curve(errors, errors, generator()).set_index("kept")
    z = 1.959964
    assert found.loc[100, "interval_low"] == pytest.approx(10 / (10 + z**2), abs=1e-6)
    centre, half = (5 + z**2 / 2) / (10 + z**2), z * math.sqrt(10 * 0.25 + z**2 / 4) / (10 + z**2)
    assert found.loc[5, ["interval_low", "interval_high"]].tolist() == pytest.approx([centre - half, centre + half])


def test_a_random_choice_keeps_its_share_and_has_the_regret_of_the_smallest_of_a_sample() -> None:
    rng = np.random.default_rng(1)
    size, runs = 30, 4000
    full = np.tile(np.arange(1, size + 1), (runs, 1))
    _, kept, regret = follow(rng.random((runs, size)), full)
    sizes = np.arange(1, size + 1)
    assert kept.mean(axis=0) / 3 == pytest.approx(sizes / size, abs=0.03)
    # The smallest of k out of 1..n is (n + 1) / (k + 1) on average.
    assert regret.mean(axis=0) == pytest.approx((size + 1) / (sizes + 1) - 1, rel=0.08, abs=0.02)


def test_survivors_are_one_in_eta_of_those_that_succeeded_and_are_finished_at_both_budgets() -> None:
    records = study([0.5, 0.1, None, 0.2, 0.3, 0.1, 0.4, 0.05], [0.9] * 7)
    found = survivors(observations_table(records, []), 1, 3, 3)
    assert sorted(found["proposal"].unique()) == ["0-0-1", "0-0-5"]
    assert found["budget"].tolist() == [1, 1, 3, 3]


def test_failures_do_not_make_a_cut_that_selects_nothing() -> None:
    good = [0.1 + slot / 100 for slot in range(9)]
    records = observations_table(study([None] * 91 + good, [None] * 91 + good), [])
    assert len(survivors(records, 1, 3, 3)) == 6
    assert survivors(observations_table(study([None] * 3, [None] * 3), []), 1, 3, 3).empty


def test_selection_alone_weakens_a_correlation() -> None:
    rng = np.random.default_rng(2)
    errors = rng.uniform(0.2, 0.8, 300)
    columns = [list(np.clip(errors + 0.05 * rng.standard_normal(300), 0, 1)) for _ in range(3)]
    found = compare(results(SETTINGS, correlation=study(*columns))).set_index("of")
    assert found.loc["study", "n"].tolist() == [300] * 3 and found.loc["survivors", "n"].tolist() == [100] * 3
    assert found.loc["search", "n"].tolist() == [0] * 3
    of_study, of_survivors = (found.loc[name, "spearman"].to_numpy() for name in ("study", "survivors"))
    assert (of_survivors < of_study - 0.05).all()


def test_which_way_selection_changes_a_correlation_is_for_the_data_to_say() -> None:
    rng = np.random.default_rng(2)
    errors = np.sort(rng.uniform(0.2, 0.8, 90))
    noise = 0.1 * rng.standard_normal(90)
    # What is noisy is the worst, which a cut leaves out; or everything alike.
    for spread, sign in ((np.where(np.arange(90) < 30, 0, 5 * noise), 1), (noise, -1)):
        rows = observations_table(study(errors.tolist(), np.clip(errors + spread, 0, 1).tolist()), [])
        found = selection(rows, 1, 3, 3, generator())
        assert found["n"] == 90 and sign * found["difference"] > 0
        assert found["interval_low"] < found["difference"] < found["interval_high"]
    few = observations_table(study(errors[:27].tolist(), errors[:27].tolist()), [])
    assert np.isnan(selection(few, 1, 3, 3, generator())["difference"])


def test_correlations_of_study_and_search_are_those_of_each_alone() -> None:
    records, of_search = study(*np.random.default_rng(1).random((3, 12)).tolist()), search(8, SETTINGS)
    found = compare(results(SETTINGS, correlation=records, search=of_search))
    for name, evaluations in (("study", records), ("search", of_search)):
        alone = correlations(observations_table(evaluations, []), generator())
        columns = ["lower_budget", "higher_budget", "budget_unit", "n", "spearman"]
        of_name = found.loc[found["of"] == name, columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_name.sort_values(columns[:2]), alone[columns])


def test_contrast_of_neighbours_with_the_ends() -> None:
    # Each step swaps one pair of neighbours among ten: correlation 1 - 6 * 2 / 990; both swaps double what it lacks.
    rest = [slot / 20 for slot in range(5, 11)]
    columns = ([*first, *rest] for first in ([0.1, 0.12, 0.14, 0.16], [0.12, 0.1, 0.14, 0.16], [0.12, 0.1, 0.16, 0.14]))
    found = contrast(observations_table(study(*columns), []), [1, 3, 9], generator())
    assert found["n"] == 10
    lacking = 12 / 990
    near, far = 1 - lacking, 1 - 2 * lacking
    assert [found[name] for name in ("neighbouring", "furthest", "difference")] == pytest.approx([near, far, lacking])
    assert found["interval_low"] <= lacking <= found["interval_high"]


def test_contrast_needs_three_budgets_and_configurations_that_succeeded_at_all() -> None:
    rows = observations_table(study([0.1, 0.2, 0.3], [0.1, None, 0.3], [0.1, 0.2, 0.3]), [])
    for all_budgets, n in (([1, 3, 9], 2), ([1, 9], 3), ([1, 3, 9, 27], 0)):
        found = contrast(rows, all_budgets, generator())
        assert found["n"] == n and np.isnan(found["difference"]) and np.isnan(found["interval_low"])


def test_table_counts_failures_and_cuts_among_the_successful_too() -> None:
    good = [0.1 + slot / 100 for slot in range(9)]
    lower = [None] * 18 + good
    found = data(results(SETTINGS, correlation=study(lower, lower, [None] * 18 + good[::-1]))).set_index("budget")
    assert found.index.tolist() == [1, 3]
    row = found.loc[1]
    assert row[["configurations", "failed", "failed_full", "top"]].tolist() == [27, 18, 18, 1]
    # All nine that did not fail pass the first cut; of them the second one keeps the worst three.
    assert row[["kept", "survivors", "regret"]].tolist() == [9, 1, 0]
    assert row[["kept_succeeded", "survivors_succeeded"]].tolist() == [3, 0]
    assert row[["share", "share_succeeded"]].isna().all()
    assert row["regret_succeeded"] == pytest.approx(0.06)
    assert np.isnan(row["spearman"])
    assert row[["spearman_n", "spearman_survivors_n", "spearman_search_n"]].tolist() == [9, 3, 0]


def test_a_study_half_done_counts_what_is_finished_at_both_budgets() -> None:
    rising = [slot / 20 for slot in range(12)]
    records = study([], rising[:10], [*rising[:2], None, *rising[3:]])
    found = data(results(SETTINGS, correlation=records)).set_index("budget")
    assert found["begun"].tolist() == [12, 12] and found["configurations"].tolist() == [0, 10]
    assert found["failed_full"].tolist() == [0, 1]
    assert found.loc[1, ["top", "share", "regret", "spearman"]].isna().all() and found.loc[1, "kept"] == 0
    assert (found.loc[3, "survivors"], found.loc[3, "top"]) == (1, 1)


@pytest.mark.parametrize("records", [[], study([None] * 5, [None] * 5, [None] * 5), study([0.1], [0.1], [0.1])])
def test_where_nothing_can_be_said_nothing_is(records) -> None:
    known = results(SETTINGS, correlation=records)
    found = data(known)
    assert len(found) == 2 and found[["top", "share", "regret", "spearman"]].isna().all(axis=None)
    assert not [name for name in numbers(known, found) if "share" in name or "regret" in name]


def test_with_one_budget_there_is_no_row() -> None:
    one = results(BudgetSettings(unit="epochs", minimum=9, maximum=9), correlation=study([0.1, 0.2, 0.3]))
    assert data(one).empty and curves(one).empty and compare(one).empty


def test_numbers_are_those_of_the_table_with_the_evaluations_of_both_budgets() -> None:
    few, enough = (results(SETTINGS, correlation=study(*[rising(number)] * 3)) for number in (12, 100))
    found = numbers(few, data(few))
    assert (found["early_stopping_kept_1"].value, found["early_stopping_top_3"].value) == (4, 1)
    # Of a single one there is no share, and what no resample changes has no interval.
    assert not [name for name in found if "_share_" in name or "_regret_low" in name]
    assert found["early_stopping_regret_3"].text() == "0.00 percentage points"
    assert len(found["early_stopping_regret_3"].sources) == 24
    assert found["early_stopping_regret_3"].sources[0] == "correlation/0-0-0@1"
    found = numbers(enough, data(enough))
    assert found["early_stopping_share_1"].text() == found["early_stopping_share_succeeded_1"].text() == "100 %"
    assert found["early_stopping_share_low_1"].value < 100


def rising(number: int) -> list[float | None]:
    return [0.1 + slot / 200 for slot in range(number)]


def test_same_records_give_the_same_table() -> None:
    known = results(SETTINGS, correlation=study(*[[0.1 + slot % 5 / 100 for slot in range(12)]] * 3))
    pd.testing.assert_frame_equal(data(known), data(known), check_exact=True)
