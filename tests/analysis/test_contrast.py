from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from jointsearch.analysis.contrast import Contrast, contrast, holm, mean_interval, simultaneous


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def paired(differences: list[float]) -> Contrast:
    return contrast(dict(enumerate(differences)), dict.fromkeys(range(len(differences)), 0.0), True, rng())


def samples(first: list[float], second: list[float]) -> Contrast:
    return contrast(dict(enumerate(first)), dict(enumerate(second)), False, rng())


def test_interval_is_that_of_the_table_of_students_t() -> None:
    # n = 4: mean 5, sd 2, so half the width is 3.182 * 2 / sqrt(4).
    values = np.array([5 - np.sqrt(6), 5.0, 5.0, 5 + np.sqrt(6)])
    assert mean_interval(values, is_share=False) == pytest.approx((5, 5 - 3.182, 5 + 3.182), abs=1e-3)


def test_interval_of_errors_stays_within_0_and_1_and_is_that_of_log_odds() -> None:
    # n = 3 of a mean of 1.49 %: the plain interval begins at -0.94 %.
    values = np.array([0.0084, 0.0140, 0.0223])
    mean, low, high = mean_interval(values, is_share=True)
    plain = mean_interval(np.array([0.0037, 0.0140, 0.0270]), is_share=False)
    assert plain[1] < 0 < low < mean < high < 1
    odds = np.log(np.array([low, mean, high]) / (1 - np.array([low, mean, high])))
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3) / (mean * (1 - mean))
    assert np.diff(odds).tolist() == pytest.approx([half, half], rel=1e-5)
    # Accuracies have the same interval, from the other side.
    assert mean_interval(1 - values, is_share=True) == pytest.approx((1 - mean, 1 - high, 1 - low))
    # Where it is narrow, it is the plain one.
    narrow = 0.5 + 1e-3 * np.array([-1, 0, 1])
    assert mean_interval(narrow, is_share=True) == pytest.approx(mean_interval(narrow, is_share=False), abs=1e-6)


def test_errors_that_are_all_0_have_an_interval_without_width() -> None:
    assert mean_interval(np.zeros(3), is_share=True) == (0, 0, 0)


@pytest.mark.parametrize(("values", "mean"), [([], np.nan), ([0.25], 0.25), ([0.25, 0.75], 0.5)])
def test_fewer_than_three_values_have_no_interval(values, mean) -> None:
    assert mean_interval(np.array(values), is_share=True) == pytest.approx((mean, np.nan, np.nan), nan_ok=True)


def test_pairs_are_those_that_both_have() -> None:
    found = contrast({0: 0.3, 1: 0.5, 3: 0.9, 5: 0.4}, {1: 0.4, 2: 0.1, 3: 0.6, 4: 0.2, 5: 0.2}, True, rng())
    assert (found.n, found.n_reference) == (3, 3)
    assert found.difference == pytest.approx(0.2)
    assert found.p == pytest.approx(stats.ttest_1samp([0.1, 0.3, 0.2], 0).pvalue)


def test_samples_that_are_no_pairs_keep_all_their_repeats() -> None:
    first, second = [0.3, 0.5, 0.9], [0.4, 0.1, 0.6, 0.2, 0.25]
    found = samples(first, second)
    assert (found.n, found.n_reference, found.paired) == (3, 5, False)
    # Welch (1947): t and its degrees of freedom.
    of = [np.var(one, ddof=1) / len(one) for one in (first, second)]
    t = (np.mean(first) - np.mean(second)) / np.sqrt(sum(of))
    freedom = sum(of) ** 2 / (of[0] ** 2 / 2 + of[1] ** 2 / 4)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), freedom))
    half = stats.t.isf(0.01, freedom) * np.sqrt(sum(of))
    assert found.interval(0.02) == pytest.approx((found.difference - half, found.difference + half))


