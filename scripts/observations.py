"""What did a search find?

Reads the evaluations of the first brackets of a study; writes the table of all of them and the best configuration.
By hand it also works on a search in progress.
"""

import argparse
from pathlib import Path

from jointsearch.analysis.observations import table, write_csv
from jointsearch.core import cli
from jointsearch.core.files import read_record, write_record
from jointsearch.results.reader import read_study
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import incumbent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("brackets", type=int, help="number of brackets to read")
    parser.add_argument("table", type=Path, help="CSV to write")
    parser.add_argument("incumbent", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    evaluations = read_study(arguments.study, experiment.id, arguments.brackets)
    write_csv(table(evaluations, list(experiment.space.hyperparameters)), arguments.table)
    write_record(arguments.incumbent, incumbent(evaluations))


if __name__ == "__main__":
    cli.run(main)
