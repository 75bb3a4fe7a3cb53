"""What did a search find?

Reads the evaluations of a study; writes the table of all of them and the best configuration.
By hand it also works on a search in progress.
"""

import argparse
from pathlib import Path

from jointsearch.analysis.study_tables import of_study
from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.results.results import StudyResults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("study", help="name of the study")
    parser.add_argument("table", type=Path, help="CSV to write")
    parser.add_argument("incumbent", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    made = of_study(StudyResults.read(arguments.folder, arguments.study))
    write_bytes(arguments.table, made["observations.csv"])
    write_bytes(arguments.incumbent, made["incumbent.json"])


if __name__ == "__main__":
    cli.run(main)
