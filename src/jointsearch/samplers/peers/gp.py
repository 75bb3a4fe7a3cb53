"""Optuna's Gaussian process at the full budget.

Its `GPSampler`: Matern-5/2, losses standardised, logarithmic expected improvement (Ament et al., NeurIPS 2023), whose
maximum is sought by gradients. Akiba et al. (2019) for Optuna.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import optuna
import torch
from optuna._gp.search_space import SearchSpace
from optuna.samplers._gp.sampler import EPS
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import best_first, by_configuration
from jointsearch.samplers.peers.gp_settings import GpSettings
from jointsearch.samplers.peers.optuna_study import ask, complete_trial, quiet
from jointsearch.space.space import Space


@dataclass(frozen=True)
class Gp:
    """Optuna's `GPSampler` in a study that is made of the history.

    It learns from complete trials only, which are evaluations at the full budget: it is at its best if it proposes one
    by one there. What was requested before in a batch, and what is pending, is believed to turn out as the process
    expects; Optuna's own way, an improvement that is joint over running trials, takes far longer. A failed training, at
    whatever budget, has the worst loss so far: Optuna would pass over it, and so propose the like again.

    It models the hyperparameters that all trials have; the others, which are conditional, it draws at random.

    The study is new for each call, so that the fit of the process starts from Optuna's defaults and not from the fit
    before.

    Parameters
    ----------
    name
        Its name in the origin of its proposals.
    settings
        The choices of the algorithm.
    """

    name: str
    settings: GpSettings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; see `jointsearch.samplers.base.Sampler`.

        Optuna draws at random below `n_startup_trials` complete trials; the origin then says so.
        """
        outlook = outlook or Outlook.of(history)
        full = outlook.budgets[-1]
        last = [one.last for one in by_configuration(history)]
        losses = [one.loss for one in last if one.loss is not None and one.budget >= full]
        seen = [one for one in last if losses and (one.budget >= full or one.loss is None)]
        modelled = bool(seen) and len(seen) >= self.settings.n_startup_trials
        with quiet(), _one_thread():
            sampler = self._sampler(rng)
            study = optuna.create_study(study_name=self.name, sampler=sampler)
            for one in seen:
                study.add_trial(complete_trial(space, one.values, max(losses) if one.loss is None else one.loss))
            if modelled and outlook.pending:
                # For the fit that what is pending is believed by.
                ask(study, space)
                _believe(study, sampler, space, [values for values, _ in outlook.pending])
            sampled = []
            for _ in range(count):
                sampled.append(ask(study, space))
                if modelled and sampled[-1]:
                    _believe(study, sampler, space, [sampled[-1]])
        random = Origin(sampler=self.name, kind="random")
        origin = Origin(sampler=self.name, kind="model", model_budget=full) if modelled else random
        names = tuple(one.evaluation for one in best_first(seen))
        return Suggestion(
            tuple(Sampled(one, origin) if one else Sampled(space.sample(1, rng)[0], random) for one in sampled),
            Model(budget=full, evaluations=names) if modelled else None,
        )

    def _sampler(self, rng: np.random.Generator) -> optuna.samplers.GPSampler:
        return optuna.samplers.GPSampler(
            seed=int(rng.integers(2**32)),
            n_startup_trials=self.settings.n_startup_trials,
            deterministic_objective=self.settings.deterministic_objective,
            warn_independent_sampling=False,
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: sums over more have other bits, and matrices as small as these gain nothing by them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


def _believe(study: optuna.Study, sampler: optuna.samplers.GPSampler, space: Space, several: Sequence[Values]) -> None:
    """Complete trials of configurations with the losses that the process of a study, as it was last fitted, expects.

    One that lacks a hyperparameter of the process is expected to have the mean. Running trials fail: they were only
    asked what they would be.
    """
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    running = study.get_trials(states=(TrialState.RUNNING,))
    losses = np.array([one.value for one in complete])
    searched = sampler.infer_relative_search_space(study, complete[-1])
    trials = [complete_trial(space, values, 0.0) for values in several]
    expected = np.full(len(trials), losses.mean())
    known = [place for place, one in enumerate(trials) if searched and searched.keys() <= one.params.keys()]
    if known:
        assert sampler._gprs_cache_list is not None
        points = SearchSpace(searched).get_normalized_params([trials[place] for place in known])
        # Of losses that are standardised, with the opposite sign.
        with torch.no_grad():
            mean, _ = sampler._gprs_cache_list[0].posterior(torch.from_numpy(points))
        expected[known] -= mean.numpy() * max(losses.std(), EPS)
    for trial in running:
        study.tell(trial.number, state=TrialState.FAIL)
    for values, loss in zip(several, expected.tolist(), strict=True):
        study.add_trial(complete_trial(space, values, loss))
