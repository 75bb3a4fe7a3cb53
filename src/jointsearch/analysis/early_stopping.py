"""What does early stopping cost? Random configurations, each trained at every budget, know what a search never sees.

A search trains at a high budget only what was good at a low one. The correlation study trains everything everywhere,
so that one can look up what became of the configurations that successive halving would have dropped.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from jointsearch.analysis.correlation import FEWEST, INTERVAL, RESAMPLES, correlations, spearman
from jointsearch.analysis.observations import table as observations_table
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.proposal import proposal_key
from jointsearch.core.seeds import derive_seed
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

TENTH = 10
"""The top are the best one in so many of the configurations that succeeded at the full budget, at least one."""

_COUNTS = {
    "budget": "float64",
    "budget_unit": "str",
    "begun": "int64",
    "configurations": "int64",
    "failed": "int64",
    "failed_full": "int64",
}
MEASURES = ["survivors", "share", "interval_low", "interval_high", "regret", "regret_low", "regret_high"]
_CURVE = ["top", "kept", *MEASURES]


def one_in(divisor: int, number: int) -> int:
    """How many are kept of a number of configurations: one in `divisor`, never none, as in a rung."""
    return min(number, max(1, number // divisor))


def losses(observations: pd.DataFrame) -> pd.DataFrame:
    """Lay the errors out by configuration and budget.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study.

    Returns
    -------
    pandas.DataFrame
        A row a proposal, in the order in which a promotion breaks ties; a column a budget. A failed
        training is infinitely bad; nan where nothing is trained yet.
    """
    known = observations.assign(loss=observations["loss"].where(observations["status"] == "success", np.inf))
    wide = known.pivot(index="proposal", columns="budget", values="loss")
    return wide.loc[sorted(wide.index, key=proposal_key)]


def finished(observations: pd.DataFrame, lower: float, higher: float) -> pd.DataFrame:
    """Give those rows of `losses` that are known at two budgets, failures included; columns `lower`, `higher`."""
    both = losses(observations).reindex(columns=[lower, higher]).dropna()
    return both.set_axis(["lower", "higher"], axis="columns")


def follow(lower: np.ndarray, full: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Follow the best configurations through a cut at a lower budget, for every size of the cut.

    The top are the best one in `TENTH` of the configurations that succeeded at the full budget, at least one: those
    tied with the last of them belong to it. A cut keeps the lowest errors at the lower budget; ties go to the
    configuration that comes first, as in a promotion.

    Parameters
    ----------
    lower, full
        Errors of the same n configurations, shape (..., n); infinite where failed.

    Returns
    -------
    top : shape (...)
        How many the top are.
    survivors : shape (..., n)
        How many of the top are among the best 1, 2, ..., n at the lower budget.
    regret : shape (..., n)
        Lowest full-budget error among these, less the lowest of all: infinite where all of these fail at
        the full budget, nan where everything does.
    """
    kept = np.take_along_axis(full, np.argsort(lower, axis=-1, kind="stable"), axis=-1)
    size = np.maximum(1, np.isfinite(full).sum(axis=-1, keepdims=True) // TENTH)
    last = np.take_along_axis(np.sort(full, axis=-1), size - 1, axis=-1)
    survivors = np.cumsum((kept <= last) & np.isfinite(kept), axis=-1)
    best = np.minimum.accumulate(kept, axis=-1)
    with np.errstate(invalid="ignore"):
        return survivors[..., -1], survivors, best - best[..., [-1]]


def curve(lower: np.ndarray, full: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Compute what cuts of every size keep, with the uncertainty that comes from the configurations drawn.

    Parameters
    ----------
    lower, full
        As of `follow`, one sample.
    rng
        Draws the resamples.

    Returns
    -------
    pandas.DataFrame
        A row for each number `kept`, from 1 to n: `top`; `survivors`, their `share` of the top and its 95 % interval of
        Wilson, `interval_low` to `interval_high` (all nan of a top of fewer than `FEWEST`); `regret`, and its 95 %
        percentile interval, `regret_low` to `regret_high` (configurations resampled `RESAMPLES` times; nan if it has no
        width). No rows with fewer than `FEWEST` configurations, or if all fail at the full budget.

    Notes
    -----
    A bootstrap of the share would have no width where all of a small top survive; Wilson's interval takes each of the
    top as one draw (Brown, Cai and DasGupta, *Interval Estimation for a Binomial Proportion*, 2001).
    """
    size = len(lower)
    if size < FEWEST or not np.isfinite(full).any():
        return pd.DataFrame(columns=_CURVE, dtype=float)
    top, survivors, regret = follow(lower, full)
    of_share = (np.nan,) * 3
    if top >= FEWEST:
        of_share = (survivors / top, *proportion_confint(survivors, int(top), method="wilson"))
    # In a resample ties go to what was drawn first, so that their order is drawn too.
    chosen = rng.integers(size, size=(RESAMPLES, size))
    tops, _, regrets = follow(lower[chosen], full[chosen])
    # A quantile that is one of the values, as there is nothing between an infinite one and its neighbour.
    of_regret = np.quantile(regrets[tops > 0], INTERVAL, axis=0, method="inverted_cdf")
    of_regret[:, of_regret[0] == of_regret[1]] = np.nan
    columns = (survivors, *of_share, regret, *of_regret)
    return pd.DataFrame({"top": top, "kept": np.arange(1, size + 1), **dict(zip(MEASURES, columns, strict=True))})


def survivors(observations: pd.DataFrame, lower: float, higher: float, eta: int) -> pd.DataFrame:
    """Select the observations, at two budgets, that one cut keeps: the best 1/eta of the successes at the lower budget.

    The best 1/eta of all would be no selection if most fail: it keeps everything that succeeds.
    """
    errors = finished(observations, lower, higher)["lower"]
    succeeded = errors[np.isfinite(errors)]
    kept = succeeded.sort_values(kind="stable").index[: one_in(eta, len(succeeded))]
    return observations[observations["proposal"].isin(kept) & observations["budget"].isin([lower, higher])]


def contrast(observations: pd.DataFrame, all_budgets: Sequence[float], rng: np.random.Generator) -> dict[str, float]:
    """Compare neighbouring budgets with the lowest and the full one, on the same configurations.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study.
    all_budgets
        All budgets, lowest first.
    rng
        Draws the resamples.

    Returns
    -------
    dict
        `n` configurations that succeeded at every budget; `neighbouring`, the mean of Spearman's correlation
        over neighbouring budgets; `furthest`, that of the lowest and the full one; their `difference`, with its
        percentile interval `interval_low` to `interval_high` (95 %, configurations resampled). All but `n` are
        nan where a correlation is unknown, or with fewer than three budgets or `FEWEST` configurations.
    """
    known = losses(observations).reindex(columns=list(all_budgets)).to_numpy()
    known = known[np.isfinite(known).all(axis=1)]
    found = dict.fromkeys(["neighbouring", "furthest", "difference", "interval_low", "interval_high"], np.nan)
    if len(all_budgets) > 2 and len(known) >= FEWEST:
        near, far = _near_and_far(known)
        found |= {"neighbouring": float(near), "furthest": float(far), "difference": float(near - far)}
    if not np.isnan(found["difference"]):
        near, far = _near_and_far(known[rng.integers(len(known), size=(RESAMPLES, len(known)))])
        found["interval_low"], found["interval_high"] = map(float, np.nanquantile(near - far, INTERVAL))
    return {"n": len(known), **found}


def selection(
    observations: pd.DataFrame, budget: float, full: float, eta: int, rng: np.random.Generator
) -> dict[str, float]:
    """Compare the correlation of two budgets among what one cut keeps with that of all configurations.

    A cut narrows the range of the losses, which by itself weakens a correlation; but it may also leave out those whose
    losses agree least, so the direction is for the data to say.

    Parameters
    ----------
    observations
        Table of `observations.table`, one study.
    budget, full, eta
        The budget of the cut and the full one, and how many times fewer are kept.
    rng
        Draws the resamples.

    Returns
    -------
    dict
        `n` configurations that succeeded at both budgets; the `difference`, of the best 1/eta of them at the lower
        budget minus all, and its percentile interval `interval_low` to `interval_high`, configurations resampled; nan
        where a correlation is unknown, or fewer than `FEWEST` are kept.
    """
    both = finished(observations, budget, full).to_numpy()
    both = both[np.isfinite(both).all(axis=1)]
    found = dict.fromkeys(["difference", "interval_low", "interval_high"], np.nan)
    if one_in(eta, len(both)) >= FEWEST:
        found["difference"] = float(_after_cut(both, eta))
    if not np.isnan(found["difference"]):
        resampled = _after_cut(both[rng.integers(len(both), size=(RESAMPLES, len(both)))], eta)
        found["interval_low"], found["interval_high"] = map(float, np.nanquantile(resampled, INTERVAL))
    return {"n": len(both), **found}


def _after_cut(errors: np.ndarray, eta: int) -> np.ndarray:
    """By how much a cut changes the correlation of errors of shape (..., configurations, 2)."""
    lower, full = errors[..., 0], errors[..., 1]
    kept = np.argsort(lower, axis=-1, kind="stable")[..., : one_in(eta, lower.shape[-1])]
    cut = (np.take_along_axis(one, kept, axis=-1) for one in (lower, full))
    return spearman(*cut) - spearman(lower, full)


def _near_and_far(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlate errors of shape (..., configurations, budgets)."""
    columns = [errors[..., level] for level in range(errors.shape[-1])]
    near = np.mean([spearman(lower, higher) for lower, higher in pairwise(columns)], axis=0)
    return near, spearman(columns[0], columns[-1])


def first_observations(results: Results, name: str = layout.CORRELATION) -> pd.DataFrame:
    """Give the observations of the correlation study, or of another one, without hyperparameters.

    Of configurations that are trained several times, the first trainings: as many as a search would have.
    """
    return observations_table(firsts(results) if name == layout.CORRELATION else results.evaluations(name), [])


def firsts(results: Results) -> list[Evaluation]:
    """The first training of each configuration of the correlation study at each budget."""
    planned = results.plan.study(layout.CORRELATION)
    seeds = (planned.seeds if planned is not None else None) or 1
    return [one for one in results.evaluations(layout.CORRELATION) if one.slot % seeds == 0]


def count_begun(results: Results) -> int:
    """How many configurations of the correlation study were trained at any budget."""
    return len({one.proposal.id for one in firsts(results)})


def generator(results: Results, *purpose: str, of: str = layout.CORRELATION) -> np.random.Generator:
    """Give the resamples of each purpose a seed of their own, so that table and figure show the same intervals."""
    return np.random.default_rng(derive_seed(results.experiment.seed, of, "bootstrap", *purpose))


@lru_cache(maxsize=1)
def compare(results: Results) -> pd.DataFrame:
    """Correlate every two budgets in the study, among what one cut would keep of it, and in the search.

    The first two differ by the selection alone, the third one also by what its sampler proposes.

    Returns
    -------
    pandas.DataFrame
        For every pair of the experiment's budgets the columns of `correlations`, after `of`: `study`, `survivors` or
        `search`.
    """
    settings, observations = results.experiment.budget, first_observations(results)
    pairs = list(combinations(budgets(settings), 2))
    rng = generator(results, "survivors")
    cut = [correlations(survivors(observations, *pair, settings.eta), rng) for pair in pairs]
    found = {
        "study": correlations(observations, generator(results)),
        "survivors": pd.concat(cut) if cut else correlations(observations[:0], rng),
        "search": correlations(first_observations(results, layout.SEARCH), generator(results, of=layout.SEARCH)),
    }
    every = pd.DataFrame(pairs, columns=["lower_budget", "higher_budget"], dtype=float)
    rows = [every.merge(rows, how="left").assign(of=name) for name, rows in found.items()]
    compared = pd.concat(rows, ignore_index=True).fillna({"n": 0}).astype({"n": "int64"})
    return compared.assign(budget_unit=settings.unit)[["of", *found["study"].columns]]


def counts(results: Results) -> pd.DataFrame:
    """Count what is finished of the study, for each budget but the full one.

    Returns
    -------
    pandas.DataFrame
        `budget`, `budget_unit`; configurations `begun` in the whole study; the `configurations` finished at both this
        and the full budget; how many of these `failed` at this budget, and `failed_full` at the full one.
    """
    settings, observations = results.experiment.budget, first_observations(results)
    *lower_budgets, full_budget = budgets(settings)
    begun, rows = count_begun(results), []
    for budget in lower_budgets:
        both = finished(observations, budget, full_budget)
        failed = np.isinf(both.to_numpy()).sum(axis=0).tolist()
        rows.append((budget, settings.unit, begun, len(both), *failed))
    return pd.DataFrame(rows, columns=list(_COUNTS)).astype(_COUNTS)


@lru_cache(maxsize=1)
def curves(results: Results) -> pd.DataFrame:
    """Say what cuts of every size keep of the study: for each lower budget `counts`, and a row for each of `curve`.

    A budget without a curve has one row, in which the columns of the curve are empty.
    """
    observations, (*lower_budgets, full_budget) = first_observations(results), budgets(results.experiment.budget)
    found = []
    for budget in lower_budgets:
        both = finished(observations, budget, full_budget)
        rng = generator(results, "early stopping", f"{budget:g}")
        found.append(curve(both["lower"].to_numpy(), both["higher"].to_numpy(), rng).assign(budget=budget))
    known = counts(results)
    return known.merge(pd.concat(found), how="left", on="budget") if found else known.reindex(columns=[*known, *_CURVE])
