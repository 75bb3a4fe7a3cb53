"""A Gaussian process with one length for each group of columns: fit, condition, draw. The only one of the package.

Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006, sections 2.2 and 5.4. Numerics only; what the
columns mean is the caller's business. `bench/bench_sampler.py` has the measurement that speaks for code of our own.

Symbols, with n observations, m points to predict at, c columns and g groups of columns that share a length:

| symbol      | shape    | what it is                                                 |
| ----------- | -------- | ---------------------------------------------------------- |
| `X`         | `(n, c)` | points of the observations, `points` of a `Posterior`      |
| `x`         | `(m, c)` | points to predict or to draw at                            |
| `f`         |          | the function, of variance `signal`                         |
| `y`         | `(n,)`   | `targets`: `f` at `X`, with noise of variance `noise`      |
| `groups`    | `(c,)`   | the group of each column                                   |
| `lengths`   | `(g,)`   | length scale of each group                                 |
| `cov_fX_fX` | `(n, n)` | covariance of `f` at the observations                      |
| `cov_fx_fX` | `(m, n)` | covariance of `f` at `x` and at the observations           |
| `cov_y_y`   | `(n, n)` | covariance of the observations: `cov_fX_fX + noise * I`    |
| `chol_y_y`  | `(n, n)` | its lower Cholesky factor                                  |
| `weights`   | `(n,)`   | `inverse(cov_y_y) @ y`: the mean is `cov_fx_fX @ weights`  |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

Array = NDArray[np.float64]
Kernel = Callable[[Array], tuple[Array, Array]]
"""From squared scaled distances to the correlation, and to its derivative by them, times -2: `matern` or
`squared_exponential`."""

NOISE_FLOOR = 1e-3
"""The least variance of the noise."""
JITTER = (1e-8, 1e-6, 1e-4, 1e-2)
"""Tried in turn on the diagonal of a covariance that is not positive definite in floating point."""


@dataclass(frozen=True)
class LogNormal:
    """A log-normal prior, by its median and the standard deviation of the logarithm."""

    median: float
    deviation: float

    def standard(self, value: float) -> float:
        """How many standard deviations a value is from the median."""
        return float(np.log(value / self.median)) / self.deviation


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
        Variance of the function, and of the observations around it.
    kernel
        Correlation of the function.
    """

    groups: NDArray[np.int_]
    lengths: tuple[float, ...]
    signal: float
    noise: float
    kernel: Kernel

    def covariance(self, one: Array, other: Array) -> Array:
        """Covariance of the function at points of shape `(n, c)` and `(m, c)`; shape `(n, m)`."""
        scales = np.array(self.lengths)[self.groups]
        return self.signal * self.kernel(_squared_distances(one / scales, other / scales))[0]

    def given(self, points: Array, targets: Array) -> "Posterior":
        """Condition on noisy targets of shape `(n,)` at points of shape `(n, c)`."""
        cov_y_y = self.covariance(points, points)
        cov_y_y[np.diag_indices_from(cov_y_y)] += self.noise
        chol_y_y = _factor(cov_y_y)
        return Posterior(self, points, chol_y_y, cho_solve((chol_y_y, True), targets))


@dataclass(frozen=True)
class Posterior:
    """The function, conditioned on observations: see `Process.given`."""

    process: Process
    points: Array
    chol_y_y: Array
    weights: Array

    def mean(self, points: Array) -> Array:
        """Mean at points of shape `(m, c)`; shape `(m,)`."""
        cov_fx_fX = self.process.covariance(points, self.points)
        return cov_fx_fX @ self.weights


