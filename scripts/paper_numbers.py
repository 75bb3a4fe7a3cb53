"""Which numbers may a text quote?

Reads the evaluations of the first brackets of a study and the data behind the figure of the budget correlation; writes
`numbers.json`: each number with its unit and the evaluations that it comes from.
"""

import argparse
from pathlib import Path

import pandas as pd

from jointsearch import cli, layout
from jointsearch.analysis.numbers import numbers
from jointsearch.experiment import Experiment
from jointsearch.records import read_record, write_record
from jointsearch.results import read_study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("brackets", type=int, help="number of brackets to read")
    parser.add_argument("correlation", type=Path, help="budget_correlation.csv")
    parser.add_argument("output", type=Path, help="numbers.json to write")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study = arguments.experiment.parent / layout.SEARCH
    evaluations = read_study(study, experiment.id, arguments.brackets)
    correlation = pd.read_csv(arguments.correlation)
    write_record(arguments.output, numbers(experiment, evaluations, correlation))


if __name__ == "__main__":
    cli.run(main)
