"""The Gaussian-process surrogate: Sobol indices of its mean, in closed form but for one-dimensional quadrature.

Its kernel is a product over the hyperparameters, so that the mean is a sum of products. Matern's, which the sampler
takes, is none, and its indices would have to be sampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointsearch.analysis.importance.design import Axis, lay_out, owners
from jointsearch.analysis.importance.effects import Array, Factor, Shares, shares
from jointsearch.samplers.gaussian_process import LogNormal, Posterior, Prior, fit, squared_exponential

MOST_FITTED = 300
"""The lengths are found on at most so many evaluations, drawn at random; the process is conditioned on all."""
SHORTEST = 0.08
"""The shortest length, which the quadrature can still integrate."""
STARTS = (0.0, -1.0)
"""Lengths start at their medians, and at shorter ones: from the medians alone, a symmetric effect such as that of a
square is taken for noise."""
_ITERATIONS = 50


@dataclass(frozen=True)
class GaussianProcess:
    """A process with a squared-exponential kernel, one length for each hyperparameter, conditioned on evaluations.

    Lengths, signal and noise are the most probable ones under log-normal priors. The median of the lengths grows with
    the root of the dimension, as distances do (Hvarfner, Hellsten and Nardi, *Vanilla Bayesian optimization performs
    great in high dimensions*, ICML 2024).

    Attributes
    ----------
    axes
        The hyperparameters.
    posterior
        Of the standardised responses, at the columns of the evaluations.
    level, spread
        Mean and standard deviation of the responses.
    """

    axes: Sequence[Axis]
    posterior: Posterior
    level: float
    spread: float

    @classmethod
    def fit(cls, axes: Sequence[Axis], encoded: Array, response: Array, rng: np.random.Generator) -> "GaussianProcess":
        """Fit to responses, shape `(n,)`, at encoded configurations, shape `(n, d)`."""
        return cls._fit(axes, encoded, response, rng, STARTS)

    def refit(self, encoded: Array, response: Array, rng: np.random.Generator) -> "GaussianProcess":
        """Fit to other evaluations of the same function: lengths start at its own, which is faster."""
        process = self.posterior.process
        lengths = zip(_prior(len(self.axes)).lengths, process.lengths, strict=True)
        return self._fit(self.axes, encoded, response, rng, [[prior.standard(length) for prior, length in lengths]])

    @classmethod
    def _fit(
        cls,
        axes: Sequence[Axis],
        encoded: Array,
        response: Array,
        rng: np.random.Generator,
        starts: Sequence[float | Sequence[float]],
    ) -> "GaussianProcess":
        points, groups = lay_out(encoded, axes), owners(axes)
        level, spread = float(response[0]), 1.0
        if np.ptp(response) > 0:
            level, spread = float(response.mean()), float(response.std())
        targets = (response - level) / spread
        some = np.sort(rng.permutation(len(points))[:MOST_FITTED])
        process = fit(
            points[some],
            targets[some],
            groups,
            _prior(len(axes)),
            squared_exponential,
            iterations=_ITERATIONS,
            starts=starts,
            shortest=SHORTEST,
        )
        return cls(axes, process.given(points, targets), level, spread)

    def predict(self, encoded: Array) -> Array:
        """Predict responses: the mean of the process."""
        return self.level + self.spread * self.posterior.mean(lay_out(encoded, self.axes))

    def shares(self) -> Shares:
        """Decompose the variance of the mean."""
        process, points, factors = self.posterior.process, self.posterior.points, []
        for place, axis in enumerate(self.axes):
            nodes, weights = axis.quadrature()
            columns = points[:, process.groups == place]
            # The factor of the kernel that the columns of this hyperparameter make.
            alone = replace(process, groups=np.zeros(axis.width, int), lengths=(process.lengths[place],), signal=1.0)
            factors.append(Factor(alone.covariance(axis.columns(nodes), columns), weights))
        return shares(self.spread * process.signal * self.posterior.weights, factors)


def _prior(dimension: int) -> Prior:
    return Prior((LogNormal(0.5 * np.sqrt(dimension), 1.5),) * dimension, noise=LogNormal(0.1, 1.5))
