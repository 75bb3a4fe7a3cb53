"""Which numbers may a text quote?

Reads the records of an experiment, the data behind its figures and its tables; writes `numbers.json`: each number with
its unit and the evaluations that it comes from.
"""

import argparse
from pathlib import Path

from jointsearch.analysis.csv_file import parse
from jointsearch.core import cli
from jointsearch.core.files import write_record
from jointsearch.plotting.numbers import numbers
from jointsearch.results.results import Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="numbers.json to write")
    parser.add_argument("data", type=Path, nargs="*", help="figures/*.csv, tables/*.csv")
    arguments = parser.parse_args()
    data = {f"{path.parent.name}/{path.stem}": parse(path.read_bytes()) for path in arguments.data}
    write_record(arguments.output, numbers(Results.read(arguments.folder), data))


if __name__ == "__main__":
    cli.run(main)
