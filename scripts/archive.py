"""How do I share an experiment?

Packs its results (records, tables, figures, numbers, crate, configuration, lock file) into one file. Packing again
gives the same bytes; scripts/audit.py checks it wherever it is unpacked.
"""

import argparse
from pathlib import Path

from jointsearch.audit import archive
from jointsearch.core import cli, config
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="a results folder, or the configuration of an experiment")
    parser.add_argument(
        "--output", type=Path, help="file to write (default: <folder>.tar.xz, or <folder>/records.tar.xz)"
    )
    parser.add_argument("--checkpoints", action="store_true", help="pack the states of interrupted trainings too")
    parser.add_argument("--records", action="store_true", help="pack only the records, from which all else is remade")
    arguments = parser.parse_args()
    folder: Path = arguments.experiment
    if not folder.is_dir():
        folder = StudyJobs.from_config(config.read(arguments.experiment)).folder
    if not folder.name:
        folder = folder.resolve()
    default = folder / archive.RECORDS if arguments.records else folder.with_name(f"{folder.name}.tar.xz")
    output = arguments.output or default
    if arguments.records:
        number = archive.pack_records(folder, output)
    else:
        number = archive.pack(folder, output, arguments.checkpoints)
    print(f"{output}: {number:,} files, {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
