"""Models of real trainings: validation error from configuration and budget, with what they miss on held-out ones."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor

from jointsearch.core.seeds import derive_seed
from search.tasks import Array

FOLDS = 5

CLOSEST = 1e-3
"""Errors are kept this far from 0 and 1, because models see their logits."""

SUBSET = 400
"""Rows that the Gaussian process' hyperparameters are fitted on; then it is conditioned on all."""

SEED = derive_seed(0, "surrogate", "fit") % 2**32
TREES = 200

Fit = Callable[[Array, Array], Any]
"""From points, shape `(n, d)`, and logits, shape `(n,)`, to something with a method `predict`."""


def _gaussian_process(points: Array, targets: Array) -> Any:
    some = np.random.default_rng(SEED).permutation(len(points))[:SUBSET]
    kernel = ConstantKernel(1.0) * Matern(np.ones(points.shape[1]), (0.05, 50), nu=2.5) + WhiteKernel(0.1, (1e-4, 2))
    with warnings.catch_warnings():
        # Length scales at their upper bound: hyperparameters that do not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        chosen = GaussianProcessRegressor(kernel, normalize_y=True).fit(points[some], targets[some]).kernel_
    return GaussianProcessRegressor(chosen, optimizer=None, normalize_y=True).fit(points, targets)


CANDIDATES: Mapping[str, tuple[str, Fit]] = {
    "nearest configuration": ("nearest", lambda x, y: KNeighborsRegressor(1).fit(x, y)),
    "random forest": (
        "trees",
        lambda x, y: RandomForestRegressor(TREES, max_features=0.5, random_state=SEED).fit(x, y),
    ),
    "extra trees": ("trees", lambda x, y: ExtraTreesRegressor(TREES, random_state=SEED).fit(x, y)),
    "gradient boosting": (
        "trees",
        lambda x, y: GradientBoostingRegressor(
            n_estimators=400, learning_rate=0.05, max_depth=4, subsample=0.7, max_features=0.5, random_state=SEED
        ).fit(x, y),
    ),
    "Gaussian process": ("gp", _gaussian_process),
}
"""Family and fit of each model, by name."""


@dataclass(frozen=True)
class Table:
    """Trainings to learn from.

    Attributes
    ----------
    units
        Encoded configurations, shape `(n, d)`.
    errors
        Shape `(n, levels)`, NaN where the training failed.
    budgets
        Lowest first.
    """

    units: Array
    errors: Array
    budgets: tuple[float, ...]

    def points(self, units: Array, level: int) -> Array:
        """Points for the models: the configuration, and the position of the budget among all."""
        # What is inactive lies outside the unit interval, for trees to split off.
        known = np.where(np.isnan(units), -1.0, units)
        return np.column_stack([known, np.full(len(units), level / max(1, len(self.budgets) - 1))])

    def stacked(self, rows: NDArray[np.intp]) -> tuple[Array, Array]:
        """Points and logits of the successful trainings of some configurations, at all budgets."""
        parts = [(self.points(self.units[rows], level), self.errors[rows, level]) for level in range(len(self.budgets))]
        points = np.vstack([part for part, _ in parts])
        errors = np.concatenate([part for _, part in parts])
        known = ~np.isnan(errors)
        return points[known], to_logit(errors[known])


def to_logit(errors: Array) -> Array:
    """Logits of errors in [0, 1]."""
    logits: Array = logit(np.clip(errors, CLOSEST, 1 - CLOSEST))
    return logits


