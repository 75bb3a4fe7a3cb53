"""Which folders below a root are its training, validation and test part, by the names that people give them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core.errors import UserError

STEMS = {
    "training": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev", "development", "eval", "evaluation"),
    "test": ("test", "tests", "testing"),
}
"""Names of the folder of each part. Whatever their case; one of `SUFFIXES` may follow, after a blank, `_` or `-`."""
SUFFIXES = ("", "set", "data", "dataset", "images", "split")
KNOWN = "train, val and test (also training, valid, validation, dev, eval, testing; training_set, test_images, ...)"

_PART_OF = {stem + suffix: part for part, stems in STEMS.items() for stem in stems for suffix in SUFFIXES}
_WORDS = {stem: part for part, stems in STEMS.items() for stem in stems} | {"trainval": "training", "holdout": "test"}


@dataclass(frozen=True)
class PartFolders:
    """The folder of each part, and the names of what lies beside them and is none.

    Without a folder of its own, the training part is the root: its classes lie there.
    """

    training: Path
    validation: Path | None = None
    test: Path | None = None
    beside: tuple[str, ...] = ()


def part_of(name: str) -> str | None:
    """The part that a folder of this name holds; None if it says none."""
    return _PART_OF.get(re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", name).casefold()))


def recognise(root: Path, folders: Sequence[Path]) -> PartFolders:
    """Find the parts of a data set by the names of the folders in its root.

    Parameters
    ----------
    root
        The folder that holds the images.
    folders
        Those in it.

    Raises
    ------
    UserError
        If two folders claim to be one part, if one beside the training part looks like a part that is not understood,
        or if some look like parts and none is understood as the training part.
    """
    found: dict[str, list[Path]] = {part: [] for part in STEMS}
    for folder in folders:
        if (part := part_of(folder.name)) is not None:
            found[part].append(folder)
    if not found["training"]:
        _refuse_parts(root, folders)
        return PartFolders(root)
    for part, candidates in found.items():
        if len(candidates) > 1:
            first, second, *_ = candidates
            raise UserError(
                f"{root}: {first.name} and {second.name} can both be the {part} part; keep one, or rename the other"
            )
    validation, test = (next(iter(found[part]), None) for part in ("validation", "test"))
    beside = [folder for folder in folders if part_of(folder.name) is None]
    for folder in beside:
        # Images without labels, as in many a competition, lie in no folders of classes.
        if _resembled(folder.name) and any(entry.is_dir() for entry in folder.iterdir()):
            raise UserError(
                f"{folder}: looks like a part of the images, but not by its name; name the folders of the parts {KNOWN}"
            )
    return PartFolders(found["training"][0], validation, test, tuple(folder.name for folder in beside))


def _refuse_parts(root: Path, folders: Sequence[Path]) -> None:
    """Refuse to take parts for classes, where no folder is understood as the training part."""
    resembled = {folder.name: found for folder in folders if (found := _resembled(folder.name))}
    alike = set().union(*resembled.values())
    if resembled and (len(resembled) == len(folders) or ("training" in alike and len(alike) > 1)):
        names = ", ".join(resembled)
        raise UserError(f"{root}: no training part among {names}; name the folders of the parts {KNOWN}")
    for folder in folders:
        part = part_of(folder.name)
        # A class may well be called `valid`, beside `invalid`; but then pictures lie in it, and not folders of classes.
        if part == "test" or (part == "validation" and not any(one.is_file() for one in folder.iterdir())):
            raise UserError(f"{root}: has a folder {folder.name} but no folder train; add it, or rename {folder.name}")


def _resembled(name: str) -> set[str]:
    """The parts that a name speaks of, understood or not."""
    words = {word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
    return {_WORDS[word] for word in words & _WORDS.keys()} | ({part} if (part := part_of(name)) is not None else set())
