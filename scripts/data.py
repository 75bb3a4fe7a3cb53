"""Are the images there, and which are they?

Reads (or downloads) the images of an experiment; writes `data.json`: digests, classes, the sizes of the parts
and their source. Prints the same in one line, and warns of anything to know before the first training. If the network
is one of your own, imports the function that builds it, so that one job reports what is wrong with it, not all.
"""

import argparse
import sys
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import read_record, write_record
from jointsearch.networks import own
from jointsearch.results import dataset
from jointsearch.search.experiment import Experiment
from jointsearch.training import datasets


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
    if experiment.training.network is not None:
        own.builder(experiment.training.network)
    found = datasets.find(
        experiment.data, arguments.data_root, experiment.split_seed, arguments.cache, arguments.fraction_given
    )
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    write_record(arguments.output, found.images)
    print(dataset.line(found.images))


if __name__ == "__main__":
    cli.run(main)
