"""What does a table of an experiment say?

Reads its records; writes one table (CSV).
"""

import argparse
from pathlib import Path

from jointsearch.analysis.table import load
from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.results.catalogue import TABLES
from jointsearch.results.results import Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=list(TABLES), help="name of the table")
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="the CSV to write")
    arguments = parser.parse_args()
    write_bytes(arguments.output, load(arguments.table).file(Results.read(arguments.folder)))


if __name__ == "__main__":
    cli.run(main)
