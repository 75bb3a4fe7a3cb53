"""Which files are the results of an experiment?

Checks that every record fits those beside it, and writes `manifest.sha256`: the SHA-256 of each file; and beside it
`code.sha256`, the same of the code that made tables, figures and paper. Records that an earlier manifest names must
still be the same; tables and figures may change as a search grows.
"""

import argparse
from pathlib import Path

from jointsearch.audit.seal import seal
from jointsearch.core import cli


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="manifest.sha256 to write")
    arguments = parser.parse_args()
    seal(arguments.output.parent)


if __name__ == "__main__":
    cli.run(main)
