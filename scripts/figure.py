"""What does an experiment show?

Reads its records; writes one figure (PDF, SVG, PNG) and the data behind it (CSV). By hand it also works on an
experiment in progress.
"""

import argparse
from pathlib import Path

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.plotting import style
from jointsearch.plotting.figure import load
from jointsearch.results.catalogue import FIGURES
from jointsearch.results.results import Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=list(FIGURES), help="which")
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="the PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    figure = load(arguments.figure)
    content = csv_bytes(figure.data(Results.read(arguments.folder)))
    write_bytes(arguments.output.with_suffix(".csv"), content)
    style.save(figure.draw(parse(content)), arguments.output.with_suffix(""))


if __name__ == "__main__":
    cli.run(main)
