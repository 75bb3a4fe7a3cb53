"""What does an experiment show?

Reads its records; writes one figure (PDF, SVG, PNG) and the data behind it (CSV). By hand it also works on an
experiment in progress.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.plotting.figure import load
from jointsearch.results.catalogue import FIGURES
from jointsearch.results.results import Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=list(FIGURES), help="name of the figure")
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="the PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    for suffix, content in load(arguments.figure).files(Results.read(arguments.folder)).items():
        write_bytes(arguments.output.with_suffix(f".{suffix}"), content)


if __name__ == "__main__":
    cli.run(main)
