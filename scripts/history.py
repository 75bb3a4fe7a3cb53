"""What may the model of a bracket see?

Reads the batches that become visible to this bracket; writes `history.json`, their observations, chained by digest
to the history of the bracket before, or to the search's warm start.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record, write_record
from jointsearch.results.folder import Folder
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("output", type=Path, help="history.json of the bracket, to write")
    parser.add_argument("batches", type=Path, nargs="*", help="batch files that become visible")
    arguments = parser.parse_args()
    study, bracket = layout.bracket_of(arguments.output.parent)
    experiment, folder = read_record(arguments.experiment, Experiment), Folder(study.parent)
    evaluations, previous = folder.of_batches(arguments.batches), folder.previous(study.name, bracket)
    write_record(arguments.output, proposals.history(experiment, study.name, bracket, previous, evaluations))


if __name__ == "__main__":
    cli.run(main)
