"""Which files are there, and which inputs was each of them made from?

Reads a finished search; writes `ro-crate-metadata.json`, a Provenance Run Crate of the experiment, and `workflow.smk`,
the workflow in one file, beside the settings.
"""

import argparse
from pathlib import Path

from jointsearch.audit import crate
from jointsearch.core import cli
from jointsearch.core.files import write_bytes

SNAKEFILE = Path(__file__).parents[1] / "Snakefile"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("output", type=Path, help="ro-crate-metadata.json to write")
    arguments = parser.parse_args()
    folder = arguments.experiment.parent
    write_bytes(folder / crate.WORKFLOW, crate.workflow_text(SNAKEFILE))
    write_bytes(arguments.output, crate.build(folder))


if __name__ == "__main__":
    cli.run(main)
