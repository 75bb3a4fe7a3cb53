"""A Gaussian process with a Matern-5/2 kernel and one length for each group of columns: fit, condition, draw.

Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006, sections 2.2 and 5.4. Numerics only; what the
columns mean is the sampler's business. `bench/bench_sampler.py` has the measurement that speaks for code of our own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

Array = NDArray[np.float64]

NOISE_FLOOR = 1e-3
"""The least variance of the noise."""
JITTER = (1e-8, 1e-6, 1e-4, 1e-2)
"""Tried in turn on the diagonal of a covariance that is not positive definite in floating point."""


@dataclass(frozen=True)
class LogNormal:
    """A log-normal prior, by its median and the standard deviation of the logarithm."""

    median: float
    deviation: float


@dataclass(frozen=True)
class Prior:
    """The priors of a process whose targets have variance 1 on a unit cube: a length per group, signal, noise."""

    lengths: tuple[LogNormal, ...]
    signal: LogNormal = LogNormal(1, 1)
    noise: LogNormal = LogNormal(0.05, 1.5)

    @property
    def all(self) -> tuple[LogNormal, ...]:
        """In the order in which they are optimised."""
        return (*self.lengths, self.signal, self.noise)


@dataclass(frozen=True)
class Process:
    """A zero-mean process.

    Attributes
    ----------
    groups
        Shape `(c,)`: the group of each column.
    lengths
        Length scale of each group.
    signal, noise
        Variance of the function, and of what is observed around it.
    """

    groups: NDArray[np.int_]
    lengths: tuple[float, ...]
    signal: float
    noise: float

    def covariance(self, one: Array, other: Array) -> Array:
        """Covariance of the function at points of shape `(n, c)` and `(m, c)`; shape `(n, m)`."""
        scales = np.array(self.lengths)[self.groups]
        return self.signal * _matern(_distances(one / scales, other / scales))[0]

    def given(self, points: Array, targets: Array) -> "Posterior":
        """Condition on noisy targets of shape `(n,)` at points of shape `(n, c)`."""
        covariance = self.covariance(points, points)
        covariance[np.diag_indices_from(covariance)] += self.noise
        factor = _factor(covariance)
        return Posterior(self, points, factor, cho_solve((factor, True), targets))


@dataclass(frozen=True)
class Posterior:
    """What is known of the function, given observations: see `Process.given`."""

    process: Process
    points: Array
    factor: Array
    weights: Array

    def mean(self, points: Array) -> Array:
        """Mean at points of shape `(m, c)`; shape `(m,)`."""
        return self.process.covariance(points, self.points) @ self.weights


class Draws:
    """Functions drawn from a posterior, each known where it was looked at, all at the same points.

    To look elsewhere is to draw on, given what was drawn, so that the minimum of a function can be looked for in steps.

    Parameters
    ----------
    posterior
        What they are drawn from.
    count
        How many.
    rng
        Source of randomness.
    """

    def __init__(self, posterior: Posterior, count: int, rng: np.random.Generator) -> None:
        self.posterior, self.rng = posterior, rng
        self.points = posterior.points[:0]
        # What the data explain of the points, and the factor of what is left, by which independent numbers make draws.
        self._explained = np.empty((len(posterior.points), 0))
        self._factor = np.empty((0, 0))
        self._independent = np.empty((count, 0))

    def look(self, points: Array) -> Array:
        """Look at further points of shape `(m, c)`; shape `(count, m)`."""
        covariance = self.posterior.process.covariance
        across = covariance(points, self.posterior.points)
        explained = solve_triangular(self.posterior.factor, across.T, lower=True)
        left = covariance(self.points, points) - self._explained.T @ explained
        tie = solve_triangular(self._factor, left, lower=True).T
        corner = _factor(covariance(points, points) - explained.T @ explained - tie @ tie.T)
        independent = self.rng.standard_normal((len(self._independent), len(points)))
        values: Array = across @ self.posterior.weights + self._independent @ tie.T + independent @ corner.T
        self._factor = np.block([[self._factor, np.zeros((len(self.points), len(points)))], [tie, corner]])
        self.points = np.vstack([self.points, points])
        self._explained = np.hstack([self._explained, explained])
        self._independent = np.hstack([self._independent, independent])
        return values


def fit(points: Array, targets: Array, groups: NDArray[np.int_], prior: Prior, iterations: int = 30) -> Process:
    """Find the most probable hyperparameters, by L-BFGS-B from the medians of their priors.

    They are rounded to four digits, so that what different processors make of the last bits of a sum seldom shows.

    Parameters
    ----------
    points
        Shape `(n, c)`.
    targets
        Shape `(n,)`, of mean 0 and variance about 1.
    groups
        Shape `(c,)`: which columns share a length; an index into `prior.lengths`.
    prior
        Priors of all hyperparameters.
    iterations
        At most so many steps of the optimiser.
    """
    medians = np.log([one.median for one in prior.all])
    deviations = np.array([one.deviation for one in prior.all])

    def loss(logarithms: Array) -> tuple[float, Array]:
        value, gradient = _negative_log_likelihood(logarithms, points, targets, groups)
        standard = (logarithms - medians) / deviations
        return value + standard @ standard / 2, gradient + standard / deviations

    bounds = list(zip(medians - 4 * deviations, medians + 4 * deviations, strict=True))
    found = minimize(loss, medians, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations})
    *lengths, signal, noise = (float(f"{value:.4g}") for value in np.exp(found.x))
    return Process(groups, tuple(lengths), signal, NOISE_FLOOR + noise)


def _negative_log_likelihood(
    logarithms: Array, points: Array, targets: Array, groups: NDArray[np.int_]
) -> tuple[float, Array]:
    """Value, and gradient by the logarithms of lengths, signal and noise above its floor."""
    *lengths, signal, noise = np.exp(logarithms)
    scaled = points / np.array(lengths)[groups]
    shape, slope = _matern(_distances(scaled, scaled))
    covariance = signal * shape
    covariance[np.diag_indices_from(covariance)] += NOISE_FLOOR + noise
    try:
        factor = cholesky(covariance, lower=True)
    except LinAlgError:
        return 1e10, np.zeros_like(logarithms)
    weights = cho_solve((factor, True), targets)
    value = targets @ weights / 2 + np.log(np.diag(factor)).sum()
    inner = cho_solve((factor, True), np.eye(len(targets))) - np.outer(weights, weights)
    # d k / d log length = signal * slope * (squared difference in that group's columns), summed over all pairs at once.
    pairs = inner * slope
    by_column = 2 * (pairs.sum(axis=1) @ scaled**2 - (scaled * (pairs @ scaled)).sum(axis=0))
    by_length = np.bincount(groups, by_column, minlength=len(lengths)) * signal / 2
    by_signal, by_noise = (inner * shape).sum() * signal / 2, np.trace(inner) * noise / 2
    return value, np.array([*by_length, by_signal, by_noise])


def _distances(one: Array, other: Array) -> Array:
    """Euclidean distances between rows."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.sqrt(np.maximum(squares, 0))


def _matern(distances: Array) -> tuple[Array, Array]:
    """Matern-5/2 correlation, and its derivative by the squared distance, times -2."""
    root = np.sqrt(5) * distances
    decay = np.exp(-root)
    slope = 5 / 3 * (1 + root) * decay
    return (1 + root + root**2 / 3) * decay, slope


def _factor(covariance: Array) -> Array:
    """Cholesky factor, lower; with as little jitter as it takes."""
    diagonal = np.diag_indices_from(covariance)
    for jitter in JITTER:
        padded = covariance.copy()
        padded[diagonal] += jitter
        try:
            factor: Array = cholesky(padded, lower=True)
        except LinAlgError:
            continue
        return factor
    raise LinAlgError("covariance is not positive definite")