@dataclass(frozen=True)
class Surrogate:
    """A model with what it missed.

    Attributes
    ----------
    name
        Of `CANDIDATES`.
    model
        Fitted on all configurations.
    predicted, residuals
        Logits predicted for held-out configurations, and what the truth was beyond; by budget level, ordered
        by the prediction.
    noise_share
        Share of the residuals' variance that is noise of the trainings; the rest is what the model does not know.
    """

    name: str
    model: Any
    predicted: tuple[Array, ...]
    residuals: tuple[Array, ...]
    noise_share: float

    def noise(self, logits: Array, level: int, seeds: Sequence[int]) -> Array:
        """Draw noise, a seed each: one of the tenth of the residuals at predictions most alike, centred and shrunk."""
        predicted, residuals = self.predicted[level], self.residuals[level]
        window = min(len(predicted), max(20, len(predicted) // 10))
        starts = np.clip(np.searchsorted(predicted, logits) - window // 2, 0, len(predicted) - window)
        drawn = []
        for start, seed in zip(starts, seeds, strict=True):
            near = residuals[start : start + window]
            drawn.append(near[np.random.default_rng(seed).integers(window)] - near.mean())
        return np.sqrt(self.noise_share) * np.array(drawn)


def cross_validated(table: Table, fit: Fit) -> Array:
    """Logits predicted for each configuration at each budget by a model that has not seen it; shape of the errors."""
    predicted = np.full(table.errors.shape, np.nan)
    for train, test in KFold(FOLDS, shuffle=True, random_state=SEED).split(table.units):
        model = fit(*table.stacked(train))
        for level in range(len(table.budgets)):
            predicted[test, level] = model.predict(table.points(table.units[test], level))
    return predicted


def quality(table: Table, predicted: Array, name: str, family: str) -> pd.DataFrame:
    """R^2 and Spearman's correlation of held-out errors, a row a budget."""
    rows = []
    for level, budget in enumerate(table.budgets):
        known = ~np.isnan(table.errors[:, level])
        truth, guess = table.errors[known, level], expit(predicted[known, level])
        score, correlation = r2_score(truth, guess), spearmanr(truth, guess).statistic
        rows.append({"model": name, "family": family, "budget": budget, "r2": score, "spearman": correlation})
    return pd.DataFrame(rows)


def fit_best(table: Table) -> tuple[dict[str, Surrogate], pd.DataFrame]:
    """Fit all candidates; of each family keep the one with the best held-out rank correlation at the full budget.

    The variance of the trainings' noise is taken from the Gaussian process, whose white kernel separates it from what
    the model does not know; the residuals alone would overstate it.

    Returns
    -------
    (dict, pandas.DataFrame)
        The best of each family; the quality of all.
    """
    predicted = {name: cross_validated(table, fit) for name, (_, fit) in CANDIDATES.items()}
    scores = pd.concat([quality(table, predicted[name], name, family) for name, (family, _) in CANDIDATES.items()])
    full = scores[scores["budget"] == table.budgets[-1]].sort_values("spearman", ascending=False)
    best = full.drop_duplicates("family").set_index("family")["model"]
    everything = np.arange(len(table.units))
    kept = {
        str(family): _surrogate(
            str(name), CANDIDATES[str(name)][1](*table.stacked(everything)), table, predicted[str(name)]
        )
        for family, name in best.items()
    }
    variance = nugget(kept["gp"].model)
    kept = {
        family: replace(one, noise_share=min(1.0, variance / float((np.concatenate(one.residuals) ** 2).mean())))
        for family, one in kept.items()
    }
    return kept, scores.reset_index(drop=True)


def _surrogate(name: str, model: Any, table: Table, predicted: Array) -> Surrogate:
    guesses, residuals = [], []
    for level in range(len(table.budgets)):
        known = np.flatnonzero(~np.isnan(table.errors[:, level]))
        known = known[np.argsort(predicted[known, level], kind="stable")]
        guesses.append(predicted[known, level])
        residuals.append(to_logit(table.errors[known, level]) - predicted[known, level])
    return Surrogate(name, model, tuple(guesses), tuple(residuals), 1.0)


def nugget(process: GaussianProcessRegressor) -> float:
    """Variance of the noise that a Gaussian process has found, in squared logits."""
    return float(process.kernel_.k2.noise_level * np.asarray(process._y_train_std).item() ** 2)
