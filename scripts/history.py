"""What may the model of a bracket see?

Reads the batches that become visible to this bracket; writes `history.json`, their observations, chained by digest
to the history of the bracket before.
"""

import argparse
from pathlib import Path

from jointsearch import cli, layout
from jointsearch.experiment import Experiment
from jointsearch.records import History, Observation, digest, read_record, write_record
from jointsearch.results import read_batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("bracket", type=int)
    parser.add_argument("batches", type=Path, nargs="*", help="batch files that become visible")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    evaluations = read_batches(arguments.batches, experiment.id)
    previous = None
    if arguments.bracket:
        previous = digest(read_record(layout.history_file(arguments.study, arguments.bracket - 1), History))
    history = History(
        experiment=experiment.id,
        study=arguments.study.name,
        bracket=arguments.bracket,
        previous=previous,
        observations=tuple(
            Observation(evaluation=item.id, budget=item.budget, values=item.proposal.values, loss=item.loss)
            for item in evaluations
        ),
    )
    write_record(layout.history_file(arguments.study, arguments.bracket), history)


if __name__ == "__main__":
    cli.run(main)
