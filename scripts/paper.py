"""What does the paper say of an experiment?

Reads its records, configuration, numbers, figures and tables, and the text in `paper/`; writes the paper, as a PDF or
as a page (HTML) in which each number leads to the trainings behind it. Of an experiment in progress, for which `make
paper` makes all of these, it reports how far it is. A number that the text quotes and that does not exist, or a result
that is typed into the text, is an error.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.paper import html
from jointsearch.paper.build import build
from jointsearch.paper.facts import gather


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, nargs="+", help="the files to write: paper.pdf, paper.html, or both")
    arguments = parser.parse_args()
    facts = gather(arguments.folder)
    for output in arguments.output:
        build_one = html.build if output.suffix == ".html" else build
        write_bytes(output, build_one(facts, arguments.folder))


if __name__ == "__main__":
    cli.run(main)
