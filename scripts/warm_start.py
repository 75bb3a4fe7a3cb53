"""What does a search know from the beginning?

Reads the folder of an HpBandSter run; writes `warm_start.json`, its evaluations, which the history of every bracket
begins with.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.config import WarmStartSettings
from jointsearch.core.fields import Losses
from jointsearch.core.files import read_record, write_record
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("folder", type=Path, help="folder of the HpBandSter run, or warm_start.json of a search")
    parser.add_argument("output", type=Path, help="warm_start.json to write")
    parser.add_argument("--losses", type=_losses, default="0,1", help="how they become errors: ranks, or LOW,HIGH")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study = arguments.output.parent.name
    write_record(arguments.output, proposals.warm_start(experiment, study, arguments.folder, arguments.losses))


def _losses(text: str) -> Losses:
    return WarmStartSettings(folder="", losses=text if text == "ranks" else tuple(map(float, text.split(",")))).losses


if __name__ == "__main__":
    cli.run(main)
