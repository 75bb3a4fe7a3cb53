"""The state of a training in a file: checked when read, written whole or not at all."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes

_DIGEST = 64


def write(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Write a state.

    Parameters
    ----------
    path
        The file.
    identity
        What the state is of; `read` asks for it.
    state
        From `Training.state`.

    Raises
    ------
    UserError
        If the disk is full or the place cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"identity": identity, "state": state}, buffer)
    content = buffer.getvalue()
    write_bytes(path, hashlib.sha256(content).hexdigest().encode() + content)


def read(path: Path, identity: str) -> dict[str, Any]:
    """Read a state, its tensors onto the host.

    Raises
    ------
    UserError
        If the file is missing or damaged, or its state is of something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if hashlib.sha256(content[_DIGEST:]).hexdigest().encode() != content[:_DIGEST]:
        raise UserError(f"{path}: damaged")
    stored = torch.load(io.BytesIO(content[_DIGEST:]), map_location="cpu", weights_only=True)
    if stored["identity"] != identity:
        raise UserError(f"{path}: is of another training")
    state: dict[str, Any] = stored["state"]
    return state