def test_sign_flip_test_counts_all_flips() -> None:
    differences = [0.011, -0.002, 0.007, 0.004, 0.003]
    means = [np.mean(np.array(signs) * differences) for signs in product([-1, 1], repeat=5)]
    share = np.mean(np.abs(means) >= abs(np.mean(differences)) - 1e-12)
    assert paired(differences).p_exact == pytest.approx(share)


def test_sign_flip_test_is_scipys_with_ties_and_zeros_too() -> None:
    for differences in ([0.01, 0.01, 0.0, -0.01, 0.02, 0.02, 0.0], list(rng().normal(0.3, 1, 10).round(1))):
        theirs = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
        )
        assert paired(differences).p_exact == pytest.approx(min(theirs.pvalue, 1.0))


def test_sign_flip_test_is_exact_for_twenty_pairs() -> None:
    assert paired(list(np.linspace(0.01, 0.02, 20))).p_exact == 2.0**-19
    # Of integers: ranks of absolute differences, whose signed sum is that of Wilcoxon.
    ranks = np.arange(1.0, 21) * np.where(rng().random(20) < 0.3, -1, 1)
    assert paired(list(ranks)).p_exact == pytest.approx(stats.wilcoxon(ranks, method="exact").pvalue)


@pytest.mark.parametrize("scale", 10.0 ** np.arange(-9, 10))
def test_tests_do_not_depend_on_the_scale_of_the_losses(scale) -> None:
    draws = rng()
    for n in (5, 9, 12):
        first, second = draws.normal(1.3, 1, n), draws.normal(0, 1, n)
        for pairs in (True, False):
            one, other = (
                contrast(dict(enumerate(of * first)), dict(enumerate(of * second)), pairs, rng()) for of in (1, scale)
            )
            assert (one.untested, other.untested) == (None, None)
            assert (other.p, other.p_exact) == pytest.approx((one.p, one.p_exact))
            assert other.p_exact >= other.smallest_p
    same = [contrast(dict(enumerate(scale * (0.1 + of))), dict(enumerate(scale * of)), True, rng()) for of in [first]]
    assert [one.untested for one in same] == ["no spread, no test"]


def test_large_differences_that_all_agree_have_the_smallest_p() -> None:
    # Sums in another order are rounded otherwise.
    draws = rng()
    for _ in range(50):
        assert paired(list(draws.uniform(1e3, 1e6, 9))).p_exact == 2.0**-8


def test_the_spread_within_samples_is_pooled_by_their_degrees_of_freedom() -> None:
    first, second = [0.1, 0.5, 0.9, 0.8, 0.3], [0.2, 0.4, 0.3]
    centred = np.concatenate([np.array(one) - np.mean(one) for one in (first, second)])
    assert samples(first, second).spread == pytest.approx(np.sqrt((centred**2).sum() / 6))


def test_two_samples_are_divided_in_all_ways() -> None:
    first, second = [0.1, 0.5, 0.9, 0.8], [0.2, 0.15, 0.4]
    every, seen = np.array(first + second), np.mean(first) - np.mean(second)
    differences = []
    for chosen in combinations(range(7), 4):
        inside = np.isin(np.arange(7), chosen)
        differences.append(every[inside].mean() - every[~inside].mean())
    tails = [np.mean(np.array(differences) >= seen - 1e-12), np.mean(np.array(differences) <= seen + 1e-12)]
    assert samples(first, second).p_exact == pytest.approx(2 * min(tails))


@pytest.mark.parametrize("n", [3, 5, 6, 10, 25])
def test_samples_that_are_as_far_apart_as_can_be_have_the_smallest_p(n) -> None:
    far = paired(list(np.linspace(0.01, 0.02, n)))
    assert far.p_exact == pytest.approx(far.smallest_p) == pytest.approx(2 / 2**n if n <= 20 else 2 / 10_001)
    apart = samples(list(np.linspace(1, 2, n)), list(np.linspace(3, 4, n)))
    assert apart.p_exact == pytest.approx(apart.smallest_p)


