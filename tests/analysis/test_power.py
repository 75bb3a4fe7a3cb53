import math

import numpy as np
import pytest
from scipy import integrate, stats

from jointsearch.analysis.power import MOST_REPEATS, POWER, power, repeats_needed, smallest_effect


@pytest.mark.parametrize(
    ("repeats", "welch", "paired", "common"), [(3, 3.75, 6.55, 4.65), (8, 1.70, 1.90, 1.34), (12, 1.34, 1.43, 1.01)]
)
def test_smallest_differences_of_two_comparisons(repeats, welch, paired, common) -> None:
    # In standard deviations of a search, at Holm's strictest level of two comparisons. Differences of pairs have
    # sqrt(2 (1 - correlation)) times that: of searches that share nothing sqrt(2), at a correlation of 0.5 one.
    level = 0.05 / 2
    assert smallest_effect(repeats, repeats, False, level) == pytest.approx(welch, abs=0.03)
    assert math.sqrt(2) * smallest_effect(repeats, repeats, True, level) == pytest.approx(paired, abs=0.03)
    assert smallest_effect(repeats, repeats, True, level) == pytest.approx(common, abs=0.03)


def test_the_scale_model_finds_what_its_hypotheses_say() -> None:
    # In standard deviations: of a difference in eight and in five pairs, over four and six comparisons; over seeds.
    assert smallest_effect(8, 8, True, 0.05 / 4) == pytest.approx(1.5, abs=0.05)
    assert smallest_effect(5, 5, True, 0.05 / 6) == pytest.approx(2.8, abs=0.05)
    assert smallest_effect(10, 10, False, 0.05) == pytest.approx(1.3, abs=0.05)


@pytest.mark.parametrize("paired", [True, False])
def test_power_is_the_share_of_simulated_studies_that_find_the_difference(paired) -> None:
    draws = np.random.default_rng(0)
    first, second = draws.normal(1.2, 1, (4000, 8)), draws.normal(0, 1, (4000, 8))
    if paired:
        p = stats.ttest_1samp(first, 0, axis=1).pvalue
    else:
        p = stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue
    assert power(1.2, 8, 8, paired, 0.05 / 3) == pytest.approx(np.mean(p < 0.05 / 3), abs=0.03)


def test_so_many_repeats_find_the_difference_and_one_less_do_not() -> None:
    for paired in (True, False):
        for effect in (0.6, 1.0, 3.0, 200.0):
            n = repeats_needed(-effect, paired, 0.05 / 7)
            assert n is not None and power(effect, n, n, paired, 0.05 / 7) >= POWER
            assert n == 2 or power(effect, n - 1, n - 1, paired, 0.05 / 7) < POWER


def test_what_would_take_absurdly_many_is_not_counted() -> None:
    assert repeats_needed(0.0, True, 0.01) is None
    limit = smallest_effect(MOST_REPEATS, MOST_REPEATS, False, 0.01)
    assert repeats_needed(0.999 * limit, False, 0.01) is None
    assert repeats_needed(1.001 * limit, False, 0.01) == MOST_REPEATS


@pytest.mark.parametrize("n", [2, 3, 100])
def test_a_smallest_difference_is_found_with_the_power_that_is_asked_for(n) -> None:
    for paired in (True, False):
        assert power(smallest_effect(n, n, paired, 0.05 / 7), n, n, paired, 0.05 / 7) == pytest.approx(POWER, abs=1e-6)
    assert math.isnan(smallest_effect(1, 5, False, 0.05))


def found_by_integration(effect: float, n: int, paired: bool, level: float) -> float:
    """Power of a one-sided t-test at half the level: a normal mean over all standard deviations that samples have."""
    freedom, noncentrality = (n - 1, effect * n**0.5) if paired else (2 * n - 2, effect * (n / 2) ** 0.5)
    critical, spread = stats.t.isf(level / 2, freedom), stats.chi(freedom, scale=freedom**-0.5)
    ends = spread.ppf([1e-12, 1 - 1e-12])
    inside = [min(noncentrality / critical, ends[1])]
    return integrate.quad(
        lambda s: stats.norm.cdf(noncentrality - critical * s) * spread.pdf(s), *ends, points=inside, limit=200
    )[0]


@pytest.mark.parametrize("paired", [True, False])
def test_every_design_of_up_to_twenty_repeats_and_twelve_comparisons_has_a_smallest_difference(paired) -> None:
    for n in range(2, 21):
        for comparisons in range(1, 13):
            level = 0.05 / comparisons
            effect = smallest_effect(n, n, paired, level)
            assert power(effect, n, n, paired, level) == pytest.approx(POWER, abs=1e-6), (n, comparisons)
            if comparisons in (1, 12) and n in (2, 8, 20):
                assert found_by_integration(effect, n, paired, level) == pytest.approx(POWER, abs=1e-4)


def test_a_difference_that_is_far_too_large_to_be_missed_is_found() -> None:
    # Where the noncentral t is not computed.
    assert power(15.885651294280526, 8, 8, True, 0.05) == 1
    assert all(repeats_needed(effect, True, 0.05) == 2 for effect in np.geomspace(20, 1e4, 50))
