"""Exploration and exploitation: whether the configurations that a model proposed are better than random ones."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from jointsearch.analysis.correlation import FEWEST, INTERVAL, RESAMPLES
from jointsearch.analysis.number import Number, sources
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.seeds import derive_seed
from jointsearch.results.results import Results


def first_trainings(evaluations: Iterable[Evaluation]) -> tuple[list[Evaluation], list[Evaluation]]:
    """Give the first training of each random proposal, and of each that a model proposed.

    Promotion has chosen nothing yet there; later ones are of survivors only.
    """
    first = [one for one in evaluations if one.rung == 0]
    random = [one for one in first if one.proposal.origin.kind == "random"]
    return random, [one for one in first if one.proposal.origin.kind == "model"]


def superiority(random: Sequence[np.ndarray], model: Sequence[np.ndarray]) -> float:
    """Probability that a proposal of a model has a lower error than a random one at the same budget; ties count half.

    Parameters
    ----------
    random, model
        Errors for each budget, infinite where failed.

    Returns
    -------
    float
        The share of all pairs of one budget, in all budgets (Mann and Whitney 1947, stratified); nan without a pair.
    """
    better = pairs = 0.0
    for ours, theirs in zip(model, random, strict=True):
        not_above, below = (np.searchsorted(np.sort(theirs), ours, side).sum() for side in ("right", "left"))
        better += float(len(ours) * len(theirs) - 0.5 * (not_above + below))
        pairs += len(ours) * len(theirs)
    return better / pairs if pairs else np.nan


@lru_cache(maxsize=1)
def compare(results: Results) -> tuple[float, float, float] | None:
    """The superiority of the proposals of a search, and its percentile interval; None with too few to compare.

    The interval is of 95 %, those of each kind and budget resampled.
    """
    random, model = first_trainings(results.evaluations(layout.SEARCH))
    if min(len(random), len(model)) < FEWEST:
        return None
    all_budgets = sorted({one.budget for one in (*random, *model)})
    kinds = [[_errors(kind, budget) for budget in all_budgets] for kind in (random, model)]
    rng = np.random.default_rng(derive_seed(results.experiment.seed, layout.SEARCH, "picks"))
    estimate = superiority(*kinds)
    if np.isnan(estimate):
        return None
    drawn = [superiority(*([rng.choice(one, len(one)) for one in kind] for kind in kinds)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, INTERVAL)
    return estimate, float(low), float(high)


def by_bracket(results: Results) -> tuple[float, float] | None:
    """The interval of `compare` with whole brackets resampled, those that start at each budget.

    Proposals of one bracket share a model, so they are no independent draws. None where fewer than `FEWEST` brackets
    start at one of the budgets.
    """
    first = [one for kind in first_trainings(results.evaluations(layout.SEARCH)) for one in kind]
    strata: dict[float, dict[int, list[Evaluation]]] = {}
    for one in first:
        strata.setdefault(one.budget, {}).setdefault(one.bracket, []).append(one)
    if not strata or min(map(len, strata.values())) < FEWEST:
        return None
    # Of each budget, the losses of each of its brackets: random, and of a model.
    losses = [
        [[_errors(kind, budget) for kind in first_trainings(bracket)] for bracket in brackets.values()]
        for budget, brackets in sorted(strata.items())
    ]
    rng = np.random.default_rng(derive_seed(results.experiment.seed, layout.SEARCH, "picks", "brackets"))
    drawn = []
    for _ in range(RESAMPLES):
        chosen = [[one[place] for place in rng.integers(len(one), size=len(one))] for one in losses]
        random, model = ([np.concatenate([each[kind] for each in one]) for one in chosen] for kind in (0, 1))
        drawn.append(superiority(random, model))
    low, high = np.nanquantile(drawn, INTERVAL).tolist()
    return low, high


def numbers(results: Results) -> dict[str, Number]:
    """Compare the proposals of a search, see `compare` and `by_bracket`."""
    random, model = first_trainings(results.evaluations(layout.SEARCH))
    compared = compare(results)
    if compared is None:
        return {}
    estimate, low, high = compared
    of_brackets = by_bracket(results) or (np.nan, np.nan)
    loss = results.experiment.measure.name
    what = f"probability that a configuration of a model has a lower {loss} in its first training than a random one"
    both, end = [*random, *model], f"end of the 95 % bootstrap interval of the {what}"
    return {
        name: Number(meaning=meaning, value=value, unit=unit, digits=0, sources=sources(of))
        for name, meaning, value, unit, of in (
            ("random_proposals", "random configurations", len(random), "", random),
            ("model_proposals", "configurations that a model proposed", len(model), "", model),
            ("model_superiority", f"{what} at the same budget", 100 * estimate, "%", both),
            ("model_superiority_low", f"lower {end}", 100 * low, "%", both),
            ("model_superiority_high", f"upper {end}", 100 * high, "%", both),
            ("model_superiority_brackets_low", f"lower {end}, by whole brackets", 100 * of_brackets[0], "%", both),
            ("model_superiority_brackets_high", f"upper {end}, by whole brackets", 100 * of_brackets[1], "%", both),
        )
        if not np.isnan(value)
    }


def _errors(evaluations: Iterable[Evaluation], budget: float) -> np.ndarray:
    return np.array([np.inf if one.loss is None else one.loss for one in evaluations if one.budget == budget])