@pytest.mark.parametrize("pairs", [True, False])
def test_test_agrees_with_its_interval(pairs) -> None:
    draws = rng()
    for _ in range(20):
        both = [dict(enumerate(draws.normal(mean, 1, 6))) for mean in (0.8, 0)]
        found = contrast(*both, pairs, draws)
        low, high = found.interval(0.05)
        assert (found.p < 0.05) == (low > 0 or high < 0)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (paired([]), "no repeat to compare"),
        (paired([0.3]), "too few repeats"),
        (paired([0.3, 0.4]), "too few repeats"),
        (samples([0.3, 0.4], [0.1, 0.2, 0.3]), "too few repeats"),
        (samples([0.3, 0.2], []), "no repeat to compare"),
        (paired([0.0, 0.0, 0.0]), "equal in all repeats"),
        (paired([0.1 + 0.2, 0.3, 0.3]), "no spread, no test"),
        (samples([0.3] * 3, [0.1] * 3), "no spread, no test"),
        (samples([0.3] * 3, [0.1, 0.2, 0.2]), None),
        (paired([0.3, 0.3, 0.2]), None),
        (paired([1e-13, 2e-13, 4e-13]), None),
    ],
)
def test_what_cannot_be_tested_says_why(found, why) -> None:
    assert found.untested == why
    assert np.isnan(found.p) == (why is not None) == np.isnan(found.interval(0.05)[0])
    assert np.isnan(found.difference) == (why == "no repeat to compare")


def test_equal_differences_have_an_exact_p() -> None:
    assert (paired([0.25] * 3).p_exact, paired([0.0] * 3).p_exact) == (0.25, 1)


def test_holm_multiplies_the_least_by_all_the_next_by_one_less() -> None:
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])


def test_holm_counts_comparisons_that_could_not_be_made() -> None:
    assert holm(np.array([0.04, np.nan, 0.01, 0.03])) == pytest.approx([0.09, np.nan, 0.04, 0.09], nan_ok=True)
    assert np.isnan(holm(np.array([np.nan, np.nan]))).all()
    assert len(holm(np.array([]))) == 0


def test_correction_keeps_the_order_and_lowers_nothing() -> None:
    draws = rng()
    for p in (draws.random(n).round(2) for n in (1, 2, 3, 4, 4, 6)):
        corrected = holm(p)
        assert (corrected >= p).all() and (corrected <= 1).all()
        assert (np.diff(corrected[np.argsort(p)]) >= 0).all()


def many(means: list[float], draws: np.random.Generator) -> list[Contrast]:
    reference = dict(enumerate(draws.normal(0, 1, 6)))
    return [contrast(dict(enumerate(draws.normal(mean, 1, 6))), reference, True, draws) for mean in means]


def test_simultaneous_intervals_have_zero_inside_exactly_if_holms_test_is_open() -> None:
    draws, touched = rng(), 0
    for _ in range(25):
        tests = many([0, 0.5, -1, 1.5, 2, -2, 3], draws)
        for one, p in zip(tests, holm(np.array([one.p for one in tests])), strict=True):
            low, high = simultaneous(one, p, len(tests), False)
            assert (low < 0 < high) == (p >= 0.05)
            assert low <= one.difference <= high
            touched += 0 in (low, high)
    # Holm's test decided what Bonferroni's intervals left open.
    assert touched


def test_intervals_of_all_differences_hold_together() -> None:
    draws, means = rng(), [0, 0.5, -1, 1.5]
    missed = 0
    for _ in range(40):
        tests = many(means, draws)
        corrected = holm(np.array([one.p for one in tests]))
        intervals = [simultaneous(one, p, len(tests), False) for one, p in zip(tests, corrected, strict=True)]
        missed += not all(low <= mean <= high for mean, (low, high) in zip(means, intervals, strict=True))
    # 5 % are expected to be missed: 2 of 40.
    assert missed <= 6
