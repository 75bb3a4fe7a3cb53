"""The hyperparameters as a surrogate sees them: their columns, and the measure that effects are taken over."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointsearch.analysis.importance.effects import Array
from jointsearch.space.space import Space

MOST_LEVELS = 100
"""A whole number of more values than this counts as continuous."""
_DRAWS = 2**15
_NODES = 24


@dataclass(frozen=True)
class Axis:
    """A hyperparameter that is searched.

    Attributes
    ----------
    name
        Its name.
    unordered
        Whether its values are choices without an order.
    levels, weights
        Encoded values, rising, and the probability of each in the prior; no levels where it is continuous, as the
        prior is then uniform on [0, 1].
    """

    name: str
    unordered: bool = False
    levels: Array | None = None
    weights: Array | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.levels) if self.unordered and self.levels is not None else 1

    def columns(self, encoded: Array) -> Array:
        """Lay encoded values out for a surrogate.

        Parameters
        ----------
        encoded
            Shape `(n,)`; nan where inactive.

        Returns
        -------
        numpy.ndarray
            Shape `(n, width)`: the value itself, or for each choice a column that is `sqrt(1/2)` where it is taken, so
            that two choices are 1 apart. What is inactive is imputed: by the level nearest to the middle of the
            range, of choices by the first one.
        """
        if self.unordered and self.levels is not None:
            known = np.where(np.isnan(encoded), self.levels[0], encoded)
            return np.sqrt(0.5) * (known[:, None] == self.levels)
        middle = 0.5 if self.levels is None else self.levels[np.abs(self.levels - 0.5).argmin()]
        return np.where(np.isnan(encoded), middle, encoded)[:, None]

    def quadrature(self) -> tuple[Array, Array]:
        """Places and weights that integrate a smooth function over the prior; exactly, where there are levels."""
        if self.levels is not None and self.weights is not None:
            return self.levels, self.weights
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        return (nodes + 1) / 2, weights / 2


def axes(space: Space) -> list[Axis]:
    """Describe the hyperparameters of a space by draws from its prior; constants are none."""
    # Drawn, as ConfigSpace cannot tell the probability of a whole number on a logarithmic scale.
    drawn = space.draw(_DRAWS, np.random.default_rng(0))
    made = []
    for name, column, choices in zip(space.names, drawn.T, space.levels, strict=True):
        levels, counts = np.unique(column, return_counts=True)
        if len(levels) > MOST_LEVELS and not choices:
            made.append(Axis(name))
        else:
            made.append(Axis(name, choices > 0, levels, counts / _DRAWS))
    return made


def lay_out(encoded: Array, axes: Sequence[Axis]) -> Array:
    """Columns of all axes side by side."""
    return np.hstack([axis.columns(column) for axis, column in zip(axes, encoded.T, strict=True)])


def owners(axes: Sequence[Axis]) -> np.ndarray:
    """The axis that each column is of."""
    return np.repeat(np.arange(len(axes)), [axis.width for axis in axes])
