"""Images from a folder of your own: one subfolder for each class."""

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from jointsearch.core.errors import UserError
from jointsearch.training import part_folders
from jointsearch.training.picture import Reader, unreadable
from jointsearch.training.raw_data import Part, RawData

CLUTTER = {
    # Windows
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "found.000",
    # macOS
    "__macosx",
    "icon\r",
    "network trash folder",
    "temporary items",
    "thevolumesettingsfolder",
    # storage systems: Synology, QNAP, NetApp
    "@eadir",
    "@tmp",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "~snapshot",
    # Linux, Python
    "lost+found",
    "__pycache__",
}
"""Names that systems leave behind, in lower case; ignored wherever they are, as hidden files and folders are."""

OBJECTS = {"labels", "label", "annotations", "annotation", "masks", "mask"}
PICTURES = {"images", "image", "imgs", "img", "jpegimages"}
"""Pairs of folders in data for object detection or segmentation, in lower case."""


def read(root: Path, image_size: int | None) -> RawData:
    """Read `root/train/<class>/*` and, where they exist, `root/val/<class>/*` and `root/test/<class>/*`.

    `part_folders` has the other names that these folders may have. Without a training folder, the classes are the
    folders in `root` itself. Within a class, pictures may lie in subfolders; they are taken in sorted order. All become
    RGB, see `picture.read`. With `image_size`, each becomes a square of that side: its middle, cut to a square, then
    resized bilinearly with antialiasing.

    Raises
    ------
    UserError
        If the folder is missing, its parts are not understood or one of them is empty, has fewer than two classes, an
        empty class, a class that is unknown in training, no images to validate a class by, what is no regular file, a
        link without an end, a file that cannot be read as a picture of 8 bits, or pictures of several sizes without
        `image_size`.
    """
    try:
        is_folder = stat.S_ISDIR(root.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    except OSError as error:
        raise unreadable(root, error) from None
    if not is_folder:
        raise UserError(f"{root}: no such folder; set data_root to the folder that holds the images")
    entries = {entry: _is_folder(entry) for entry in _visible(root)}
    for entry, is_folder in entries.items():
        if not is_folder and part_folders.part_of(entry.name) is not None:
            raise UserError(f"{entry}: has the name of a part of the images, but is no folder; remove or rename it")
    parts = part_folders.recognise(root, [entry for entry, is_folder in entries.items() if is_folder])
    train_files = _files(parts.training)
    classes = tuple(train_files)
    if len(classes) < 2:
        inner = [parts.training / name for name, pictures in train_files.items() if pictures[0].parent.name != name]
        within = f"; is data_root to be {inner[0]}?" if inner else ""
        raise UserError(
            f"{parts.training}: {len(classes)} class folder(s); at least 2 are needed, one for each class{within}"
        )
    for name, pictures in train_files.items():
        _refuse_parts_in_class(parts.training / name, pictures)
    warnings = [
        f"{root / name}: ignored, beside {parts.training.name}/ and no part by its name" for name in parts.beside
    ]
    files = {}
    for folder in filter(None, (parts.validation, parts.test)):
        files[folder] = _files_as_in(parts.training, classes, folder)
        missing = ", ".join(name for name in classes if name not in files[folder])
        if missing and folder == parts.validation:
            raise UserError(
                f"{folder}: no images of {missing}, which {parts.training} has; add some, or remove {folder}"
            )
        if missing:
            warnings.append(f"{folder}: no images of {missing}, about which the test error then says nothing")
    reader = Reader(image_size)
    train = _part(parts.training, train_files, classes, reader)
    test, validation = (
        None if folder is None else _part(folder, files[folder], classes, reader)
        for folder in (parts.test, parts.validation)
    )
    return RawData(classes, train, test, validation, warnings=tuple(warnings))


def _files(folder: Path) -> dict[str, list[Path]]:
    """The pictures of each class, by the name of its folder."""
    entries = _visible(folder)
    folders = [entry for entry in entries if _is_folder(entry)]
    _refuse_objects(folder, [entry.name for entry in folders])
    for entry in entries:
        if not folders:
            raise UserError(
                f"{folder}: no class folders, but {entry.name}; sort the images into a folder for each class (move "
                f"them away if they have no labels; if {folder.name} is a class, put all classes into a folder train)"
            )
        if entry not in folders:
            raise UserError(f"{entry}: is beside the class folders; move it into one, or away")
    files: dict[str, list[Path]] = {}
    seen: dict[str, str] = {}
    for entry in folders:
        other = seen.setdefault(_composed(entry), entry.name)
        if other != entry.name:
            raise UserError(
                f"{folder}: has two folders of one class, {other!a} and {entry.name!a}, the same letters in other "
                "Unicode; put the images into one"
            )
        files[entry.name] = list(_pictures(entry))
        if not files[entry.name]:
            raise UserError(f"{entry}: class without images; add some, or remove the folder")
    return files


def _files_as_in(training: Path, classes: Sequence[str], folder: Path) -> dict[str, list[Path]]:
    """The pictures of another part, by the names that its classes have in the training part."""
    found = _files(folder)
    if not found:
        raise UserError(f"{folder}: empty; put images into it, as {folder.name}/<class>/*, or remove it")
    names = {_composed(training / name): name for name in classes}
    files = {}
    for name, pictures in found.items():
        composed = _composed(folder / name)
        if composed not in names:
            similar = [known for known in classes if known.casefold() == name.casefold()]
            wanted = f"call it {similar[0]}, as there" if similar else "add it there or remove it"
            raise UserError(f"{folder / name}: class is unknown in {training}; {wanted}")
        files[names[composed]] = pictures
    return files


def _refuse_objects(folder: Path, names: Sequence[str]) -> None:
    beside = [next((name for name in names if name.casefold() in kind), None) for kind in (PICTURES, OBJECTS)]
    if None not in beside:
        raise UserError(
            f"{folder}: has {beside[0]}/ and {beside[1]}/, as for detection or segmentation; sort the images into a "
            "folder for each class"
        )


def _refuse_parts_in_class(folder: Path, pictures: Sequence[Path]) -> None:
    names = sorted({path.relative_to(folder).parts[0] for path in pictures if path.parent != folder})
    parts = [name for name in names if part_folders.part_of(name) is not None]
    if len({part_folders.part_of(name) for name in parts}) > 1:
        raise UserError(
            f"{folder}: has {' and '.join(parts)} below the class; put the class below each of them: "
            f"{', '.join(f'{name}/{folder.name}' for name in parts)}"
        )


def _composed(folder: Path) -> str:
    """The name of a class by its letters, however a system composes them."""
    try:
        folder.name.encode()
    except UnicodeEncodeError:
        readable = os.fsencode(folder).decode(errors="backslashreplace")
        raise UserError(f"{readable}: the name of this class is not UTF-8; rename the folder") from None
    return unicodedata.normalize("NFC", folder.name)


def _visible(folder: Path) -> list[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from None
    return sorted(entry for entry in entries if not entry.name.startswith(".") and entry.name.lower() not in CLUTTER)


def _pictures(folder: Path, within: tuple[os.stat_result, ...] = ()) -> Iterator[Path]:
    """Find the files below a folder; `within` are the folders that it lies in, up to that of the class."""
    here = _stat(folder)
    if folder.is_symlink() and any(os.path.samestat(here, outer) for outer in within):
        raise UserError(f"{folder}: a link to a folder that it lies in, which has no end; remove the link")
    for entry in _visible(folder):
        mode = _stat(entry).st_mode
        if stat.S_ISDIR(mode):
            yield from _pictures(entry, (*within, here))
        elif stat.S_ISREG(mode):
            yield entry
        else:
            # Whoever opens a named pipe waits for ever.
            kind = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}.get(stat.S_IFMT(mode), "device")
            raise UserError(f"{entry}: a {kind}, no image; move it out of the images")


def _is_folder(path: Path) -> bool:
    """Whether this is a folder; what cannot be read, such as a link to a missing disk, is an error."""
    return stat.S_ISDIR(_stat(path).st_mode)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise unreadable(path, error) from None


def _part(folder: Path, files: dict[str, list[Path]], classes: Sequence[str], reader: Reader) -> Part:
    pictures = [(path, classes.index(name)) for name, paths in files.items() for path in paths]
    pixels = np.stack([reader(path) for path, _ in pictures])
    return Part(
        np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)),
        np.array([label for _, label in pictures], dtype=np.int64),
        tuple(path for path, _ in pictures),
        f"{folder.name}/",
    )
