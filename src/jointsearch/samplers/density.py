"""Kernel densities over continuous and categorical variables, with the semantics of statsmodels.

Equal to `statsmodels.nonparametric.KDEMultivariate` with the normal-reference bandwidth, which BOHB is built
on, but evaluated for many points at once and without statsmodels' import of about a second.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 2**18
"""Kernel values computed at once, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Density:
    """A product-kernel density over continuous and unordered variables.

    Continuous variables have a Gaussian kernel, unordered ones that of Aitchison and Aitken (1976):
    1 - h where the choices are equal, h / (c - 1) where not, with c the number of choices *in the data*.

    Attributes
    ----------
    data
        Shape `(n, d)`; the index of the choice where unordered.
    bandwidths
        Shape `(d,)`, positive.
    unordered
        Shape `(d,)`, which variables are unordered.
    """

    data: Array
    bandwidths: Array
    unordered: NDArray[np.bool_]

    @classmethod
    def fit(cls, data: Array, unordered: NDArray[np.bool_], minimum_bandwidth: float) -> Self:
        """Make a density of points, with bandwidths not below a minimum.

        The bandwidths are Scott's normal reference, 1.06 s n^(-1 / (4 + d)) with s the standard deviation of
        the variable. Like statsmodels, this takes the same rule for unordered variables, and does not stop
        at 1, where their kernel turns negative: three or more evenly used choices come near it.
        """
        points, dimension = data.shape
        reference = 1.06 * data.std(axis=0) * points ** (-1 / (4 + dimension))
        return cls(data, np.maximum(reference, minimum_bandwidth), unordered)

    def __call__(self, points: Array) -> Array:
        """Density at points of shape `(m, d)`; shape `(m,)`.

        It is infinite at a choice that is not in the data where all the data has one choice.
        """
        density = np.empty(len(points))
        rows = max(1, BLOCK // len(self.data))
        for start in range(0, len(points), rows):
            block = slice(start, start + rows)
            density[block] = self._kernels(points[block]).mean(axis=1)
        return density

    def _kernels(self, points: Array) -> Array:
        """Product kernel between each point and each datum; shape `(m, n)`."""
        kernels = self._gaussian(points)
        for variable in np.flatnonzero(self.unordered).tolist():
            kernels *= self._aitchison_aitken(points, variable)
        return kernels

    def _gaussian(self, points: Array) -> Array:
        continuous = ~self.unordered
        bandwidths = self.bandwidths[continuous]
        # Centred, so that the squared distance as |a|^2 - 2ab + |b|^2 loses no digits that matter.
        centre = self.data[:, continuous].mean(axis=0)
        a = (points[:, continuous] - centre) / bandwidths
        b = (self.data[:, continuous] - centre) / bandwidths
        exponents = a @ b.T
        exponents -= (a**2).sum(axis=1)[:, None] / 2
        exponents -= (b**2).sum(axis=1) / 2
        kernels: Array = np.exp(exponents, out=exponents)
        kernels /= np.prod(bandwidths) * (2 * np.pi) ** (len(bandwidths) / 2)
        return kernels

    def _aitchison_aitken(self, points: Array, variable: int) -> Array:
        bandwidth = self.bandwidths[variable]
        column = self.data[:, variable]
        others = len(np.unique(column)) - 1
        different = bandwidth / others if others else np.inf
        return np.where(points[:, variable, None] == column, 1 - bandwidth, different)
