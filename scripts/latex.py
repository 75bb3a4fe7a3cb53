"""What does one need to write about an experiment in LaTeX?

Reads its records, configuration, numbers, figures and tables; writes a folder for the template of a venue: numbers.tex,
tables, captions, figures and an example, main.tex.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.paper.facts import gather
from jointsearch.paper.latex import export


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="the folder to write")
    arguments = parser.parse_args()
    for name, content in export(gather(arguments.folder), arguments.folder).items():
        write_bytes(arguments.output / name, content)


if __name__ == "__main__":
    cli.run(main)
