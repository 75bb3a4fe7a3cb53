"""The Gaussian process beside scikit-learn's, and what its fit finds."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from jointsearch.samplers.gaussian_process import (
    NOISE_FLOOR,
    Draws,
    LogNormal,
    Prior,
    Process,
    _negative_log_likelihood,
    fit,
    matern,
    squared_exponential,
)

# The last two columns share a length.
GROUPS = np.array([0, 1, 2, 2])
LENGTHS = (0.3, 0.7, 1.5)
KERNELS = {matern: Matern([0.3, 0.7, 1.5, 1.5], nu=2.5), squared_exponential: RBF([0.3, 0.7, 1.5, 1.5])}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    points = rng.random((40, 4))
    return points, np.sin(6 * points[:, 0]) + points[:, 2] + 0.1 * rng.standard_normal(40)


@pytest.fixture(params=KERNELS, ids=lambda kernel: kernel.__name__)
def kernel(request):
    return request.param


@pytest.fixture
def process(kernel):
    return Process(GROUPS, LENGTHS, signal=1.3, noise=0.02, kernel=kernel)


@pytest.fixture
def reference(data, kernel):
    kernel = ConstantKernel(1.3) * KERNELS[kernel] + WhiteKernel(0.02)
    return GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(*data)


def test_the_posterior_is_scikit_learns(data, process, reference):
    elsewhere = np.random.default_rng(1).random((30, 4))
    posterior = process.given(*data)
    mean, covariance = reference.predict(elsewhere, return_cov=True)
    assert posterior.mean(elsewhere) == pytest.approx(mean, abs=1e-6)
    draws = Draws(posterior, 100_000, np.random.default_rng(2)).look(elsewhere)
    # What is drawn is the function, what scikit-learn predicts is observed with noise.
    covariance -= 0.02 * np.eye(30)
    assert draws.mean(axis=0) == pytest.approx(mean, abs=0.02)
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.02)


def test_a_function_that_was_looked_at_in_steps_is_of_the_same_process(data, process, reference):
    """Values at all points together have the covariance that scikit-learn gives, whatever the steps were."""
    elsewhere = np.random.default_rng(1).random((12, 4))
    draws = Draws(process.given(*data), 100_000, np.random.default_rng(2))
    values = np.hstack([draws.look(elsewhere[:5]), draws.look(elsewhere[5:6]), draws.look(elsewhere[6:])])
    mean, covariance = reference.predict(elsewhere, return_cov=True)
    assert values.mean(axis=0) == pytest.approx(mean, abs=0.02)
    assert np.cov(values.T) == pytest.approx(covariance - 0.02 * np.eye(12), abs=0.02)
    # What was seen stays as it was.
    assert draws.look(elsewhere[:5]) == pytest.approx(values[:, :5], abs=0.01)


def test_the_likelihood_is_scikit_learns_and_its_gradient_is_the_difference_quotient(data, kernel, reference):
    at = np.log([0.3, 0.7, 1.5, 1.3, 0.02 - NOISE_FLOOR])
    value, gradient = _negative_log_likelihood(at, *data, GROUPS, kernel)
    constant = len(data[0]) / 2 * np.log(2 * np.pi)
    assert value + constant == pytest.approx(-reference.log_marginal_likelihood(), rel=1e-6)
    quotient = approx_fprime(at, lambda x: _negative_log_likelihood(x, *data, GROUPS, kernel)[0], 1e-6)
    assert gradient == pytest.approx(quotient, rel=1e-4, abs=1e-4)


def test_the_fit_tells_what_matters_from_what_does_not():
    rng = np.random.default_rng(0)
    points = rng.random((120, 3))
    targets = np.sin(8 * points[:, 0])
    process = fit(points, targets, np.arange(3), Prior((LogNormal(0.5, 1),) * 3), matern)
    assert process.lengths[0] < 0.7
    assert min(process.lengths[1:]) > 2
    assert process.noise < 0.01
    noisy = fit(points, rng.standard_normal(120), np.arange(3), Prior((LogNormal(0.5, 1),) * 3), matern)
    assert noisy.noise > 0.3


def test_one_place_may_have_many_values():
    points = np.full((50, 2), 0.5)
    targets = np.tile([-1.0, 1.0], 25)
    prior = Prior((LogNormal(0.5, 1),) * 2)
    process = fit(points, targets, np.arange(2), prior, matern)
    posterior = process.given(points, targets)
    assert posterior.mean(points[:1]) == pytest.approx(0, abs=0.05)
    assert np.isfinite(Draws(posterior, 3, np.random.default_rng(0)).look(points)).all()


def test_the_squared_exponential_is_the_product_of_its_columns():
    rng = np.random.default_rng(0)
    one, other = rng.random((5, 4)), rng.random((6, 4))
    whole = Process(GROUPS, LENGTHS, 1, 0.1, squared_exponential).covariance(one, other)
    columns = [
        Process(np.zeros(1, int), (LENGTHS[group],), 1, 0.1, squared_exponential).covariance(
            one[:, [column]], other[:, [column]]
        )
        for column, group in enumerate(GROUPS)
    ]
    assert whole == pytest.approx(np.prod(columns, axis=0), rel=1e-12)


def test_shorter_starts_find_a_wave_that_the_medians_take_for_noise():
    points = np.random.default_rng(0).random((30, 3))
    targets = np.cos(4 * np.pi * points[:, 0])
    targets = (targets - targets.mean()) / targets.std()
    prior = Prior((LogNormal(0.87, 1.5),) * 3, noise=LogNormal(0.1, 1.5))
    stuck, found = (
        fit(points, targets, np.arange(3), prior, squared_exponential, starts=starts) for starts in ([0.0], [0.0, -1.0])
    )
    assert found.noise < 0.01
    assert stuck.noise > 0.3


def test_no_length_is_below_the_shortest():
    points = np.random.default_rng(0).random((60, 2))
    targets = np.sin(60 * points[:, 0])
    prior = Prior((LogNormal(0.5, 1),) * 2)
    free, bounded = (
        fit(points, targets, np.arange(2), prior, matern, starts=[-3.0], shortest=shortest) for shortest in (1e-9, 0.3)
    )
    assert min(free.lengths) < 0.3
    assert min(bounded.lengths) == 0.3
