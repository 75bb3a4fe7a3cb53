"""Which records of an experiment come with this repository?

Unpacks `results/<experiment>/records.tar.gz`, where there is one and the experiment has no records yet, so that its
tables, figures and paper are made without any training.
"""

import argparse
from pathlib import Path

from jointsearch import cli, config
from jointsearch.pipeline import Pipeline
from jointsearch.provenance import archive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration of the experiment")
    arguments = parser.parse_args()
    folder = Pipeline.from_config(config.read(arguments.config)).folder
    packed = folder / archive.RECORDS
    if packed.exists() and (number := archive.unpack(packed, folder)):
        print(f"{packed}: {number:,} files of records unpacked")


if __name__ == "__main__":
    cli.run(main)
