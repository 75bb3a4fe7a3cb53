"""Which hyperparameters separate good configurations from bad ones: correlation ratios over their levels."""

import numpy as np
from scipy.stats import rankdata

from jointsearch.analysis.levels import Levels


def correlation_ratio(levels: Levels, losses: np.ndarray) -> float:
    """Share of the variance of the ranks of the losses that lies between levels of a hyperparameter (eta squared).

    Parameters
    ----------
    levels
        Shape (n,), a column of `levels.levels`: -1, where inactive, is a level of its own.
    losses
        Shape (n,): nan where a training failed, which ranks last.

    Returns
    -------
    float
        0 to 1; 0 where all losses or all levels are the same.
    """
    ranks = rankdata(np.where(np.isnan(losses), np.inf, losses))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    means = {level: ranks[levels == level].mean() for level in np.unique(levels)}
    return float(sum(((levels == level).sum() * (mean - ranks.mean()) ** 2) for level, mean in means.items())) / total
