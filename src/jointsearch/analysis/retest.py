"""How much of a weak correlation is noise? Configurations trained more than once at each budget know.

Two trainings of one configuration at one budget differ by their seeds alone. How far the rank correlation between them,
of test and retest, is below 1 is noise; what a correlation between budgets loses beyond that is another ranking.
"""

from functools import lru_cache
from itertools import combinations_with_replacement, permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from jointsearch.analysis.correlation import FEWEST, INTERVAL, RESAMPLES, pearson
from jointsearch.analysis.early_stopping import generator
from jointsearch.core import layout
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

_CORRELATION = ["spearman", "interval_low", "interval_high"]
_CORRECTED = ["corrected", "corrected_low", "corrected_high"]
_COLUMNS = ["lower_budget", "higher_budget", "n", *_CORRELATION, *_CORRECTED]
_UNDEFINED = 0.02
"""Share of resamples without a correlation up to which the others have an interval: they are a choice of the better."""

Losses = NDArray[np.float64]
Ranks = NDArray[np.float64]


@lru_cache(maxsize=1)
def retest(results: Results) -> pd.DataFrame:
    """Correlate trainings of the correlation study that have other seeds, within each budget and between every two.

    Returns
    -------
    pandas.DataFrame
        One row a pair of budgets, `lower_budget` and `higher_budget`, which are the same for test and retest: the `n`
        configurations of which all trainings at both have succeeded; `spearman`, see `between`; the same `corrected`
        for noise, see `correct`, empty for test and retest; each with its 95 % percentile interval, configurations
        resampled (`interval_low`, `interval_high`, `corrected_low`, `corrected_high`); empty if more than 2 % of the
        resamples have none, as where trainings hardly agree. No rows if each configuration is trained once.
    """
    study = results.plan.study(layout.CORRELATION)
    if study is None or (study.seeds or 1) < 2:
        return pd.DataFrame(columns=_COLUMNS, dtype=float)
    known = _losses(results, study.seeds or 1)
    rows = []
    for pair in combinations_with_replacement(budgets(results.experiment.budget), 2):
        lower, higher = (known[budget] for budget in pair)
        both = np.isfinite(lower).all(axis=1) & np.isfinite(higher).all(axis=1)
        rng = generator(results, "retest", *(f"{budget:g}" for budget in pair))
        rows.append((*pair, int(both.sum()), *_statistics(lower[both], higher[both], pair[0] == pair[1], rng)))
    return pd.DataFrame(rows, columns=_COLUMNS)


def ranked(losses: Losses) -> Ranks:
    """Rank n configurations by the losses of each of their trainings, (..., n, seeds); ties take their mean rank."""
    ranks: Ranks = rankdata(losses, axis=-2)
    return ranks


def between(x: Ranks, y: Ranks) -> NDArray[np.float64]:
    """Mean of Spearman's correlation over every two trainings with other seeds, the first of x and the second of y.

    Parameters
    ----------
    x, y
        Ranks of n configurations, see `ranked`.

    Returns
    -------
    numpy.ndarray
        Shape (...).
    """
    seeds = permutations(range(x.shape[-1]), 2)
    return np.mean([pearson(x[..., first], y[..., second]) for first, second in seeds], axis=0)


def correct(x: Ranks, y: Ranks) -> NDArray[np.float64]:
    """Correct a correlation for attenuation: divide it by the geometric mean of the two of test and retest.

    C. Spearman, *The Proof and Measurement of Association between Two Things*, 1904; here of ranks, for which it is an
    approximation. By chance it may be beyond 1 or -1, which no correlation is: it is cut off there.

    Returns
    -------
    numpy.ndarray
        Shape (...); nan where trainings do not agree with their own repetition.
    """
    within = between(x, x), between(y, y)
    scale = np.sqrt(np.prod([np.maximum(one, 0) for one in within], axis=0))
    corrected = np.divide(between(x, y), scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return np.clip(corrected, -1.0, 1.0)


def _statistics(x: Losses, y: Losses, same: bool, rng: np.random.Generator) -> list[float]:
    if len(x) < FEWEST:
        return [np.nan] * 6
    chosen = rng.integers(len(x), size=(RESAMPLES, len(x)))
    once, again = (ranked(x), ranked(y)), (ranked(x[chosen]), ranked(y[chosen]))
    found: list[float] = []
    for statistic in (between, correct):
        value = float(statistic(*once))
        if np.isnan(value) or (same and statistic is correct):
            found += [np.nan] * 3
        else:
            found += [value, *_interval(statistic(*again))]
    return found


def _interval(resampled: NDArray[np.float64]) -> list[float]:
    if np.isnan(resampled).mean() > _UNDEFINED:
        return [np.nan, np.nan]
    return [float(end) for end in np.nanquantile(resampled, INTERVAL)]


def _losses(results: Results, seeds: int) -> dict[float, Losses]:
    """By budget, (configurations, seeds), nan where a training has failed or is not finished."""
    evaluations = results.evaluations(layout.CORRELATION)
    configurations = max((one.slot for one in evaluations), default=-1) // seeds + 1
    known = {budget: np.full((configurations, seeds), np.nan) for budget in budgets(results.experiment.budget)}
    for one in evaluations:
        if one.loss is not None:
            known[one.budget][divmod(one.slot, seeds)] = one.loss
    return known
