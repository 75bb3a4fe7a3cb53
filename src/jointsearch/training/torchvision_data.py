"""Data sets of torchvision by name: those with one label an image."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import HTTPException
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torchvision import datasets  # type: ignore[import-untyped]

from jointsearch.core.errors import UserError, suggest
from jointsearch.training.picture import square
from jointsearch.training.raw_data import Part, RawData

SPLITS = {"train": ("train", "trainval"), "validation": ("val", "valid"), "test": ("test",)}
"""What data sets call their parts; of several names the first that one has."""


def read(name: str, root: Path, image_size: int | None = None) -> RawData:
    """Read a data set, and download what is missing.

    The parts are those that it comes with: its arguments `train` or `split` say which. Without either, all images are
    the training part. Images without colours have one channel, unless others of the data set have colours.

    Parameters
    ----------
    name
        `torchvision:` and the name of the class; behind a slash the variant, if it has several, such as
        `torchvision:EMNIST/letters`.
    root
        Folder of the data.
    image_size
        Side of the square that each image becomes, see `picture.square`.

    Raises
    ------
    UserError
        If there is no such data set, it is not one of images with one label each, it is not there and the download
        fails, or sizes differ without `image_size`.
    """
    where = f"data.name: {name}"
    kind, variant = _class(name, where)
    arguments = inspect.signature(kind).parameters
    is_mnist = issubclass(kind, datasets.MNIST)
    given: dict[str, Any] = {"root": str(root)} if "root" in arguments else {}
    if "download" in arguments or is_mnist:
        given["download"] = True
    if is_mnist and "split" in arguments:
        # The variants of EMNIST are called splits.
        variants = kind.splits
        if variant not in variants:
            raise UserError(f"{where}: has variants; name one behind a slash: {', '.join(variants)}")
        given["split"] = variant
    elif variant:
        raise UserError(f"{where}: has no variants; remove /{variant}")
    needed = [one.name for one in arguments.values() if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    if unknown := set(needed) - {"root", "split"}:
        raise UserError(f"{where}: needs {', '.join(sorted(unknown))}, so it is not images with labels; name another")
    if "train" in arguments or is_mnist:
        choices: Mapping[str, Sequence[Any]] = {"train": (True,), "test": (False,)}
        argument = "train"
    else:
        choices, argument = (SPLITS, "split") if "split" in arguments else ({"train": (None,)}, "")
    try:
        opened = fetched(where, lambda: _open(kind, given, argument, choices), root, _files(kind))
    except ImportError as error:
        raise UserError(f"{where}: {error}; install that package") from None
    if "train" not in opened:
        raise UserError(f"{where}: has no training part by a known name; name another")
    decoded = {part: _Images(found, f"{where}: {part}", image_size) for part, found in opened.items()}
    sizes = {one.pixels[0].shape[:2] for one in decoded.values()}
    if len(sizes) > 1:
        raise UserError(f"{where}: its parts have images of other sizes; set data.image_size")
    has_colours = any(one.has_colours for one in decoded.values())
    labels = max(int(one.labels.max()) for one in decoded.values()) + 1
    parts = {part: Part(one.array(has_colours), one.labels) for part, one in decoded.items()}
    return RawData(_classes(opened["train"], labels), parts["train"], parts.get("test"), parts.get("validation"))


def fetched(name: str, read: Callable[[], Any], root: Path, files: Iterable[tuple[str, str]] | str) -> Any:
    """Read with torchvision, which checks the md5 sums and downloads what is missing.

    Parameters
    ----------
    name
        What is read, for messages.
    read
        Reads.
    root
        Folder of the data.
    files
        Names and md5 sums of what is to be in it, or words for that.

    Raises
    ------
    UserError
        If data is missing or damaged, and the download fails: what to put where.
    """
    try:
        return read()
    except (OSError, RuntimeError, HTTPException) as error:
        wanted = files if isinstance(files, str) else " and ".join(f"{name} (md5 {md5})" for name, md5 in files)
        raise UserError(
            f"{name}: images are missing from {root} (data_root), or damaged, and the download "
            f"failed ({' '.join(str(error).split())}); put {wanted} into that folder"
        ) from None


def _class(name: str, where: str) -> tuple[type[Any], str]:
    asked, _, variant = name.partition(":")[2].partition("/")
    kind = getattr(datasets, asked, None)
    if not (isinstance(kind, type) and issubclass(kind, datasets.VisionDataset)):
        raise UserError(f"{where}: torchvision has no data set {asked!r}; {suggest(asked, datasets.__all__)}")
    return kind, variant


def _files(kind: type[Any]) -> Iterable[tuple[str, str]] | str:
    resources = vars(kind).get("resources")
    if isinstance(resources, list):
        return [(f"{kind.__name__}/raw/{Path(file).name}", md5) for file, md5 in resources]
    return f"the files that torchvision.datasets.{kind.__name__} downloads"


def _open(
    kind: type[Any], given: Mapping[str, Any], argument: str, choices: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Open each part that there is; a name that the data set does not know is a ValueError."""
    found = {}
    for part, names in choices.items():
        for one in names:
            try:
                found[part] = kind(**given, **({argument: one} if argument else {}))
            except ValueError:
                if argument != "split":
                    raise
                continue
            break
    return found


class _Images:
    """Decoded images of a part, grey ones (H, W), others (H, W, 3)."""

    def __init__(self, part: Any, where: str, image_size: int | None):
        if not len(part):
            raise UserError(f"{where}: has no images")
        self.pixels, labels = [], []
        for index in range(len(part)):
            found = part[index]
            image, label = found if isinstance(found, tuple) and len(found) == 2 else (None, None)
            if not isinstance(image, Image.Image) or not isinstance(label, Integral):
                raise UserError(f"{where}: is not images with one label each; name another data set")
            if image_size is not None:
                image = square(image.convert("RGB") if image.mode not in ("1", "L") else image.convert("L"), image_size)
            self.pixels.append(np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")))
            labels.append(int(label))
            (height, width), (first_height, first_width) = (self.pixels[at].shape[:2] for at in (-1, 0))
            if (height, width) != (first_height, first_width):
                raise UserError(
                    f"{where}: image {index} has {width} x {height} pixels, the first {first_width} x {first_height}; "
                    "set data.image_size to bring all images to one size"
                )
        self.labels = np.array(labels, dtype=np.int64)
        self.has_colours = any(one.ndim == 3 for one in self.pixels)

    def array(self, colours: bool) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Pixels (N, C, H, W)."""
        channels = 3 if colours else 1
        images = [one if one.ndim == 3 else np.repeat(one[:, :, None], channels, axis=2) for one in self.pixels]
        return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))


def _classes(part: Any, labels: int) -> tuple[str, ...]:
    """Names of the classes, where the data set has them; else the labels."""
    names = getattr(part, "classes", None) or getattr(part, "categories", None) or ()
    if len(names) < labels:
        return tuple(map(str, range(labels)))
    return tuple(one if isinstance(one, str) else ", ".join(map(str, one)) for one in names)
