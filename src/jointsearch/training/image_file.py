"""A file of small images made from a folder of pictures, such as that of the scale model; `npz_file` reads it."""

import io
from pathlib import Path

import numpy as np

from jointsearch.core.errors import UserError
from jointsearch.training import image_folder


def made_of(folder: Path, size: int, train: int, test: int) -> bytes:
    """Make the content of a file of arrays; the same pictures and version of Pillow give the same bytes.

    Parameters
    ----------
    folder
        Pictures in `train/<class>/` and `test/<class>/`, see `image_folder.read`.
    size
        Side to which they are resized, in pixels.
    train, test
        Pictures of each class that are taken, the first by name.

    Raises
    ------
    UserError
        If there is no folder of test pictures, or if the folder cannot be read.
    """
    source = image_folder.read(folder, size)
    arrays = {"classes": np.array(source.classes)}
    number_type = np.min_scalar_type(len(source.classes) - 1)
    for name, part, number in (("train", source.train, train), ("test", source.test, test)):
        if part is None:
            raise UserError(f"{folder}: has no folder test; add one")
        firsts = [np.flatnonzero(part.labels == label)[:number] for label in range(len(source.classes))]
        first = part.select(np.concatenate(firsts))
        arrays[f"{name}_images"] = first.images.transpose(0, 2, 3, 1)
        arrays[f"{name}_labels"] = first.labels.astype(number_type)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
