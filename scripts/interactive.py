"""Which evaluations are there, and how do they compare?

Reads the records of an experiment; writes one page (HTML) to explore them in a browser: parallel coordinates, scatter
plots, filters. By hand it also works on an experiment in progress.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.plotting import interactive
from jointsearch.results.results import Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="the page to write")
    arguments = parser.parse_args()
    write_bytes(arguments.output, interactive.render(Results.read(arguments.folder)))


if __name__ == "__main__":
    cli.run(main)
