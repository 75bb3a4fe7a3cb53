"""Are the images there, and which are they?

Reads (or downloads) the images of an experiment; writes `data.json`: digests, classes and the sizes of the parts.
"""

import argparse
from pathlib import Path

from jointsearch import cli
from jointsearch.experiment import Experiment
from jointsearch.records import DataSet, read_record, write_record
from jointsearch.training import data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("output", type=Path, help="data.json to write")
    parser.add_argument("--data-root", type=Path, help="folder of the images")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="folder of what can be made again: decoded images")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    images = data.load(experiment.data, arguments.data_root, experiment.split_seed, arguments.cache)
    _, channels, height, width = images.train_images.shape
    found = DataSet(
        digest=images.digest,
        split=images.split,
        classes=images.classes,
        shape=(channels, height, width),
        train=len(images.train_images),
        validation=len(images.validation_images),
        test=len(images.test_images),
    )
    write_record(arguments.output, found)


if __name__ == "__main__":
    cli.run(main)
