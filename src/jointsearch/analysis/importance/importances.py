"""Which hyperparameters matter, and which matter together: functional ANOVA of two surrogates of the validation error.

Hutter, Hoos and Leyton-Brown, *An efficient approach for assessing hyperparameter importance*, ICML 2014. A forest
copes with steps and with much data, but hardly sees a pure interaction, of two hyperparameters that do nothing by
themselves, as no first split on either of them helps; a Gaussian process sees it. Neither is to be trusted beyond its
held-out R^2.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from jointsearch.analysis.correlation import FEWEST
from jointsearch.analysis.importance.design import Axis, axes
from jointsearch.analysis.importance.effects import Array
from jointsearch.analysis.importance.forest import Forest
from jointsearch.analysis.importance.gaussian import GaussianProcess
from jointsearch.analysis.importance.groups import MAIN, Effects, Label
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.seeds import derive_seed
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.space.space import Space

SURROGATES: dict[str, type[Forest] | type[GaussianProcess]] = {"forest": Forest, "gp": GaussianProcess}
NAMES = {"forest": "random forest", "gp": "Gaussian process"}
FOLDS = 5
"""Folds of the cross-validation."""
_COLUMNS = {
    "surrogate": "str",
    "budget": "float64",
    "budget_unit": "str",
    "kind": "str",
    "first": "str",
    "second": "str",
    "part": "str",
    "importance": "float64",
    "spread": "float64",
    "n": "int64",
    "failed": "int64",
    "drawn": "int64",
    "r2": "float64",
}


def fewest(dimension: int) -> int:
    """Fewest different configurations that anything is computed from: twice the hyperparameters, and at least 20."""
    return max(2 * dimension, 20)


def evaluations(results: Results) -> list[Evaluation]:
    """Collect evaluations of the space as a whole: those sampled by the search, and those of the correlation study.

    So neither architectures made by hand nor final trainings; and no arms, which may have been run on other machines,
    where a budget in seconds is another one.
    """
    return [*results.evaluations(layout.SEARCH), *results.evaluations(layout.CORRELATION)]


def is_draw(one: Evaluation) -> bool:
    """Whether it is of a configuration as the prior gives it: random, and chosen by no result."""
    return one.proposal.origin.kind == "random" and (one.rung == 0 or one.study == layout.CORRELATION)


@lru_cache(maxsize=1)
def of(results: Results) -> pd.DataFrame:
    """Importances at every budget of an experiment, see `importances`; computed once for the figure and the table."""
    rng = np.random.default_rng(derive_seed(results.experiment.seed, layout.SEARCH, "importance"))
    all_budgets, unit = budgets(results.experiment.budget), results.experiment.budget.unit
    return importances(evaluations(results), Space(results.experiment.space), all_budgets, unit, rng)


def importances(
    evaluations: Sequence[Evaluation], space: Space, all_budgets: Sequence[float], unit: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Share out the variance of the error over the space among hyperparameters and pairs of them, for each budget.

    The response is the logarithm of the validation error, so that what multiplies the error is no interaction; an
    error of 0 counts as half of the smallest other one. Losses of which some are negative are taken as they are.
    Effects are taken over the prior of the space, all hyperparameters independent, forbidden combinations included, and
    so is what cannot be trained: exact integrals need independent hyperparameters. Failures have no error and are left
    out, so that the surrogates extrapolate there. R^2 is of that population too, as far as it has errors: of held-out
    draws from the prior alone (`is_draw`), not of what a search has chosen.

    Parameters
    ----------
    evaluations
        Of configurations of the space; a configuration may be there several times.
    space
        The space. Constants drop out; `design.Axis.columns` says what becomes of inactive ones.
    all_budgets, unit
        Budgets, and what they count.
    rng
        Draws folds, trees, and what lengths are fitted to.

    Returns
    -------
    pandas.DataFrame
        One row an effect, by `surrogate` (`forest`, `gp`) and `budget`. `kind` is `main` (of `first`), `pair`
        (interaction of `first` and `second` beyond their mains) or a sum of `groups.GROUPS`, if the space names parts:
        `part` (mains of the part `first`), `parts` (pairs of one of `first` and one of `second`) and `higher_order`;
        the column `part` is that of `first` in a main. `importance` is its share of the variance of the surrogate, and
        `spread` for the forest its standard deviation over trees, for the process its standard error, by a jackknife
        over the folds. `n` evaluations succeeded, `failed` did not; `drawn`
        of the `n` are draws from the prior, of which alone `r2` is, held out by cross-validation in `FOLDS` folds that
        keep equal configurations together. Importance, spread and R^2 are empty with fewer different configurations
        than `fewest`, with fewer draws than `correlation.FEWEST`, and where all losses are the same, or some so large
        that their variance is not finite.
    """
    searched = axes(space)
    part_of = {name: part for part, names in space.file.parts.items() for name in names}
    effects = Effects.of([axis.name for axis in searched], part_of)
    rows: list[tuple[Any, ...]] = []
    # Sums over more threads are of other bits.
    with threadpool_limits(1, user_api="blas"):
        for budget in all_budgets:
            here = [one for one in evaluations if one.budget == budget]
            losses = np.array([one.loss for one in here if one.loss is not None])
            encoded = space.encode_all([one.proposal.values for one in here if one.loss is not None])
            draws = np.array([is_draw(one) for one in here if one.loss is not None], dtype=bool)
            counts = len(losses), len(here) - len(losses), int(draws.sum())
            for surrogate, child in zip(SURROGATES, rng.spawn(len(SURROGATES)), strict=True):
                values, spreads, r2 = _analyse(surrogate, searched, encoded, losses, draws, effects, child)
                rows += [
                    (surrogate, budget, unit, *label, _part(label, part_of), value, spread, *counts, r2)
                    for label, value, spread in zip(effects.labels, values, spreads, strict=True)
                ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def is_logarithmic(losses: Sequence[float] | Array) -> bool:
    """Whether the response is the logarithm of these losses."""
    return min(losses, default=0.0) >= 0


def _response(losses: Array) -> Array:
    if not is_logarithmic(losses):
        return losses
    return np.log(np.where(losses > 0, losses, losses[losses > 0].min() / 2))


def _vary(losses: Array) -> bool:
    """Whether they differ, but by no more than a variance can hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.ptp(losses) > 0 and np.isfinite(_response(losses).var()))


def _part(label: Label, part_of: Mapping[str, str]) -> str:
    """The part of a hyperparameter whose main effect it is."""
    kind, first, _ = label
    return part_of.get(first, "") if kind == MAIN else ""


def _analyse(
    surrogate: str,
    axes: Sequence[Axis],
    encoded: Array,
    losses: Array,
    draws: NDArray[np.bool_],
    effects: Effects,
    rng: np.random.Generator,
) -> tuple[Array, Array, float]:
    """Effects of a surrogate, their spreads, and R^2; nan where there is too little."""
    # Equal configurations have equal numbers.
    numbers = np.unique(np.nan_to_num(encoded, nan=-1.0), axis=0, return_inverse=True)[1].ravel()
    too_few = len(set(numbers)) < fewest(len(axes)) or draws.sum() < FEWEST
    if too_few or not (_vary(losses) and _vary(losses[draws])):
        unknown = np.full(len(effects.labels), np.nan)
        return unknown, unknown, np.nan
    response = _response(losses)
    fold = rng.permutation(numbers.max() + 1)[numbers] % FOLDS
    whole = SURROGATES[surrogate].fit(axes, encoded, response, rng)
    fitted = [whole.refit(encoded[rest], response[rest], rng) for rest in (fold != one for one in range(FOLDS))]
    held_out = np.empty_like(response)
    for one, model in enumerate(fitted):
        held_out[fold == one] = model.predict(encoded[fold == one])
    drawn = response[draws]
    r2 = 1 - np.square(drawn - held_out[draws]).sum() / np.square(drawn - drawn.mean()).sum()
    if isinstance(whole, Forest):
        trees = np.array([effects.values(one) for one in whole.shares()])
        values, spreads = np.nanmean(trees, axis=0), np.nanstd(trees, axis=0)
    else:
        without = np.array([effects.values(model.shares()) for model in fitted if isinstance(model, GaussianProcess)])
        values = effects.values(whole.shares())
        spreads = np.sqrt((FOLDS - 1) * without.var(axis=0))
    # More digits would be those of the processor. Adding 0 makes 0 of -0.
    return values.round(6) + 0.0, spreads.round(6) + 0.0, round(float(r2), 6)
