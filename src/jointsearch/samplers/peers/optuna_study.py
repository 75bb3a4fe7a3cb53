"""A history as a study of Optuna's, and its proposals as configurations."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from jointsearch.core.fields import Value, Values
from jointsearch.samplers.history import EvaluatedConfiguration
from jointsearch.samplers.peers.plain_values import to_plain_values
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Hyperparameter, Integer, Ordinal
from jointsearch.space.space import Space

ATTEMPTS = 100
"""Trials requested for one proposal, before it is drawn from the prior."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from logging, and from warning that groups are an experimental feature."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def ask(study: optuna.Study, space: Space) -> Values | None:
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
            case Float(kept=(lower, upper), log=log):
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
        case Float(kept=(lower, upper), log=log):
            return FloatDistribution(lower, upper, log=log)
        case Categorical(choices=choices):
            return CategoricalDistribution(choices)
    raise AssertionError(f"{one} is not searched")


def complete_trial(space: Space, values: Values, loss: float) -> FrozenTrial:
    """Make a trial of a configuration that has a loss at the full budget."""
    params, distributions = _parameters(space, values)
    return create_trial(value=loss, params=params, distributions=distributions)


def make_trial(space: Space, one: EvaluatedConfiguration, all_budgets: Sequence[float], full: float) -> FrozenTrial:
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


def running_trial(space: Space, values: Values) -> FrozenTrial:
    """Make a trial of a configuration that has no result yet."""
    params, distributions = _parameters(space, values)
    return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)


def _parameters(space: Space, values: Values) -> tuple[dict[str, Value], dict[str, BaseDistribution]]:
    params: dict[str, Value] = {}
    for name in space.names:
        if name in values:
            one = space.file.hyperparameters[name]
            params[name] = one.sequence.index(values[name]) if isinstance(one, Ordinal) else values[name]
    return params, {name: _distribution(space.file.hyperparameters[name]) for name in params}
