"""The end of an experiment: digests of all its files, once its records fit each other, and of the code behind them."""

from pathlib import Path

from jointsearch.audit import code_listing, hash_level, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes


def seal(folder: Path) -> None:
    """Write `manifest.sha256` and `code.sha256` into the folder of an experiment.

    Records that an earlier manifest names must still be the same; tables and figures may change as a search grows.

    Raises
    ------
    UserError
        If a record does not fit those beside it, or is not what the earlier manifest says.
    """
    findings = Findings()
    hash_level.check_records(Evidence.read(folder), findings)
    for one in findings.problems:
        if one.verdict is Verdict.MISMATCH:
            raise UserError(f"{folder / one.subject}: {one.message}")
    code = code_listing.make().encode()
    output, now = folder / manifest.NAME, manifest.make(folder, {code_listing.NAME: code})
    if output.exists():
        for name in manifest.changed(manifest.read(folder), manifest.parse(now)):
            raise UserError(
                f"{folder / name}: not what {output} says; restore it, or delete {manifest.NAME} if it was "
                "changed deliberately"
            )
    write_bytes(folder / code_listing.NAME, code)
    write_bytes(output, now.encode())
