"""How do I give an experiment away?

Packs its results (records, tables, figures, numbers, crate, configuration, lock) into one file. Packed again it has
the same bytes; unpacked anywhere, scripts/audit.py checks it.
"""

import argparse
from pathlib import Path

from jointsearch import cli, config
from jointsearch.pipeline import Pipeline
from jointsearch.provenance import archive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="a results folder, or the configuration of an experiment")
    parser.add_argument("--output", type=Path, help="file to write (default: <results folder>.tar.gz)")
    parser.add_argument("--checkpoints", action="store_true", help="pack the states of interrupted trainings too")
    arguments = parser.parse_args()
    folder: Path = arguments.experiment
    if not folder.is_dir():
        folder = Pipeline.from_config(config.read(arguments.experiment)).folder
    if not folder.name:
        folder = folder.resolve()
    output = arguments.output or folder.with_name(f"{folder.name}.tar.gz")
    number = archive.pack(folder, output, arguments.checkpoints)
    print(f"{output}: {number:,} files, {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
