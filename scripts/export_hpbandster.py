"""What would this search look like to HpBandSter and DeepCAVE?

Reads the evaluations that a search has by now; writes `configs.json`, `results.json` and `configspace.json`, the folder
of an HpBandSter run.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record
from jointsearch.results.reader import read_study
from jointsearch.search import hpbandster
from jointsearch.search.experiment import Experiment
from jointsearch.space.space import Space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("folder", type=Path, help="folder to write")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study = arguments.experiment.parent / layout.SEARCH
    evaluations = read_study(study, experiment.id, layout.bracket_count(study))
    hpbandster.write(arguments.folder, Space(experiment.space), evaluations)


if __name__ == "__main__":
    cli.run(main)
