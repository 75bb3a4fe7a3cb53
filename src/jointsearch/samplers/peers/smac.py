"""SMAC3: Lindauer et al. (2022), with the parts of its multi-fidelity facade."""

import copy
import logging
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import numpy as np
from ConfigSpace import Configuration
from smac import HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario
from smac.acquisition.maximizer.local_search import LocalSearch
from smac.facade.abstract_facade import AbstractFacade
from smac.main.config_selector import ConfigSelector
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.runhistory import StatusType, TrialInfo

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import best_first, by_budget, by_configuration
from jointsearch.samplers.peers.plain_values import to_plain_values
from jointsearch.samplers.peers.smac_settings import SmacSettings
from jointsearch.space.space import Space


@dataclass(frozen=True)
class Smac:
    """SMAC3's config selector over a run history that is made of the history.

    As the library composes it for several budgets: a random forest on the largest budget with at least `min_trials`
    evaluations, log expected improvement, maximised by local and random search, random configurations interleaved, and
    nothing that was proposed before. With one budget it is the facade for hyperparameters, which differs in its initial
    design (Sobol points, not random ones). The forest is the same for all proposals of a bracket, for there
    is no result in between.

    The configurations of the history, and pending ones, count towards the initial design; the rest of it is drawn
    again. Pending ones are running trials to SMAC3, which only keeps it from proposing them again. A
    failed evaluation has crashed, and costs as much as the worst of the history: SMAC3 leaves this cost to its users.
    A configuration that was evaluated twice at a budget counts twice, as with two seeds. The intensifier, which
    promotes, is not asked. If losses exceed 1, all are divided by a power of two: SMAC3 takes logarithms of costs above
    their minimum less 1e-10, which would vanish in rounding beside large ones.

    SMAC3 seeds the forest and each of its generators with the seed of the scenario, drawn from `rng`. It writes into
    a temporary folder, which is removed.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: SmacSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        Those of the initial design, those interleaved and those for which SMAC3 has no others are random; their origin
        says so.
        """
        outlook = outlook or Outlook.of(history)
        seed = int(rng.integers(2**31))
        # Its forest would take all processors, for steps so small that one is faster.
        with _quiet(), joblib.parallel_config(backend="sequential"), TemporaryDirectory() as folder:
            facade = self._facade(space, history, outlook, seed, Path(folder))
            _tell(facade, space, history, outlook)
            proposed = list(islice(_select(facade), count))
        budget, seen = next(
            (part for part in by_budget(history).items() if len(part[1]) >= self.settings.min_trials), (None, [])
        )
        origins = [
            Origin(sampler=self.name, kind="random")
            if budget is None or _random(one)
            else Origin(sampler=self.name, kind="model", model_budget=budget)
            for one in proposed
        ]
        sampled = [Sampled(_plain(space, dict(one)), origin) for one, origin in zip(proposed, origins, strict=True)]
        # A small space may have nothing new left.
        random = Origin(sampler=self.name, kind="random")
        sampled += [Sampled(values, random) for values in space.sample(count - len(sampled), rng)]
        model = Model(budget=budget, evaluations=tuple(one.evaluation for one in best_first(seen))) if seen else None
        return Suggestion(tuple(sampled), model)

    def _facade(
        self, space: Space, history: Sequence[Observation], outlook: Outlook, seed: int, folder: Path
    ) -> AbstractFacade:
        kind = MultiFidelityFacade if len(outlook.budgets) > 1 else HyperparameterOptimizationFacade
        # The facade seeds the space that it gets.
        configspace = copy.deepcopy(space.configuration_space)
        scenario = Scenario(
            configspace,
            name=self.name,
            output_directory=folder,
            deterministic=True,
            n_trials=self.settings.n_trials,
            min_budget=outlook.budgets[0],
            max_budget=outlook.budgets[-1],
            seed=seed,
        )
        settings = self.settings
        design = min(settings.n_configs_per_hyperparameter * space.dimension, settings.n_trials // 4)
        missing = max(0, design - len(by_configuration(history)) - len(outlook.pending))
        selector = ConfigSelector(scenario, retrain_after=settings.retrain_after, min_trials=settings.min_trials)
        maximizer = kind.get_acquisition_maximizer(
            scenario, challengers=settings.challengers, local_search_iterations=settings.local_search_iterations
        )
        _order_starts(maximizer._local_search)
        return kind(
            scenario,
            model=kind.get_model(scenario, n_trees=settings.n_trees),
            acquisition_maximizer=maximizer,
            initial_design=kind.get_initial_design(scenario, n_configs=missing, max_ratio=1),
            random_design=kind.get_random_design(scenario, probability=settings.probability),
            config_selector=selector,
            logging_level=False,
            overwrite=True,
        )


def _order_starts(search: LocalSearch) -> None:
    """Let local searches start in an order of their own: SMAC3's is that of a set, another one in each process."""
    points = search._get_init_points_from_previous_configs

    def ordered(*arguments: Any, **others: Any) -> list[Configuration]:
        return sorted(points(*arguments, **others), key=lambda one: one.get_array().tobytes())

    search._get_init_points_from_previous_configs = ordered  # type: ignore[method-assign]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep SMAC3 from logging, and from warning where it takes means of nothing to log them."""
    logger = logging.getLogger("smac")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        logger.setLevel(before)


def _tell(facade: AbstractFacade, space: Space, history: Sequence[Observation], outlook: Outlook) -> None:
    """Fill the run history. `facade.tell` would also keep incumbents for the intensifier, at a cost that grows."""
    configspace = facade.scenario.configspace
    losses = [one.loss for one in history if one.loss is not None]
    worst = max(losses, default=0.0)
    largest = max(map(abs, losses), default=0.0)
    exponent = math.frexp(largest)[1] if largest > 1 else 0
    seen: Counter[tuple[Configuration, float]] = Counter()
    for one in history:
        configuration = Configuration(configspace, values=one.values)
        facade.runhistory.add(
            configuration,
            cost=math.ldexp(worst if one.loss is None else one.loss, -exponent),
            status=StatusType.CRASHED if one.loss is None else StatusType.SUCCESS,
            seed=seen[configuration, one.budget],
            budget=one.budget,
        )
        seen[configuration, one.budget] += 1
    for values, level in outlook.pending:
        configuration = Configuration(configspace, values=values)
        if configuration not in facade.runhistory.config_ids:
            facade.runhistory.add_running_trial(TrialInfo(configuration, seed=0, budget=outlook.budgets[level]))


def _select(facade: AbstractFacade) -> Iterator[Configuration]:
    """Take what the config selector gives, as the intensifier does, until it has nothing new."""
    try:
        yield from facade.intensifier.config_selector
    except ConfigurationSpaceExhaustedException:
        return


def _random(one: Configuration) -> bool:
    """Whether SMAC3 drew a configuration without its model: first points, and those without a look at their value."""
    return one.origin is None or one.origin.startswith(("Initial", "Random Search"))


def _plain(space: Space, values: Values) -> Values:
    found = to_plain_values(space, values)
    assert found is not None, "SMAC3 keeps to the clauses of the space"
    return found
