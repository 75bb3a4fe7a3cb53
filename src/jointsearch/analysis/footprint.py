"""The footprint of a search: its configurations on a plane, near where they are alike."""

import numpy as np
from sklearn.manifold import MDS


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
    solution, so that there is no random start and the same configurations give the same picture. Time and
    memory grow with n^2: about 1 s for 1,500 configurations.

    Parameters
    ----------
    encoded, vartypes
        As in `distances`.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), centred; the axis of larger spread first; of each axis, the side that reaches further
        is the positive one. The unit is that of `distances`.
    """
    apart = distances(encoded, vartypes)
    if not apart.any():
        return np.zeros((len(encoded), 2))
    scaling = MDS(
        n_components=2, metric="precomputed", init="classical_mds", n_init=1, max_iter=300, eps=1e-4, n_jobs=1
    )
    return _upright(scaling.fit_transform(apart))


def _upright(points: np.ndarray) -> np.ndarray:
    """Turn points onto their principal axes, as distances leave rotation and reflection open."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    furthest = turned[np.abs(turned).argmax(axis=0), range(turned.shape[1])]
    return turned * np.where(furthest < 0, -1.0, 1.0)
