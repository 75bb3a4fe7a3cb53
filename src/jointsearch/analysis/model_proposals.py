"""Exploration and exploitation: whether the configurations that a model proposed are better than random ones."""

from collections.abc import Iterable, Sequence

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


def numbers(results: Results) -> dict[str, Number]:
    """Compare the proposals of a search, see `compare`."""
    random, model = first_trainings(results.evaluations(layout.SEARCH))
    compared = compare(results)
    if compared is None:
        return {}
    estimate, low, high = compared
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
        )
    }


def _errors(evaluations: Iterable[Evaluation], budget: float) -> np.ndarray:
    return np.array([np.inf if one.loss is None else one.loss for one in evaluations if one.budget == budget])
