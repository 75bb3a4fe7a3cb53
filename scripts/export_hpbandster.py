"""What would this search look like to HpBandSter and DeepCAVE?

Reads the evaluations that a search has by now; writes `configs.json`, `results.json` and `configspace.json`, the folder
of an HpBandSter run.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.errors import UserError
from jointsearch.results.results import StudyResults
from jointsearch.search import hpbandster
from jointsearch.space.space import Space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="a results folder, or the experiment.json in it")
    parser.add_argument("folder", type=Path, help="folder to write")
    arguments = parser.parse_args()
    experiment: Path = arguments.experiment
    results = experiment if experiment.is_dir() else experiment.parent
    if not layout.plan_file(results).exists():
        raise UserError(f"{experiment}: not of an experiment ({layout.PLAN} is missing); name its results folder")
    search = StudyResults.read(results, layout.SEARCH)
    hpbandster.write(arguments.folder, Space(search.experiment.space), search.evaluations)


if __name__ == "__main__":
    cli.run(main)
