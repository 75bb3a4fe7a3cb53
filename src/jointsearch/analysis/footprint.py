"""The footprint of a search: its configurations on a plane, near where they are alike."""

import numpy as np
from scipy.linalg import eigh
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import MDS
from threadpoolctl import threadpool_limits

DECIMALS = 5
"""Of a position. Finer than can be seen, and coarser than the rounding differences of processors."""
ALIKE = 1e-6
"""Relative difference up to which two lengths of a map may be equal, but for rounding."""


def distances(encoded: np.ndarray, vartypes: str) -> np.ndarray:
    """Measure how far apart configurations are, over parameters of any kind, active or not.

    Squared differences add up over the dimensions, each at most 1 as in Gower's coefficient: continuous
    entries differ by their distance, unordered ones by 0 or 1. A parameter that is inactive in both makes no
    difference; one that is inactive in one, the full difference (Hutter and Osborne, *A kernel for
    hierarchical parameter spaces*, 2013).

    Parameters
    ----------
    encoded
        Shape (n, d), as `Space.encode_all` gives it: in [0, 1] or an index of a choice; nan where inactive.
    vartypes
        One letter a dimension: `c` continuous, `u` unordered (`Space.vartypes`).

    Returns
    -------
    numpy.ndarray
        Shape (n, n), symmetric, 0 on the diagonal, at most sqrt(d).
    """
    squared = np.zeros((len(encoded), len(encoded)))
    for column, kind in zip(encoded.T, vartypes, strict=True):
        inactive = np.isnan(column)
        difference = np.abs(column[:, None] - column)
        if kind == "u":
            difference = (difference > 0).astype(float)
        difference[inactive[:, None] & inactive] = 0.0
        difference[inactive[:, None] ^ inactive] = 1.0
        squared += difference**2
    return np.sqrt(squared)


def footprint(encoded: np.ndarray, vartypes: str) -> np.ndarray:
    """Place configurations on a plane so that distances there are close to those in the space.

    Metric multidimensional scaling: stress majorisation (SMACOF, de Leeuw 1977) from the classical
    solution, so that there is no random start and the same configurations give the same picture, on any processor.
    Time and memory grow with n^2: about 1 s for 1,500 configurations.

    Parameters
    ----------
    encoded, vartypes
        As in `distances`.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), centred; the axis of larger spread first; of each axis, the side that reaches further
        is the positive one, of two that reach as far that of the earlier configuration. The unit is that of
        `distances`, the last decimal `DECIMALS`.
    """
    dissimilarities = distances(encoded, vartypes)
    if not dissimilarities.any():
        return np.zeros((len(encoded), 2))
    scaling = MDS(n_components=2, metric="precomputed", init="random", n_init=1, max_iter=300, eps=1e-4, n_jobs=1)
    # More threads cost more than they save here, and sum to other bits.
    with threadpool_limits(1):
        placed = np.round(_upright(scaling.fit_transform(dissimilarities, init=_start(dissimilarities))), DECIMALS)
    # A zero has no sign.
    return placed + 0.0


def stress(encoded: np.ndarray, vartypes: str, positions: np.ndarray) -> float:
    """Kruskal's stress-1 of a footprint: how far its distances are from those in the space.

    The root of the sum of squared differences of distances over that of squared distances in the plane: 0 if all are
    the same; above 0.2 distances in the plane say little (Kruskal 1964).

    Parameters
    ----------
    encoded, vartypes
        As in `distances`.
    positions
        Of `footprint`, shape (n, 2).
    """
    placed = pdist(positions)
    apart = squareform(distances(encoded, vartypes), checks=False)
    return float(np.sqrt(((placed - apart) ** 2).sum() / (placed**2).sum())) if placed.any() else 0.0


def _start(apart: np.ndarray) -> np.ndarray:
    """Place points by the classical solution, such that rounding chooses nothing.

    Distances that are as symmetrical as those between choices have many solutions, all as good, or put different
    points in one place, from where majorisation drives them anywhere: then they are made unequal by a little.
    """
    spreads, places = _classical(apart)
    wide = spreads > ALIKE * spreads[0]
    alike = ((spreads[:-1] - spreads[1:] <= ALIKE * spreads[0]) & wide[1:]).any()
    if alike or ((squareform(pdist(places)) <= ALIKE * apart.max()) & (apart > 0)).any():
        factors = np.random.default_rng(0).uniform(0.95, 1.05, apart.shape)
        _, places = _classical(apart * (factors + factors.T) / 2)
    return places


def _classical(apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared spreads along the three principal axes of points with given distances, and their places on two."""
    squared = apart**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    spreads, axes = eigh(-centred / 2, subset_by_index=[max(0, len(apart) - 3), len(apart) - 1])
    spreads, axes = spreads[::-1], axes[:, ::-1]
    lengths = np.sqrt(np.where(spreads > ALIKE * spreads[0], spreads, 0.0))
    return spreads, (axes * lengths)[:, :2]


def _upright(points: np.ndarray) -> np.ndarray:
    """Turn points onto their principal axes, as distances leave rotation and reflection open."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    reach = np.abs(turned)
    furthest = turned[(reach >= (1 - ALIKE) * reach.max(axis=0)).argmax(axis=0), range(turned.shape[1])]
    return turned * np.where(furthest < 0, -1.0, 1.0)
