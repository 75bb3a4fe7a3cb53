"""Which hyperparameters separate good configurations from bad ones: correlation ratios over thirds of their scales."""

import numpy as np
from scipy.stats import rankdata

FEW = 5
"""A hyperparameter with at most as many values, or with choices, is divided into these, another one into thirds."""


def correlation_ratio(encoded: np.ndarray, losses: np.ndarray) -> float:
    """Share of the variance of the ranks of the losses that lies between groups of a hyperparameter (eta squared).

    Parameters
    ----------
    encoded
        Shape (n,): values in [0, 1], or indices of choices; nan, where inactive, is a group of its own.
    losses
        Shape (n,): nan where a training failed, which ranks last.

    Returns
    -------
    float
        0 to 1; 0 where all losses or all groups are the same.
    """
    ranks = rankdata(np.where(np.isnan(losses), np.inf, losses))
    groups = _groups(encoded)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    means = {group: ranks[groups == group].mean() for group in np.unique(groups)}
    return float(sum(((groups == group).sum() * (mean - ranks.mean()) ** 2) for group, mean in means.items())) / total


def _groups(encoded: np.ndarray) -> np.ndarray:
    values = np.unique(encoded[~np.isnan(encoded)])
    is_choice = len(values) <= FEW or values.max() > 1
    groups = np.searchsorted(values, encoded) if is_choice else np.digitize(encoded, [1 / 3, 2 / 3])
    return np.where(np.isnan(encoded), -1, groups)
