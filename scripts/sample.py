"""What does a bracket try first?

Reads the chain of histories up to this bracket and, where the sampler looks at them, the proposals of brackets that are
under way; writes the proposals of its first rung, each with its origin, and the
model behind them with the evaluations that it saw.
"""

import argparse
from pathlib import Path

import numpy as np

from jointsearch import cli, layout, samplers
from jointsearch.experiment import Experiment
from jointsearch.hyperband import Bracket, bracket, budgets
from jointsearch.records import History, Proposal, Rung, digest, read_record, write_record
from jointsearch.results import read_history
from jointsearch.samplers import base
from jointsearch.seeds import derive
from jointsearch.space import Space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("history", type=Path, help="history.json of the bracket")
    parser.add_argument("output", type=Path, help="proposals.json to write")
    parser.add_argument("pending", type=Path, nargs="*", help="proposals.json of brackets without a result yet")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study, index = layout.bracket_of(arguments.history.parent)
    propose = samplers.make(experiment.sampler, experiment.sampler_settings)
    space, item = Space(experiment.space), bracket(index, experiment.budget)
    pending = [read_record(path, Rung) for path in arguments.pending]
    suggestion = propose(
        space,
        read_history(study, index),
        item.sizes[0],
        np.random.default_rng(derive(experiment.seed, study.name, "sample", index)),
        outlook(experiment, item, pending),
    )
    base.check(suggestion, space, item.sizes[0], experiment.sampler)
    rung = Rung(
        experiment=experiment.id,
        study=study.name,
        bracket=index,
        rung=0,
        proposals=tuple(
            Proposal(id=f"{index}-0-{slot}", values=sampled.values, origin=sampled.origin)
            for slot, sampled in enumerate(suggestion.configurations)
        ),
        model=suggestion.model,
        parents=tuple(digest(one) for one in (read_record(arguments.history, History), *pending)),
    )
    write_record(arguments.output, rung)


def outlook(experiment: Experiment, item: Bracket, pending: list[Rung]) -> base.Outlook:
    """What the plan says of a bracket."""
    return base.Outlook(
        budgets=budgets(experiment.budget),
        level=item.levels[0],
        pending=tuple(
            (proposal.values, bracket(rung.bracket, experiment.budget).levels[0])
            for rung in pending
            for proposal in rung.proposals
        ),
    )


if __name__ == "__main__":
    cli.run(main)
