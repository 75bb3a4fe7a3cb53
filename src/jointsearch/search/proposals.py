"""Histories, proposals and promotions, as the workflow makes and an audit recomputes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import ERRORS, Digest, Losses
from jointsearch.core.files import digest
from jointsearch.core.history import History, Observation, WarmStart
from jointsearch.core.proposal import Proposal, Rung
from jointsearch.samplers import base, registry
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket, budgets, promote
from jointsearch.search.warm_start import digest_of, kept, observations

if TYPE_CHECKING:
    from jointsearch.space.space import Space


def warm_start(experiment: Experiment, study: str, folder: Path, losses: Losses = ERRORS) -> WarmStart:
    """Make the record of the evaluations that a search begins with.

    Parameters
    ----------
    experiment, study
        Which search.
    folder
        Of the HpBandSter run that it starts from; or `warm_start.json` of a search.
    losses
        How the losses of the run become errors.

    Raises
    ------
    UserError
        If the evaluations are not those that the experiment names, or one is not of the space.
    """
    of_errors = experiment.objective is None
    begun = observations(folder, experiment.space, experiment.budget, losses, of_errors)
    if digest_of(begun) != experiment.warm_start:
        raise UserError(f"{folder}: not the evaluations that this search began with; restore it")
    space = _space(experiment)
    for one in begun:
        try:
            space.check(one.values)
        except ValueError as error:
            raise UserError(f"{folder}: {one.evaluation}: not of the space: {error}; fix or remove it") from None
    return WarmStart(
        experiment=experiment.id,
        study=study,
        source=experiment.warm_start,
        losses=kept(folder, losses),
        observations=begun,
    )


def history(
    experiment: Experiment, study: str, index: int, previous: Digest | None, evaluations: Sequence[Evaluation]
) -> History:
    """Make the history of a bracket: what its model sees.

    Parameters
    ----------
    experiment, study, index
        Which bracket.
    previous
        Digest of the history of the bracket before; for the first one, of the warm start, if any.
    evaluations
        What becomes visible to this bracket, in the order of `hyperband.newly_seen`.
    """
    return History(
        experiment=experiment.id,
        study=study,
        bracket=index,
        previous=previous,
        observations=observations_of(evaluations),
        parents=tuple(digest(item.derivable()) for item in evaluations),
    )


def observations_of(evaluations: Sequence[Evaluation]) -> tuple[Observation, ...]:
    """What a history holds of evaluations."""
    return tuple(
        Observation(evaluation=item.id, budget=item.budget, values=item.proposal.values, loss=item.loss)
        for item in evaluations
    )


def first_rung(
    experiment: Experiment,
    last: History,
    seen: Sequence[Observation],
    pending: Sequence[Rung],
    space: Space | None = None,
) -> Rung:
    """Propose what a bracket tries first.

    Parameters
    ----------
    experiment
        With its sampler.
    last
        History of the bracket.
    seen
        All observations of its chain of histories.
    pending
        Pending first rungs of earlier brackets, if the sampler uses them.
    space
        That of the experiment, if it is at hand.

    Raises
    ------
    UserError
        If the sampler cannot be made, or breaks its contract.
    """
    import numpy as np

    from jointsearch.search import common_numbers

    index, item = last.bracket, bracket(last.bracket, experiment.budget)
    space = space or _space(experiment)
    suggestion = base.propose(
        registry.make(experiment.sampler, experiment.sampler_settings),
        experiment.sampler,
        space,
        seen,
        item.sizes[0],
        np.random.default_rng(experiment.seed_of(last.study, "sample", index)),
        base.Outlook(
            budgets=budgets(experiment.budget),
            level=item.levels[0],
            pending=tuple(
                (proposal.values, bracket(rung.bracket, experiment.budget).levels[0])
                for rung in pending
                for proposal in rung.proposals
            ),
            seed=experiment.seed_of(last.study, "sampler"),
        ),
    )
    proposed = tuple(
        Proposal(id=f"{index}-0-{slot}", values=sampled.values, origin=sampled.origin)
        for slot, sampled in enumerate(suggestion.configurations)
    )
    return Rung(
        experiment=experiment.id,
        study=last.study,
        bracket=index,
        rung=0,
        proposals=proposed if experiment.repeat is None else common_numbers.drawn(proposed, experiment, space),
        model=suggestion.model,
        parents=tuple(digest(one) for one in (last, *pending)),
    )


def next_rung(experiment: Experiment, evaluations: Sequence[Evaluation]) -> Rung:
    """Promote the best of a rung, all of whose evaluations are given, in slot order."""
    below = evaluations[0]
    return Rung(
        experiment=experiment.id,
        study=below.study,
        bracket=below.bracket,
        rung=below.rung + 1,
        proposals=promoted(experiment, evaluations),
        parents=tuple(digest(evaluation.derivable()) for evaluation in evaluations),
    )


def promoted(experiment: Experiment, evaluations: Sequence[Evaluation]) -> tuple[Proposal, ...]:
    """The best of a rung, as many as the next one has slots."""
    below = evaluations[0]
    return promote(evaluations, bracket(below.bracket, experiment.budget).sizes[below.rung + 1])


def _space(experiment: Experiment) -> Space:
    # ConfigSpace imports most of SciPy, which would be most of the time of a job that only promotes.
    from jointsearch.space.space import Space

    return Space(experiment.space)
