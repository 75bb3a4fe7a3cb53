"""The densities beside statsmodels' `KDEMultivariate`."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.nonparametric.kernel_density import KDEMultivariate

from jointsearch.samplers.density import Density

MINIMUM = 1e-3


@st.composite
def samples(draw):
    """Continuous and unordered data with its levels, and two sets of points: good and bad."""
    levels = np.array(draw(st.lists(st.sampled_from([0, 0, 2, 3, 5]), min_size=1, max_size=6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Tight to wide clusters, so that bandwidths range from the minimum upwards.
    spread = draw(arrays(float, len(levels), elements=st.sampled_from([0, 1e-4, 1e-2, 0.3, 1])))

    def part(count):
        continuous = np.clip(rng.random(len(levels)) + spread * rng.standard_normal((count, len(levels))), 0, 1)
        chosen = rng.integers(np.maximum(levels, 1), size=(count, len(levels)))
        return np.where(levels > 0, chosen, continuous)

    sizes = st.integers(len(levels) + 2, 40)
    good, bad = part(draw(sizes)), part(draw(sizes))
    # With a single choice in the data statsmodels divides by zero; its own test is below.
    for data in (good, bad):
        assume(all(len(np.unique(data[:, variable])) > 1 for variable in np.flatnonzero(levels)))
    return levels > 0, good, bad, part(20)


def statsmodels_density(data, unordered):
    density = KDEMultivariate(data, "".join("u" if one else "c" for one in unordered), bw="normal_reference")
    density.bw = np.clip(density.bw, MINIMUM, None)
    return density


@given(samples())
@settings(max_examples=80, deadline=None)
def test_densities_and_ratios_are_those_of_statsmodels(sample):
    unordered, good, bad, elsewhere = sample
    points = np.concatenate([elsewhere, good, bad])
    ours = [Density.fit(data, unordered, MINIMUM) for data in (good, bad)]
    theirs = [statsmodels_density(data, unordered) for data in (good, bad)]
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own.bandwidths, other.bw, rtol=1e-12)
        # Below the smallest normal double, statsmodels' product of kernels keeps fewer digits.
        np.testing.assert_allclose(own(points), other.pdf(points), rtol=1e-9, atol=1e-290)
    ratio, other_ratio = (
        np.maximum(bad(points), 1e-32) / np.maximum(good(points), 1e-32)
        for good, bad in (ours, (theirs[0].pdf, theirs[1].pdf))
    )
    np.testing.assert_allclose(ratio, other_ratio, rtol=1e-9)


def test_one_point_of_one_variable_in_closed_form():
    density = Density(np.array([[0.5]]), np.array([0.1]), np.array([False]))
    points = np.array([[0.5], [0.6]])
    expected = np.array([1, np.exp(-0.5)]) / (0.1 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(density(points), expected, rtol=1e-14)


def test_choices_in_closed_form():
    """Aitchison and Aitken: 1 - h where equal, h / (c - 1) where not."""
    density = Density(np.array([[0.0], [0.0], [1.0], [2.0]]), np.array([0.3]), np.array([True]))
    expected = [(2 * 0.7 + 2 * 0.15) / 4, (0.7 + 3 * 0.15) / 4, (0.7 + 3 * 0.15) / 4]
    np.testing.assert_allclose(density(np.array([[0.0], [1.0], [2.0]])), expected, rtol=1e-14)


def test_a_continuous_density_integrates_to_one():
    rng = np.random.default_rng(0)
    density = Density.fit(rng.random((30, 1)), np.array([False]), MINIMUM)
    grid = np.linspace(-3, 4, 20_001)
    assert np.trapezoid(density(grid[:, None]), grid) == pytest.approx(1, abs=1e-9)


def test_a_choice_outside_of_data_with_one_choice_is_infinite_as_in_statsmodels():
    data = np.array([[0.2, 1], [0.4, 1], [0.3, 1]])
    points = np.array([[0.3, 1], [0.3, 0]])
    unordered = np.array([False, True])
    ours = Density.fit(data, unordered, MINIMUM)(points)
    with np.errstate(divide="ignore"):
        theirs = statsmodels_density(data, unordered).pdf(points)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-9)
    assert np.isposinf([ours[1], theirs[1]]).all()


def test_points_are_evaluated_one_by_one_or_in_any_number():
    rng = np.random.default_rng(0)
    density = Density.fit(rng.random((900, 17)), np.zeros(17, dtype=bool), MINIMUM)
    points = rng.random((700, 17))
    together = density(points)
    np.testing.assert_allclose(together[:5], [density(point[None])[0] for point in points[:5]], rtol=1e-12)
    np.testing.assert_allclose(together[-5:], density(points[-5:]), rtol=1e-12)
    assert density(points[:0]).shape == (0,)
