"""Optuna's tree-structured Parzen estimator, alone and under its Hyperband.

Bergstra, Bardenet, Bengio and Kégl (2011); Watanabe (2023) for what Optuna made of it; Akiba et al. (2019) for Optuna.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from jointsearch.core.fields import Value, Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import EvaluatedConfiguration, by_configuration
from jointsearch.samplers.peers.plain_values import to_plain_values
from jointsearch.samplers.peers.tpe_settings import TpeSettings
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Hyperparameter, Integer, Ordinal
from jointsearch.space.space import Space

ATTEMPTS = 100
"""Trials requested for one proposal, before it is drawn from the prior."""


@dataclass(frozen=True)
class Tpe:
    """Optuna's `TPESampler` in a study that is made of the history.

    Each configuration is a trial, in the order of the proposals: complete if it was evaluated at the full budget,
    failed if its last evaluation did (the sampler passes over such), else pruned, with its losses as intermediate
    values. Optuna orders pruned trials by how far they came and then by loss, so its steps, which are whole, are the
    positions of the budgets. Pending proposals are running trials, for the constant liar, and so is what was requested
    before for the same bracket. A configuration that was promoted, but of which the history does not have the next
    result, cannot be distinguished from one that was not, and counts as pruned.

    Conditional spaces are sampled define-by-run, parents first, with densities of groups (`group`). Optuna has no
    ordinals: they are integers, the positions in their sequence. Forbidden configurations are drawn again, and
    failed.

    With `hyperband`, as with Optuna's `HyperbandPruner`, the sampler sees only trials of the same kind of bracket:
    those that started at the same budget. What the pruner does, the workflow does.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: TpeSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        Optuna draws at random below `n_startup_trials` trials that did not fail; the origin then says so.
        """
        outlook = outlook or Outlook.of(history)
        all_budgets = sorted({*outlook.budgets, *(one.budget for one in history)})
        start = outlook.budgets[outlook.level]
        seen = [one for one in by_configuration(history) if not self.settings.hyperband or one.first.budget == start]
        running = [values for values, level in outlook.pending if not self.settings.hyperband or level == outlook.level]
        usable = [one for one in seen if one.last.loss is not None]
        modelled = bool(usable) and len(usable) >= self.settings.n_startup_trials
        with _quiet():
            study = optuna.create_study(study_name=self.name, sampler=self._sampler(space, rng))
            study.add_trials([_trial(space, one, all_budgets, outlook.budgets[-1]) for one in seen])
            study.add_trials([_running(space, values) for values in running])
            sampled = [_ask(study, space) for _ in range(count)]
        origin = Origin(sampler=self.name, kind="model" if modelled else "random")
        random = Origin(sampler=self.name, kind="random")
        return Suggestion(
            tuple(Sampled(one, origin) if one else Sampled(space.sample(1, rng)[0], random) for one in sampled),
            Model(budget=None, evaluations=_names(usable)) if modelled else None,
        )

    def _sampler(self, space: Space, rng: np.random.Generator) -> optuna.samplers.TPESampler:
        return optuna.samplers.TPESampler(
            seed=int(rng.integers(2**32)),
            n_startup_trials=self.settings.n_startup_trials,
            n_ei_candidates=self.settings.n_ei_candidates,
            multivariate=self.settings.multivariate,
            group=self.settings.multivariate and bool(space.file.conditions),
            constant_liar=self.settings.constant_liar,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from logging, and from warning that groups are an experimental feature."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _ask(study: optuna.Study, space: Space) -> Values | None:
    """Ask for a configuration; None if all that come are forbidden."""
    for _ in range(ATTEMPTS):
        trial = study.ask()
        values = to_plain_values(space, _suggest(trial, space))
        if values is not None:
            return values
        study.tell(trial, state=TrialState.FAIL)
    return None


def _suggest(trial: Trial, space: Space) -> Values:
    """Define a configuration by run: what is active beside what came before it."""
    values: Values = {}
    for name in space.configuration_space:
        if not space.active(name, values):
            continue
        match space.file.hyperparameters[name]:
            case Constant(value=value):
                values[name] = value
            case Ordinal(sequence=sequence):
                values[name] = sequence[trial.suggest_int(name, 0, len(sequence) - 1)]
            case Integer(lower=lower, upper=upper, log=log):
                values[name] = trial.suggest_int(name, lower, upper, log=log)
            case Float(lower=lower, upper=upper, log=log):
                values[name] = trial.suggest_float(name, lower, upper, log=log)
            case Categorical(choices=choices):
                values[name] = trial.suggest_categorical(name, choices)  # type: ignore[assignment]
    return values


def _distribution(one: Hyperparameter) -> BaseDistribution:
    """What the `suggest` of a hyperparameter that is not constant makes."""
    match one:
        case Ordinal(sequence=sequence):
            return IntDistribution(0, len(sequence) - 1)
        case Integer(lower=lower, upper=upper, log=log):
            return IntDistribution(lower, upper, log=log)
        case Float(lower=lower, upper=upper, log=log):
            return FloatDistribution(lower, upper, log=log)
        case Categorical(choices=choices):
            return CategoricalDistribution(choices)
    raise AssertionError(f"{one} is not searched")


def _trial(space: Space, one: EvaluatedConfiguration, all_budgets: Sequence[float], full: float) -> FrozenTrial:
    """Make a trial of a configuration and its evaluations."""
    params, distributions = _parameters(space, one.values)
    losses = {all_budgets.index(each.budget): each.loss for each in one.observations if each.loss is not None}
    loss = one.last.loss
    state = TrialState.COMPLETE if one.last.budget >= full else TrialState.PRUNED
    return create_trial(
        state=TrialState.FAIL if loss is None else state,
        value=loss,
        params=params,
        distributions=distributions,
        intermediate_values=losses,
    )


def _running(space: Space, values: Values) -> FrozenTrial:
    params, distributions = _parameters(space, values)
    return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)


def _parameters(space: Space, values: Values) -> tuple[dict[str, Value], dict[str, BaseDistribution]]:
    params: dict[str, Value] = {}
    for name in space.names:
        if name in values:
            one = space.file.hyperparameters[name]
            params[name] = one.sequence.index(values[name]) if isinstance(one, Ordinal) else values[name]
    return params, {name: _distribution(space.file.hyperparameters[name]) for name in params}


def _names(usable: Sequence[EvaluatedConfiguration]) -> tuple[str, ...]:
    """The evaluations that the model goes by, best first as Optuna orders them: further ones first, then by loss."""
    ordered = sorted(usable, key=lambda one: (-one.last.budget, one.last.loss))
    return tuple(one.last.evaluation for one in ordered)
