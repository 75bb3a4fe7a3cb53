"""What did a search find?

Reads the evaluations of a study; writes the table of all of them and the best configuration.
By hand it also works on a search in progress.
"""

import argparse
from pathlib import Path

from jointsearch.analysis.csv_file import write_csv
from jointsearch.analysis.observations import table
from jointsearch.core import cli
from jointsearch.core.files import write_record
from jointsearch.results.results import StudyResults
from jointsearch.search.incumbent import incumbent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("study", help="name of the study")
    parser.add_argument("table", type=Path, help="CSV to write")
    parser.add_argument("incumbent", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    study = StudyResults.read(arguments.folder, arguments.study)
    write_csv(table(study.evaluations, list(study.experiment.space.hyperparameters)), arguments.table)
    write_record(arguments.incumbent, incumbent(study.evaluations))


if __name__ == "__main__":
    cli.run(main)
