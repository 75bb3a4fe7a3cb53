"""Test and retest: what of a weak correlation is noise."""

import numpy as np
import pytest
from factories import evaluation
from scipy.stats import spearmanr
from synthetic import results

from jointsearch.analysis.early_stopping import compare, counts, firsts
from jointsearch.analysis.retest import between, correct, ranked, retest
from jointsearch.analysis.tables import early_stopping
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.plotting import correlation_study
from jointsearch.results.results import Results
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=9)
BUDGETS = (1.0, 3.0, 9.0)


def study(losses: np.ndarray) -> Results:
    """Losses of shape (configurations, seeds, budgets), nan where a training fails."""
    configurations, seeds, levels = losses.shape
    made: list[Evaluation] = [
        evaluation(
            f"0-0-{slot}",
            None if np.isnan(loss) else float(loss),
            rung=rung,
            slot=slot,
            budget=BUDGETS[rung],
            study="correlation",
        )
        for rung in range(levels)
        for slot, loss in enumerate(losses[:, :, rung].ravel())
    ]
    whole = Bracket(0, (configurations * seeds,) * 3, (0, 1, 2))
    planned = StudyPlan(name="correlation", kind="random", settings="0" * 64, brackets=(whole,), seeds=seeds)
    return results(SETTINGS, beside=[planned], correlation=made)


def noisy(noise: float, reranked: float = 0, number: int = 120) -> np.ndarray:
    """Errors whose ranking differs between budgets by `reranked`, and between seeds by `noise`."""
    rng = np.random.default_rng(0)
    quality = rng.normal(size=(number, 1, 1)) + reranked * rng.normal(size=(number, 1, 3))
    return 0.5 + 0.01 * (quality + noise * rng.normal(size=(number, 2, 3)))


def row(results: Results, lower: float, higher: float) -> dict:
    found = retest(results)
    ((_, one),) = found[(found["lower_budget"] == lower) & (found["higher_budget"] == higher)].iterrows()
    return one.to_dict()


def test_trainings_with_other_seeds_are_correlated_pair_by_pair():
    rng = np.random.default_rng(1)
    losses = rng.normal(size=(2, 20, 3))[:, :, :2]
    x, y = losses
    of_pairs = [spearmanr(x[:, 0], y[:, 1])[0], spearmanr(x[:, 1], y[:, 0])[0]]
    within = [spearmanr(one[:, 0], one[:, 1])[0] for one in losses]
    a, b = map(ranked, losses)
    assert between(a, b) == pytest.approx(np.mean(of_pairs))
    assert between(a, a) == pytest.approx(within[0])
    of_itself = correct(ranked(np.abs(x)), ranked(np.abs(x)))
    assert of_itself == pytest.approx(1) or np.isnan(of_itself)
    if np.prod(within) > 0:
        assert correct(a, b) == pytest.approx(between(a, b) / np.sqrt(np.prod(within)))


def test_where_only_noise_differs_the_corrected_correlation_is_one():
    known = study(noisy(noise=1))
    far = row(known, 1, 9)
    assert far["spearman"] < 0.6
    assert far["corrected_low"] < 1 == far["corrected_high"]
    assert far["corrected"] == pytest.approx(1, abs=0.2)
    # Variances of signal and noise are equal: half of what two trainings say is common to them.
    assert row(known, 1, 1)["spearman"] == pytest.approx(0.5, abs=0.15)


def test_where_the_ranking_changes_it_is_below_one_and_above_the_uncorrected():
    far = row(study(noisy(noise=0.5, reranked=1)), 1, 9)
    assert far["spearman"] < far["corrected"]
    assert far["corrected_high"] < 0.9
    assert far["corrected"] == pytest.approx(0.5, abs=0.15)


def test_what_is_corrected_is_no_correlation_beyond_one():
    rng = np.random.default_rng(1)
    quality = rng.normal(size=30)
    # Where trainings of equal noise agree better between budgets than within them.
    x, y = (ranked(np.column_stack([quality, quality + 1.5 * rng.normal(size=30)])) for _ in range(2))
    within = np.sqrt(between(x, x) * between(y, y))
    assert between(x, y) < 1 and abs(correct(x, y)) <= 1
    swapped = x[:, ::-1]
    assert between(x, swapped) > within or between(x, swapped) / between(x, x) > 1
    assert correct(x, swapped) == 1 and correct(x, ranked(-swapped)) == -1


def test_only_configurations_count_of_which_all_trainings_at_both_budgets_succeeded():
    losses = noisy(noise=0.1, number=10)
    losses[0, 1, 0] = losses[1, 0, 2] = np.nan
    known = study(losses)
    assert [row(known, *pair)["n"] for pair in ((1, 1), (3, 3), (1, 9), (3, 9))] == [9, 10, 8, 9]


def test_what_does_not_agree_with_its_own_repetition_has_no_corrected_correlation():
    losses = noisy(noise=0.1, number=10)
    losses[:, 1, 0] = 1 - losses[:, 0, 0]
    far = row(study(losses), 1, 9)
    assert np.isnan(far["corrected"]) and np.isnan(far["corrected_low"])
    few = row(study(noisy(noise=0.1, number=2)), 1, 9)
    assert few["n"] == 2 and np.isnan(few["spearman"])


def test_where_resamples_often_have_none_the_corrected_correlation_has_no_interval():
    far = row(study(noisy(noise=2, number=20)), 1, 9)
    assert np.isfinite([far["spearman"], far["interval_low"], far["interval_high"], far["corrected"]]).all()
    assert np.isnan([far["corrected_low"], far["corrected_high"]]).all()


def test_trained_once_there_is_nothing_to_compare():
    known = study(noisy(noise=1)[:, :1])
    assert retest(known).empty
    assert "retest" not in early_stopping.data(known)
    assert set(compare(known)["of"]) == set(correlation_study.data(known)["of"].dropna())


def test_all_else_is_said_of_the_first_training_of_each_configuration():
    losses = noisy(noise=1, number=30)
    twice, once = study(losses), study(losses[:, :1])
    assert counts(twice).equals(counts(once))
    assert compare(twice).drop(columns=["interval_low"]).equals(compare(once).drop(columns=["interval_low"]))
    assert [one.slot for one in firsts(twice)][:3] == [0, 2, 4]


def test_figure_table_and_numbers_have_what_is_corrected_for_noise():
    known = study(noisy(noise=1, number=60))
    found = correlation_study.data(known)
    far = row(known, 1, 9)
    numbers = correlation_study.numbers(known, found)
    assert numbers["study_corrected_1_9"].value == far["corrected"]
    assert numbers["study_corrected_1_9_low"].value == far["corrected_low"]
    assert numbers["study_retest_9"].value == row(known, 9, 9)["spearman"]
    assert len(numbers["study_corrected_1_9"].sources) == 4 * 60
    assert len(numbers["study_spearman_1_9"].sources) == 2 * 60
    assert numbers["study_configurations"].value == 60
    table = early_stopping.data(known).set_index("budget")
    assert table.loc[3.0, "retest"] == row(known, 3, 3)["spearman"]
    assert table.loc[1.0, "corrected_high"] == far["corrected_high"]
    legend = [text.get_text() for text in correlation_study.draw(found).subfigs[0].legends[0].get_texts()]
    assert any(text.startswith("corrected:") for text in legend)
