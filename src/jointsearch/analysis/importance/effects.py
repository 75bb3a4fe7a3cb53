"""Functional ANOVA of a function that is a sum of products of functions of one variable each, without sampling.

A regression tree is such a sum, of one box for each leaf (Hutter, Hoos and Leyton-Brown, *An efficient approach for
assessing hyperparameter importance*, ICML 2014); so is the mean of a Gaussian process whose kernel is a product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CHUNK = 2**18
"""About so many pairs of terms are held at a time."""


@dataclass(frozen=True)
class Factor:
    """What the terms of the sum make of one variable.

    Attributes
    ----------
    values
        Shape `(g, n)`: factor of each of the n terms at g places.
    weights
        Shape `(g,)`: the measure of the places, which adds up to 1.
    """

    values: Array
    weights: Array


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of a function over independent variables; nan where it has none.

    Attributes
    ----------
    mains
        Shape `(d,)`: first-order Sobol indices.
    pairs
        Shape `(d (d - 1) / 2,)`: second-order ones, without the mains, in the order of `itertools.combinations`.
    """

    mains: Array
    pairs: Array


def shares(coefficients: Array, factors: Sequence[Factor]) -> Shares:
    """Decompose `f(x) = sum_a c_a prod_d k_da(x_d)`.

    With `k_da = m_da (1 + t_da)`, where `m_da` is the mean, the product expands into the parts of the functional ANOVA:
    the effect of a set of variables is the sum over the terms of `c_a prod_d m_da` times the `t_da` of that set.

    Parameters
    ----------
    coefficients
        Shape `(n,)`.
    factors
        One for each variable. A term whose mean is 0 in one variable vanishes everywhere, and is left out.
    """
    means = np.array([factor.weights @ factor.values for factor in factors])
    alive = (means > 0).all(axis=0)
    scaled = coefficients[alive] * means[:, alive].prod(axis=0)
    # Rows are weighted by the root of the measure, so that sums of squares are variances.
    parts = [
        np.sqrt(factor.weights)[:, None] * (factor.values[:, alive] / mean[alive] - 1)
        for factor, mean in zip(factors, means, strict=True)
    ]
    mains = np.array([np.square(part @ scaled).sum() for part in parts])
    pairs = [
        np.square((part * scaled) @ other.T).sum() for place, part in enumerate(parts) for other in parts[place + 1 :]
    ]
    # What a constant leaves of its variance in floating point is no variance.
    total, noise = _variance(scaled, parts), 1e-12 * np.square(scaled.sum())
    scale = total if total > noise else np.nan
    return Shares(mains / scale, np.array(pairs) / scale)


def _variance(scaled: Array, parts: Sequence[Array]) -> float:
    """Variance over all variables, from the covariances of every two terms."""
    total, rows = 0.0, max(1, CHUNK // max(1, len(scaled)))
    for start in range(0, len(scaled), rows):
        some = slice(start, start + rows)
        product = np.ones((len(scaled[some]), len(scaled)))
        for part in parts:
            product *= 1 + part[:, some].T @ part
        total += float(scaled[some] @ (product - 1) @ scaled)
    return total
