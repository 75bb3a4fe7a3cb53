"""What follows from what: histories, proposals, promotions, as the workflow makes and an audit repeats them."""

import math
from collections.abc import Sequence

import numpy as np

from jointsearch.core import layout
from jointsearch.core.files import digest
from jointsearch.core.records import Digest, Evaluation, History, Observation, Origin, Proposal, Rung, Values, rank
from jointsearch.core.seeds import derive
from jointsearch.networks import manual
from jointsearch.samplers import base, registry
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket, bracket, budgets, promote
from jointsearch.search.incumbent import incumbent
from jointsearch.space.space import Space


def history(
    experiment: Experiment, study: str, index: int, previous: Digest | None, evaluations: Sequence[Evaluation]
) -> History:
    """Say what the model of a bracket sees.

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
        observations=tuple(
            Observation(evaluation=item.id, budget=item.budget, values=item.proposal.values, loss=item.loss)
            for item in evaluations
        ),
        parents=tuple(digest(item.derivable()) for item in evaluations),
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
        First rungs of the brackets that are under way, where the sampler looks at them.
    space
        That of the experiment, if it is at hand.

    Raises
    ------
    UserError
        If the sampler cannot be had, or breaks its promises.
    """
    index, item = last.bracket, bracket(last.bracket, experiment.budget)
    space = space or Space(experiment.space)
    suggestion = base.propose(
        registry.make(experiment.sampler, experiment.sampler_settings),
        experiment.sampler,
        space,
        seen,
        item.sizes[0],
        np.random.default_rng(derive(experiment.seed, last.study, "sample", index)),
        base.Outlook(
            budgets=budgets(experiment.budget),
            level=item.levels[0],
            pending=tuple(
                (proposal.values, bracket(rung.bracket, experiment.budget).levels[0])
                for rung in pending
                for proposal in rung.proposals
            ),
        ),
    )
    return Rung(
        experiment=experiment.id,
        study=last.study,
        bracket=index,
        rung=0,
        proposals=tuple(
            Proposal(id=f"{index}-0-{slot}", values=sampled.values, origin=sampled.origin)
            for slot, sampled in enumerate(suggestion.configurations)
        ),
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
        proposals=promote(evaluations, bracket(below.bracket, experiment.budget).sizes[below.rung + 1]),
        parents=tuple(digest(evaluation.derivable()) for evaluation in evaluations),
    )


def random_rung(experiment: Experiment, study: str, item: Bracket, rung: int) -> Rung:
    """Draw the configurations of a study that trains the same random ones in every rung.

    Parameters
    ----------
    experiment, study
        Which study.
    item
        Its bracket.
    rung
        Which rung.
    """
    space, rng = Space(experiment.space), np.random.default_rng(derive(experiment.seed, study, "sample", item.index))
    origin = Origin(sampler="random", kind="random")
    drawn = [(values, origin) for values in space.sample(item.sizes[rung], rng)]
    return _given(experiment, study, item.index, rung, drawn, ())


def manual_rung(experiment: Experiment, study: str, item: Bracket, names: Sequence[str]) -> Rung:
    """List manual architectures by name, each as many times as it has seeds.

    A training hyperparameter that the space does not have, or leaves inactive, is left at its neutral value.

    Raises
    ------
    UserError
        If the space does not hold an architecture.
    """
    space = Space(experiment.space)
    given = [
        (manual.architecture(name).within(space), Origin(sampler=layout.MANUAL, kind="given", name=name))
        for name in names
    ]
    return _given(experiment, study, item.index, 0, given, ())


def retraining_rung(
    experiment: Experiment, study: str, item: Bracket, chosen: Sequence[tuple[str, Evaluation]], seeds: int
) -> Rung:
    """List what is trained a last time: the configurations of evaluations, under names, each with several seeds."""
    given = [
        (one.proposal.values, Origin(sampler=layout.RETRAINING, kind="given", name=name))
        for name, one in chosen
        for _ in range(seeds)
    ]
    parents = tuple(digest(one.derivable()) for _, one in chosen)
    return _given(experiment, study, item.index, 0, given, parents)


def finalists(search: Sequence[Evaluation], manual: Sequence[Evaluation]) -> list[tuple[str, Evaluation]]:
    """Choose what is trained a last time: the best that the search found and the best manual architecture.

    That is the one with the lowest mean validation error over its seeds, without a failure; ties go to the one listed
    first. Where everything failed, the first is chosen, to fail again.

    Parameters
    ----------
    search, manual
        Evaluations of the two studies; without manual ones only the incumbent is chosen.
    """
    best = incumbent(search).evaluation
    chosen = [("incumbent", next((one for one in search if one.id == best), rank(search)[0]))]
    by_name: dict[str, list[Evaluation]] = {}
    for one in manual:
        by_name.setdefault(str(one.proposal.origin.name), []).append(one)
    if by_name:
        name = min(by_name, key=lambda name: _mean_loss(by_name[name]))
        chosen.append((name, by_name[name][0]))
    return chosen


def _mean_loss(evaluations: Sequence[Evaluation]) -> float:
    return math.fsum(math.inf if one.loss is None else one.loss for one in evaluations) / len(evaluations)


def _given(
    experiment: Experiment,
    study: str,
    bracket: int,
    rung: int,
    given: Sequence[tuple[Values, Origin]],
    parents: tuple[Digest, ...],
) -> Rung:
    return Rung(
        experiment=experiment.id,
        study=study,
        bracket=bracket,
        rung=rung,
        proposals=tuple(
            Proposal(id=f"{bracket}-0-{slot}", values=values, origin=origin)
            for slot, (values, origin) in enumerate(given)
        ),
        parents=parents,
    )
