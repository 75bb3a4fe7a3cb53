"""Which configurations are promoted to the next rung?

Reads the batches of one rung; writes the proposals of the next: lowest validation error first, failures last.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record, write_record
from jointsearch.results.folder import Folder
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment
from jointsearch.training.job import drop_ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("output", type=Path, help="proposals.json of the rung to fill, to write")
    parser.add_argument("batches", type=Path, nargs="+", help="batch files of the rung before")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    folder = layout.study_of(arguments.output.parent).parent
    evaluations = Folder(folder).of_batches(arguments.batches)
    rung = proposals.next_rung(experiment, evaluations)
    write_record(arguments.output, rung)
    drop_ends(arguments.batches[0].parent, evaluations, rung)


if __name__ == "__main__":
    cli.run(main)
