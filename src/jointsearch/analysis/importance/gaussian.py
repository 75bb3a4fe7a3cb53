"""The Gaussian-process surrogate: Sobol indices of its mean, in closed form but for one-dimensional quadrature.

Its kernel is a product over the hyperparameters, so that the mean is a sum of products. That of
`samplers.gaussian_process` is none, and its indices would have to be sampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from jointsearch.analysis.importance.design import Axis, lay_out, owners
from jointsearch.analysis.importance.effects import Array, Factor, Shares, shares

MOST_FITTED = 300
"""The lengths are found on at most so many evaluations, drawn at random; the process is conditioned on all."""
NOISE_FLOOR = 1e-3
"""The least variance of the noise, of targets of variance 1."""
SHORTEST = 0.08
"""The shortest length, which the quadrature can still integrate."""
_ITERATIONS = 50


@dataclass(frozen=True)
class GaussianProcess:
    """A process with a squared-exponential kernel, one length for each hyperparameter, conditioned on evaluations.

    Lengths, signal and noise are the most probable ones under log-normal priors, rounded to four digits, so that what
    different processors make of the last bits of a sum seldom shows. The median of the lengths grows with the root
    of the dimension, as distances do (Hvarfner, Hellsten and Nardi, *Vanilla Bayesian optimization performs great in
    high dimensions*, ICML 2024).

    Attributes
    ----------
    axes
        The hyperparameters.
    points
        Shape `(n, c)`: columns of the evaluations.
    lengths
        Shape `(d,)`.
    weights
        Shape `(n,)`: the mean is `level + sum of weights * kernel`.
    level
        Mean of the responses.
    """

    axes: Sequence[Axis]
    points: Array
    lengths: Array
    weights: Array
    level: float

    @classmethod
    def fit(cls, axes: Sequence[Axis], encoded: Array, response: Array, rng: np.random.Generator) -> "GaussianProcess":
        """Fit to responses, shape `(n,)`, at encoded configurations, shape `(n, d)`."""
        points, groups = lay_out(encoded, axes), owners(axes)
        level, spread = float(response[0]), 1.0
        if np.ptp(response) > 0:
            level, spread = float(response.mean()), float(response.std())
        targets = (response - level) / spread
        some = np.sort(rng.permutation(len(points))[:MOST_FITTED])
        lengths, signal, noise = _most_probable(points[some], targets[some], groups)
        covariance = signal * _kernel(points, points, lengths[groups])
        covariance[np.diag_indices_from(covariance)] += noise
        weights = signal * spread * cho_solve((cholesky(covariance, lower=True), True), targets)
        return cls(axes, points, lengths, weights, level)

    def predict(self, encoded: Array) -> Array:
        """Predict responses: the mean of the process."""
        scales = self.lengths[owners(self.axes)]
        predicted: Array = self.level + _kernel(lay_out(encoded, self.axes), self.points, scales) @ self.weights
        return predicted

    def shares(self) -> Shares:
        """Decompose the variance of the mean."""
        groups, factors = owners(self.axes), []
        for place, axis in enumerate(self.axes):
            nodes, weights = axis.quadrature()
            columns, length = self.points[:, groups == place], self.lengths[place]
            factors.append(Factor(_kernel(axis.columns(nodes), columns, np.array([length])), weights))
        return shares(self.weights, factors)


def _kernel(one: Array, other: Array, scales: Array) -> Array:
    """Correlation between rows."""
    one, other = one / scales, other / scales
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.exp(-np.maximum(squares, 0) / 2)


def _most_probable(points: Array, targets: Array, groups: NDArray[np.int_]) -> tuple[Array, float, float]:
    """Find lengths, signal and noise by L-BFGS-B from the medians of their priors, and from shorter lengths.

    From the medians alone, a symmetric effect such as that of a square is taken for noise.
    """
    dimension = int(groups[-1]) + 1
    medians = np.log(np.array([*[0.5 * np.sqrt(dimension)] * dimension, 1.0, 0.1]))
    deviations = np.array([*[1.5] * dimension, 1.0, 1.5])

    def loss(logarithms: Array) -> tuple[float, Array]:
        value, gradient = _negative_log_likelihood(logarithms, points, targets, groups)
        standard = (logarithms - medians) / deviations
        return value + standard @ standard / 2, gradient + standard / deviations

    low, high = medians - 4 * deviations, medians + 4 * deviations
    low[:dimension] = np.maximum(low[:dimension], np.log(SHORTEST))
    bounds, short = list(zip(low, high, strict=True)), np.array([*[1.0] * dimension, 0.0, 0.0])
    found = min(
        (
            minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _ITERATIONS})
            for start in (medians, medians - short * deviations)
        ),
        key=lambda one: one.fun,
    )
    *lengths, signal, noise = (float(f"{value:.4g}") for value in np.exp(found.x))
    return np.array(lengths), signal, NOISE_FLOOR + noise


def _negative_log_likelihood(
    logarithms: Array, points: Array, targets: Array, groups: NDArray[np.int_]
) -> tuple[float, Array]:
    """Value, and gradient by the logarithms of lengths, signal and noise above its floor."""
    lengths, (signal, noise) = np.exp(logarithms[:-2]), np.exp(logarithms[-2:])
    scales = lengths[groups]
    shape = _kernel(points, points, scales)
    covariance = signal * shape
    covariance[np.diag_indices_from(covariance)] += NOISE_FLOOR + noise
    try:
        factor = cholesky(covariance, lower=True)
    except LinAlgError:
        return 1e10, np.zeros_like(logarithms)
    # LAPACK's own inverse takes a third of the time of solving for the identity; it fills the lower triangle only.
    lower = np.tril(dpotri(factor, lower=1)[0])
    inverse = lower + np.tril(lower, -1).T
    weights = inverse @ targets
    value = targets @ weights / 2 + np.log(np.diag(factor)).sum()
    inner = inverse - np.outer(weights, weights)
    # d k / d log length = k * (squared difference in that group's columns), summed over all pairs of points at once.
    pairs, scaled = inner * shape, points / scales
    by_column = 2 * (pairs.sum(axis=1) @ scaled**2 - (scaled * (pairs @ scaled)).sum(axis=0))
    by_length = np.bincount(groups, by_column, minlength=len(lengths)) * signal / 2
    by_signal, by_noise = pairs.sum() * signal / 2, np.trace(inner) * noise / 2
    return value, np.array([*by_length, by_signal, by_noise])
