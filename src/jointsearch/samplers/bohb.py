"""BOHB's sampler: Falkner, Klein and Hutter (2018), faithful to the authors' HpBandSter 0.7.4."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion, filled
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.samplers.density import Array, Density
from jointsearch.samplers.history import by_budget
from jointsearch.space.space import Space

FLOOR = 1e-32
"""HpBandSter keeps both densities above this in their ratio."""


@dataclass(frozen=True)
class Bohb:
    """Hyperband's sampler with a model; with `random_fraction` 1 it is Hyperband's own, random search.

    Like HpBandSter, it may propose a configuration that was evaluated before.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: BohbSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations, all from one model; see `jointsearch.samplers.base.Sampler`.

        A proposal is random with probability `random_fraction`, if no budget can be modelled, and if
        the model's choice is forbidden or no candidate could be scored. Its origin says so.
        """
        model = fit(space, history, self.settings, rng) if self.settings.random_fraction < 1 else None
        picks: list[Sampled | None] = [None] * count
        if model is not None:
            origin = Origin(sampler=self.name, kind="model", model_budget=model.budget)
            modelled = np.flatnonzero(rng.random(count) >= self.settings.random_fraction)
            for slot, vector in zip(modelled, model.pick(len(modelled), self.settings, rng), strict=True):
                values = None if np.isnan(vector).any() else space.decode(vector)
                picks[slot] = None if values is None else Sampled(values, origin)
        return Suggestion(
            filled(picks, space, self.name, rng),
            None if model is None else model.record(),
        )


@dataclass(frozen=True)
class Densities:
    """The good and the bad density of one budget.

    Attributes
    ----------
    budget
        Where the evaluations come from.
    evaluations
        Their ids, best first: first those of `good`, then those of `bad`.
    levels
        Number of choices of each variable; 0 if it is continuous.
    """

    budget: float
    evaluations: tuple[str, ...]
    good: Density
    bad: Density
    levels: tuple[int, ...]

    def pick(self, count: int, settings: BohbSettings, rng: np.random.Generator) -> Array:
        """Choose the best of fresh candidates, `count` times; shape `(count, d)`, NaN if there is none."""
        candidates = self.draw(count * settings.num_samples, settings, rng)
        scores = self.scores(candidates).reshape(count, settings.num_samples)
        best = scores.argmin(axis=1) + settings.num_samples * np.arange(count)
        winners = candidates[best]
        winners[np.isposinf(scores.min(axis=1))] = np.nan
        return winners

    def draw(self, count: int, settings: BohbSettings, rng: np.random.Generator) -> Array:
        """Draw candidates around random good points; shape `(count, d)`.

        A continuous variable is drawn from a normal distribution truncated to `[0, 1]`, its standard
        deviation the bandwidth times `bandwidth_factor`; a choice is redrawn uniformly with the bandwidth
        as its probability.
        """
        centres = self.good.data[rng.integers(len(self.good.data), size=count)]
        candidates = centres.copy()
        for variable, (bandwidth, levels) in enumerate(zip(self.good.bandwidths, self.levels, strict=True)):
            if levels:
                redrawn = rng.random(count) < bandwidth
                candidates[redrawn, variable] = rng.integers(levels, size=redrawn.sum())
            else:
                deviation = bandwidth * settings.bandwidth_factor
                candidates[:, variable] = _truncated_normal(centres[:, variable], deviation, rng)
        return candidates

    def scores(self, candidates: Array) -> Array:
        """Ratio of bad to good density of points of shape `(m, d)`, the lower the better; shape `(m,)`.

        HpBandSter takes the first candidate whose ratio is not finite while its good density is, which is
        a choice that the bad points lack: -inf here. What it cannot score is inf here.
        """
        good, bad = self.good(candidates), self.bad(candidates)
        with np.errstate(invalid="ignore"):
            ratios = np.fmax(bad, FLOOR) / np.maximum(good, FLOOR)
        ratios[~np.isfinite(ratios) & np.isfinite(good)] = -np.inf
        ratios[np.isnan(ratios)] = np.inf
        return ratios

    def record(self) -> Model:
        """The description of this model in records."""
        sizes = {"good": len(self.good.data), "bad": len(self.bad.data)}
        return Model(budget=self.budget, evaluations=self.evaluations, details=sizes)


def fit(
    space: Space, history: Sequence[Observation], settings: BohbSettings, rng: np.random.Generator
) -> Densities | None:
    """Model the largest budget that has enough evaluations; None if none has (BOHB paper, section 4.2).

    How many evaluations are good and bad: `BohbSettings.split`. Failed evaluations are infinitely bad. Ties are broken
    by the order of the history.
    """
    for budget, seen in by_budget(history).items():
        sizes = settings.split(len(seen), space.dimension)
        if sizes is None:
            continue
        seen.sort(key=lambda one: np.inf if one.loss is None else one.loss)
        good, bad = seen[: sizes[0]], seen[sizes[0] : sum(sizes)]
        levels = np.array(space.levels)
        good_density, bad_density = (
            Density.fit(
                impute(space.encode_all([one.values for one in part]), levels, rng),
                levels > 0,
                settings.min_bandwidth,
            )
            for part in (good, bad)
        )
        ids = tuple(one.evaluation for one in good + bad)
        return Densities(budget, ids, good_density, bad_density, space.levels)
    return None


def impute(vectors: Array, levels: NDArray[np.int_], rng: np.random.Generator) -> Array:
    """Fill in inactive variables, so that every point has all of them.

    As in HpBandSter, a point takes its missing values from a random other one that has the first of them;
    if no point has it, the value is drawn uniformly.

    Parameters
    ----------
    vectors
        Shape `(n, d)`, NaN where inactive.
    levels
        Shape `(d,)`, number of choices; 0 where continuous.
    rng
        Source of randomness.
    """
    filled = vectors.copy()
    donors = [np.flatnonzero(known) for known in ~np.isnan(vectors).T]
    for row in np.flatnonzero(np.isnan(vectors).any(axis=1)):
        while (missing := np.flatnonzero(np.isnan(filled[row]))).size:
            first = missing[0]
            if donors[first].size:
                filled[row, missing] = vectors[rng.choice(donors[first]), missing]
            else:
                filled[row, first] = rng.integers(levels[first]) if levels[first] else rng.random()
    return filled


def _truncated_normal(centres: Array, deviation: float, rng: np.random.Generator) -> Array:
    """Draw one number in `[0, 1]` around each centre, by inversion."""
    # Here, because finding a sampler must not cost the import of scipy.
    from scipy.special import ndtr, ndtri

    lowest, highest = ndtr(-centres / deviation), ndtr((1 - centres) / deviation)
    quantiles = lowest + rng.random(len(centres)) * (highest - lowest)
    drawn: Array = np.clip(centres + deviation * ndtri(quantiles), 0, 1)
    return drawn
