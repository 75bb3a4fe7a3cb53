"""Optuna's tree-structured Parzen estimator, alone and under its Hyperband.

Bergstra, Bardenet, Bengio and Kégl (2011); Watanabe (2023) for what Optuna made of it; Akiba et al. (2019) for Optuna.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna

from jointsearch.core.history import Observation
from jointsearch.core.proposal import Model, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import EvaluatedConfiguration, by_configuration
from jointsearch.samplers.peers.optuna_study import ask, make_trial, quiet, running_trial
from jointsearch.samplers.peers.tpe_settings import TpeSettings
from jointsearch.space.space import Space


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
        with quiet():
            study = optuna.create_study(study_name=self.name, sampler=self._sampler(space, rng))
            study.add_trials([make_trial(space, one, all_budgets, outlook.budgets[-1]) for one in seen])
            study.add_trials([running_trial(space, values) for values in running])
            sampled = [ask(study, space) for _ in range(count)]
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


def _names(usable: Sequence[EvaluatedConfiguration]) -> tuple[str, ...]:
    """The evaluations that the model goes by, best first as Optuna orders them: further ones first, then by loss."""
    ordered = sorted(usable, key=lambda one: (-one.last.budget, one.last.loss))
    return tuple(one.last.evaluation for one in ordered)
