"""Are the images there, and which are they?

Reads (or downloads) the images of an experiment; writes `data.json`: digests, classes, the sizes of the parts
and their source. Refuses other images than it found before, or than were trained on. Prints what it found in one line,
and warns of anything to know before the first training. If the network is one of your own, imports the function that
builds it, so that one job reports what is wrong with it, not all.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import read_record
from jointsearch.results import data_summary
from jointsearch.search.experiment import Experiment
from jointsearch.workflow import images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("output", type=Path, help="data.json to write")
    parser.add_argument("--data-root", type=Path, help="folder of the images")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="folder of files that can be remade: decoded images")
    parser.add_argument(
        "--fraction-given", action="store_true", help="data.validation_fraction is in the configuration"
    )
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    found = images.find(arguments.output, experiment, arguments.data_root, arguments.cache, arguments.fraction_given)
    print(data_summary.line(found))


if __name__ == "__main__":
    cli.run(main)
