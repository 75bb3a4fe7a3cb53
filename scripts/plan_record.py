"""What does this experiment train?

Reads the settings of an experiment; writes `plan.json`: what each of its studies trains, and what follows from what.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.config import StudySettings
from jointsearch.core.files import read_record, write_record
from jointsearch.search import studies
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import to_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("length", type=cli.positive(int), help="brackets of the search")
    parser.add_argument("studies", type=StudySettings.model_validate_json, help="the studies beside it, JSON")
    parser.add_argument("output", type=Path, help="plan.json to write")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    planned = studies.plan(to_config(experiment, arguments.length, arguments.studies), experiment)
    write_record(arguments.output, studies.record(planned, experiment))


if __name__ == "__main__":
    cli.run(main)
