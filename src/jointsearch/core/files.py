"""Files of results: canonical JSON, digests, atomic writes, validated reads."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import rfc8785
from pydantic import BaseModel, ValidationError

from jointsearch.core.errors import UserError, explain
from jointsearch.core.fields import Record

ABANDONED = 3600.0
"""Seconds after which the writer of a temporary file is taken to have ended."""

R = TypeVar("R", bound=Record)


def canonical(value: Any) -> bytes:
    """Encode a JSON value by RFC 8785, so that equal values have equal bytes."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of a record or JSON value in canonical form, as 64 hexadecimal digits."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return hashlib.sha256(canonical(value)).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_bytes(path: Path, data: bytes, keep: bool = False) -> None:
    """Write a file whole or not at all, see `write_whole`."""
    write_whole(path, lambda file: file.write(data), keep)


def write_whole(path: Path, write: Callable[[IO[bytes]], object], keep: bool = False) -> None:
    """Write a file whole or not at all: a temporary file beside it, flushed to disk, then renamed.

    With `keep` an existing file stays, even one that appears at the last moment: of two processes the first one wins.

    Parameters
    ----------
    path
        The file; its folder is made if missing.
    write
        Writes the content into an open file.
    keep
        Whether an existing file stays.

    Raises
    ------
    UserError
        If the disk is full or the path cannot be written.
    """
    # A process with the same number on another machine may write the same file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(temporary)
            temporary.unlink()
        else:
            temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise UserError(f"{path}: cannot be written ({error.strerror}); make room or give access") from None


def sweep(folder: Path, older_than: float = ABANDONED) -> None:
    """Remove temporary files that killed writers left; the writer of a younger one may still be running."""
    for path in folder.rglob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()


def write_record(path: Path, record: BaseModel, keep: bool = False) -> None:
    """Write a record as one line of canonical JSON, atomically; with `keep`, only if there is none yet."""
    write_bytes(path, record_bytes(record), keep)


def record_bytes(record: BaseModel) -> bytes:
    """The content of a record's file: one line of canonical JSON."""
    return canonical(record.model_dump(mode="json")) + b"\n"


def read_record(path: Path, kind: type[R]) -> R:
    """Read and validate a record.

    Raises
    ------
    UserError
        If the file is missing, is no JSON (truncated), or breaks the schema; names path and field.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); delete it to remake it") from None
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise UserError(
            f"{path}: not a valid {kind.__name__} record: {explain(error)}; delete it to remake it"
        ) from None