class Draws:
    """Functions drawn from a posterior, all evaluated at the same points.

    Further points are drawn conditionally on the earlier ones, so that the minimum of a function can be found in steps.

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
        # What the data explain of the points, `inverse(chol_y_y) @ cov_fX_fx`, and the Cholesky factor of the
        # covariance that is left, by which independent numbers make draws.
        self._explained = np.empty((len(posterior.points), 0))
        self._chol_left = np.empty((0, 0))
        self._independent = np.empty((count, 0))

    def look(self, points: Array) -> Array:
        """Evaluate at further points of shape `(m, c)`; shape `(count, m)`."""
        covariance = self.posterior.process.covariance
        cov_fx_fX = covariance(points, self.posterior.points)
        explained = solve_triangular(self.posterior.chol_y_y, cov_fx_fX.T, lower=True)
        left_across = covariance(self.points, points) - self._explained.T @ explained
        across = solve_triangular(self._chol_left, left_across, lower=True).T
        corner = _factor(covariance(points, points) - explained.T @ explained - across @ across.T)
        independent = self.rng.standard_normal((len(self._independent), len(points)))
        mean = cov_fx_fX @ self.posterior.weights
        values: Array = mean + self._independent @ across.T + independent @ corner.T
        zeros = np.zeros((len(self.points), len(points)))
        self._chol_left = np.block([[self._chol_left, zeros], [across, corner]])
        self.points = np.vstack([self.points, points])
        self._explained = np.hstack([self._explained, explained])
        self._independent = np.hstack([self._independent, independent])
        return values


def fit(
    points: Array,
    targets: Array,
    groups: NDArray[np.int_],
    prior: Prior,
    kernel: Kernel,
    *,
    iterations: int = 30,
    starts: Sequence[float | Sequence[float]] = (0.0,),
    shortest: float = np.finfo(float).tiny,
) -> Process:
    """Find the most probable hyperparameters, by L-BFGS-B from the medians of their priors.

    They are rounded to four digits, so that differences of processors in the last bits of a sum seldom matter.

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
    kernel
        Correlation of the function.
    iterations
        Most steps of the optimiser.
    starts
        One start for all lengths, or one for each, in standard deviations from their medians; of several starts the
        most probable end counts.
    shortest
        No length is below this.
    """
    medians = np.log([one.median for one in prior.all])
    deviations = np.array([one.deviation for one in prior.all])
    is_length = np.arange(len(medians)) < len(prior.lengths)

    def loss(logarithms: Array) -> tuple[float, Array]:
        value, gradient = _negative_log_likelihood(logarithms, points, targets, groups, kernel)
        standard = (logarithms - medians) / deviations
        return value + standard @ standard / 2, gradient + standard / deviations

    def first(start: float | Sequence[float]) -> Array:
        begin = medians.copy()
        begin[is_length] += start * deviations[is_length]
        return begin

    low, high = medians - 4 * deviations, medians + 4 * deviations
    low = np.where(is_length, np.maximum(low, np.log(shortest)), low)
    bounds, options = list(zip(low, high, strict=True)), {"maxiter": iterations}
    ends = (
        minimize(loss, first(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options) for start in starts
    )
    found = min(ends, key=lambda one: one.fun)
    *lengths, signal, noise = (float(f"{value:.4g}") for value in np.exp(found.x))
    return Process(groups, tuple(lengths), signal, NOISE_FLOOR + noise, kernel)


def _negative_log_likelihood(
    logarithms: Array, points: Array, targets: Array, groups: NDArray[np.int_], kernel: Kernel
) -> tuple[float, Array]:
    """Value, and gradient by the logarithms of lengths, signal and noise above its floor."""
    *lengths, signal, noise = np.exp(logarithms)
    scaled = points / np.array(lengths)[groups]
    correlation, slope = kernel(_squared_distances(scaled, scaled))
    cov_y_y = signal * correlation
    cov_y_y[np.diag_indices_from(cov_y_y)] += NOISE_FLOOR + noise
    try:
        chol_y_y = cholesky(cov_y_y, lower=True)
    except LinAlgError:
        return 1e10, np.zeros_like(logarithms)
    weights = cho_solve((chol_y_y, True), targets)
    value = targets @ weights / 2 + np.log(np.diag(chol_y_y)).sum()
    # In place: fresh memory for matrices of this size takes a tenth of the time. Only the lower half of the inverse is
    # filled in.
    inner, _ = dpotri(chol_y_y, lower=True, overwrite_c=True)
    inner += np.tril(inner, -1).T
    inner -= np.outer(weights, weights)
    # d k / d log length = signal * slope * (squared difference in that group's columns), summed over all pairs at once.
    pairs = inner * slope
    by_column = 2 * (pairs.sum(axis=1) @ scaled**2 - (scaled * (pairs @ scaled)).sum(axis=0))
    by_length = np.bincount(groups, by_column, minlength=len(lengths)) * signal / 2
    by_signal, by_noise = (inner * correlation).sum() * signal / 2, np.trace(inner) * noise / 2
    return value, np.array([*by_length, by_signal, by_noise])


def _squared_distances(one: Array, other: Array) -> Array:
    """Squared Euclidean distances between rows."""
    squares: Array = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    squares -= 2 * one @ other.T
    return np.maximum(squares, 0, out=squares)


def matern(squares: Array) -> tuple[Array, Array]:
    """Matern-5/2 correlation."""
    root = np.sqrt(5) * np.sqrt(squares)
    decay = np.exp(-root)
    slope = 5 / 3 * (1 + root) * decay
    return (1 + root + root**2 / 3) * decay, slope


def squared_exponential(squares: Array) -> tuple[Array, Array]:
    """Squared-exponential correlation: a product of one factor for each column."""
    correlation: Array = np.exp(-squares / 2)
    return correlation, correlation


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
