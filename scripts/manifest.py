"""Which files are the results of an experiment?

Checks that every record fits those beside it, and writes `manifest.sha256`: the SHA-256 of each file; and beside it
`code.sha256`, the same of the code that made tables, figures and paper. Records that an earlier manifest names must
still be the same; tables and figures follow a search as it grows.
"""

import argparse
from pathlib import Path

from jointsearch.audit import manifest, sources, verify
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import cli
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="manifest.sha256 to write")
    arguments = parser.parse_args()
    folder: Path = arguments.output.parent
    findings = Findings()
    verify.check_records(Evidence.read(folder), findings)
    for one in findings.problems:
        if one.verdict is Verdict.MISMATCH:
            raise UserError(f"{folder / one.subject}: {one.message}")
    write_bytes(folder / sources.NAME, sources.listing().encode())
    now = manifest.make(folder)
    if arguments.output.exists():
        for name in manifest.changed(arguments.output.read_text(), now):
            raise UserError(
                f"{folder / name}: not what {arguments.output} says; restore it, or delete {manifest.NAME} if it was "
                "changed on purpose"
            )
    write_bytes(arguments.output, now.encode())


if __name__ == "__main__":
    cli.run(main)
