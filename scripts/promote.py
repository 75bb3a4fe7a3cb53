"""Who goes on to the next rung?

Reads the batches of one rung; writes the proposals of the next: lowest validation error first, failures last.
"""

import argparse
from pathlib import Path

from jointsearch import cli, layout
from jointsearch.experiment import Experiment
from jointsearch.hyperband import bracket, promote
from jointsearch.records import Rung, digest, read_record, write_record
from jointsearch.results import read_batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("bracket", type=int)
    parser.add_argument("rung", type=int, help="the rung to fill")
    parser.add_argument("batches", type=Path, nargs="+", help="batch files of the rung before")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    evaluations = read_batches(arguments.batches, experiment.id)
    size = bracket(arguments.bracket, experiment.budget).sizes[arguments.rung]
    rung = Rung(
        experiment=experiment.id,
        study=arguments.study.name,
        bracket=arguments.bracket,
        rung=arguments.rung,
        proposals=promote(evaluations, size),
        parents=tuple(digest(evaluation.derivable()) for evaluation in evaluations),
    )
    write_record(layout.proposals_file(arguments.study, arguments.bracket, arguments.rung), rung)


if __name__ == "__main__":
    cli.run(main)
