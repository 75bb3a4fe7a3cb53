"""What does a bracket try first?

Reads the chain of histories up to this bracket; writes the proposals of its first rung, each with its origin, and the
model behind them with the evaluations that it saw.
"""

import argparse
from pathlib import Path

import numpy as np

from jointsearch import cli, layout, samplers
from jointsearch.experiment import Experiment
from jointsearch.hyperband import bracket
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
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study, index = layout.bracket_of(arguments.history.parent)
    propose = samplers.make(experiment.sampler, experiment.sampler_settings)
    space, size = Space(experiment.space), bracket(index, experiment.budget).sizes[0]
    suggestion = propose(
        space,
        read_history(study, index),
        size,
        np.random.default_rng(derive(experiment.seed, study.name, "sample", index)),
    )
    base.check(suggestion, space, size, experiment.sampler)
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
        parents=(digest(read_record(arguments.history, History)),),
    )
    write_record(arguments.output, rung)


if __name__ == "__main__":
    cli.run(main)
