"""The forest surrogate: exact marginals over the boxes of its trees' leaves, as in the paper on functional ANOVA.

Hutter, Hoos and Leyton-Brown, *An efficient approach for assessing hyperparameter importance*, ICML 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from jointsearch.analysis.importance.design import Axis, lay_out, owners
from jointsearch.analysis.importance.effects import Array, Factor, Shares, shares

TREES = 48
"""Three times the number in the authors' own implementation."""


@dataclass(frozen=True)
class Forest:
    """A fitted random forest.

    Each tree is grown on a bootstrap sample, until a leaf would hold fewer than 3 evaluations; each split is the best
    one of five in six of the columns, drawn at random.
    """

    axes: Sequence[Axis]
    model: RandomForestRegressor

    @classmethod
    def fit(cls, axes: Sequence[Axis], encoded: Array, response: Array, rng: np.random.Generator) -> "Forest":
        """Fit to responses, shape `(n,)`, at encoded configurations, shape `(n, d)`."""
        model = RandomForestRegressor(
            TREES, min_samples_leaf=3, max_features=5 / 6, random_state=int(rng.integers(2**32)), n_jobs=1
        )
        return cls(axes, model.fit(lay_out(encoded, axes), response))

    def refit(self, encoded: Array, response: Array, rng: np.random.Generator) -> "Forest":
        """Fit to other evaluations of the same function."""
        return self.fit(self.axes, encoded, response, rng)

    def predict(self, encoded: Array) -> Array:
        """Predict responses."""
        predicted: Array = self.model.predict(lay_out(encoded, self.axes))
        return predicted

    def shares(self) -> list[Shares]:
        """Decompose the variance of each tree."""
        return [self._of_tree(one.tree_) for one in self.model.estimators_]

    def _of_tree(self, tree: Any) -> Shares:
        of_column = owners(self.axes)
        cells, weights = zip(
            *(_cells(axis, tree.threshold[_splits(tree, of_column == place)]) for place, axis in enumerate(self.axes)),
            strict=True,
        )
        columns = [axis.columns(cell) for axis, cell in zip(self.axes, cells, strict=True)]
        ends = np.cumsum([len(cell) for cell in cells])
        inside = np.ones((tree.node_count, ends[-1]), dtype=bool)
        first = np.searchsorted(of_column, of_column)
        # A child has a higher number than its parent.
        for node in np.flatnonzero(tree.children_left >= 0):
            column = tree.feature[node]
            place = of_column[column]
            some = slice(ends[place] - len(cells[place]), ends[place])
            left, right = tree.children_left[node], tree.children_right[node]
            inside[left] = inside[right] = inside[node]
            below = columns[place][:, column - first[column]] <= tree.threshold[node]
            inside[left, some] &= below
            inside[right, some] &= ~below
        leaves = tree.children_left < 0
        boxes = np.split(inside[leaves].T.astype(float), ends[:-1])
        factors = [Factor(box, weight) for box, weight in zip(boxes, weights, strict=True)]
        return shares(tree.value[leaves, 0, 0], factors)


def _splits(tree: Any, columns: np.ndarray) -> np.ndarray:
    """Nodes that split one of the columns."""
    inner = np.flatnonzero(tree.children_left >= 0)
    return inner[columns[tree.feature[inner]]]


def _cells(axis: Axis, thresholds: Array) -> tuple[Array, Array]:
    """Values that stand for the pieces of an axis in which a tree is constant, and the measure of each."""
    if axis.levels is not None:
        return axis.quadrature()
    edges = np.unique(np.concatenate([[0.0], thresholds, [1.0]]))
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)
