"""Images in a file of NumPy arrays, such as those of MedMNIST."""

import hashlib
import io
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.errors import UserError, suggest
from jointsearch.training import arrays
from jointsearch.training.picture import unreadable
from jointsearch.training.raw_data import RawData

_PREFIXES = {"train": "train", "validation": "val", "test": "test"}
_NAMES = [f"{prefix}_{kind}" for prefix in _PREFIXES.values() for kind in ("images", "labels")] + ["classes"]


def read(file: Path, sha256: str | None = None) -> RawData:
    """Read `train_images`, `train_labels` and, where they are there, the same of `val` and `test`, and `classes`.

    Parameters
    ----------
    file
        Written by `numpy.savez` or `savez_compressed`. For images and labels see `arrays.checked`; labels may also have
        the shape (N, 1).
    sha256
        The digest that the file must have.

    Raises
    ------
    UserError
        If the file is missing, damaged or not the expected one, or if its arrays are anything else.
    """
    try:
        written = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{file}: no such file; set data_root to its folder") from None
    except OSError as error:
        raise unreadable(file, error) from None
    if sha256 is not None and (found := hashlib.sha256(written).hexdigest()) != sha256:
        raise UserError(
            f"{file}: SHA-256 {found[:12]}..., not {sha256[:12]}... as data.sha256 has it; restore the file, or "
            "correct the digest"
        )
    found_arrays = _arrays(written, file)
    for name in found_arrays:
        if name not in _NAMES:
            raise UserError(f"{file}: has {name}, which is unknown; {suggest(name, _NAMES)}")
    pairs = {}
    for part, prefix in _PREFIXES.items():
        images, labels = (found_arrays.get(f"{prefix}_{kind}") for kind in ("images", "labels"))
        if (images is None) != (labels is None) or (part == "train" and images is None):
            raise UserError(f"{file}: lacks {prefix}_{'images' if images is None else 'labels'}; add it")
        if images is not None and labels is not None:
            pairs[part] = images, labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    return arrays.checked(pairs, found_arrays.get("classes"), str(file))


def _arrays(written: bytes, file: Path) -> dict[str, NDArray[Any]]:
    try:
        archive = np.load(io.BytesIO(written), allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        with archive:
            return dict(archive.items())
    except (ValueError, OSError, EOFError, BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        # NumPy's advice for anything else is to load it unsafely.
        problem = (
            "it holds Python objects, or is of another kind" if "pickle" in str(error) else " ".join(str(error).split())
        )
        raise UserError(f"{file}: no readable file of arrays ({problem}); write it with numpy.savez") from None
