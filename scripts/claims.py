"""What do several experiments say of the claims of the study?

Reads their tables of claims; prints one Markdown table, in which each claim is from every experiment that tested it.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.paper.claims_markdown import markdown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="folder", help="results folder of an experiment")
    print(markdown(parser.parse_args().folders), end="")


if __name__ == "__main__":
    cli.run(main)
