"""Do short trainings predict long ones? Rank correlation of the loss, the validation error, between budgets."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

RESAMPLES = 2000
"""Bootstrap resamples behind an interval."""

INTERVAL = [0.025, 0.975]
"""Quantiles of the resamples at the ends of a 95 % interval."""

FEWEST = 10
"""Fewest configurations, or other points, for a correlation and for an interval by resampling: of fewer, both can be
anything ("1.00 [1.00, 1.00]" of four)."""

MEANINGS = {
    "spearman": ("", "rank correlation"),
    "interval_low": ("_low", "lower end of the 95 % bootstrap interval of the rank correlation"),
    "interval_high": ("_high", "upper end of the 95 % bootstrap interval of the rank correlation"),
}
"""Suffix of the name, and the meaning, of the number that a column holds."""

_COLUMNS = {
    "lower_budget": "float64",
    "higher_budget": "float64",
    "budget_unit": "str",
    "n": "int64",
    "spearman": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
}


def correlations(observations: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Correlate the losses of every two budgets, in a search validation errors (the paper's budget correlation).

    A pair counts the configurations evaluated successfully at both budgets. In a search these are the
    promoted ones, which were selected at the lower budget: their correlation is not that of all configurations.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study, or of `imported.table`.
    rng
        Draws the resamples.

    Returns
    -------
    pandas.DataFrame
        One row a pair of budgets: `lower_budget`, `higher_budget`, `budget_unit`, `n` configurations,
        `spearman`, and the percentile interval `interval_low` to `interval_high` (95 %, configurations
        resampled `RESAMPLES` times, resamples without a correlation left out). The last three are empty
        with fewer than `FEWEST` configurations, or where all errors at one budget are the same.
    """
    both = pairs(observations)
    rows = []
    for lower, higher in combinations(sorted(observations["budget"].unique()), 2):
        pair = both[(both["lower_budget"] == lower) & (both["higher_budget"] == higher)]
        x, y = pair["lower_loss"].to_numpy(), pair["higher_loss"].to_numpy()
        known = float(spearman(x, y)) if len(x) >= FEWEST else np.nan
        statistics = (len(x), known, *bootstrap_interval(x, y, rng))
        rows.append((lower, higher, observations["budget_unit"].iloc[0], *statistics))
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def pairs(observations: pd.DataFrame) -> pd.DataFrame:
    """Pair the successful evaluations of a configuration, each lower budget with each higher one.

    Returns
    -------
    pandas.DataFrame
        `proposal`, `lower_budget`, `lower_loss`, `higher_budget`, `higher_loss`, in the order of the table.
    """
    successful = observations.loc[observations["status"] == "success", ["proposal", "budget", "loss"]]
    lower, higher = (
        successful.rename(columns={"budget": f"{side}_budget", "loss": f"{side}_loss"}) for side in ("lower", "higher")
    )
    both = lower.merge(higher, on="proposal")
    return both[both["lower_budget"] < both["higher_budget"]].reset_index(drop=True)


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis; ties take their mean rank.

    Parameters
    ----------
    x, y
        Arrays of one shape, (..., n).

    Returns
    -------
    numpy.ndarray
        Shape (...); nan with fewer than three values, or where x or y is constant.
    """
    return pearson(rankdata(x, axis=-1), rankdata(y, axis=-1))


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis; see `spearman`, whose it is of ranks."""
    if x.shape[-1] < 3:
        return np.full(x.shape[:-1], np.nan)
    a, b = (values - values.mean(axis=-1, keepdims=True) for values in (x, y))
    scale = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    product = (a * b).sum(axis=-1)
    return np.divide(product, scale, out=np.full(scale.shape, np.nan), where=scale > 0)


def bootstrap_interval(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """95 % percentile bootstrap interval of Spearman's correlation, pairs resampled together.

    Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13.

    Returns
    -------
    (float, float)
        Both nan if the correlation is, or with fewer than `FEWEST` pairs.
    """
    if len(x) < FEWEST or np.isnan(spearman(x, y)):
        return np.nan, np.nan
    chosen = rng.integers(len(x), size=(RESAMPLES, len(x)))
    low, high = np.nanquantile(spearman(x[chosen], y[chosen]), INTERVAL)
    return float(low), float(high)
