"""Which packages this process imports, and from where: not everything that is installed is what Python finds first."""

import importlib.metadata
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

ENVIRONMENT = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
"""Folders that pip installs into."""
STANDARD = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
"""Folders of Python's own modules."""
STRAY = {"test", "tests", "docs", "examples"}
"""What some packages leave beside their modules, and anybody's folder may have."""
ELSEWHERE = "from outside the environment"


@dataclass(frozen=True)
class Packages:
    """Versions of what would be imported, by canonical name, and those of which the lock has another one.

    What lies in the environment and is hidden by modules of another folder (PYTHONPATH, the user's site, the working
    directory) is none of the lock file's, whatever its version, or `unknown` if it states none.
    """

    versions: dict[str, str]
    unpinned: tuple[str, ...]


def in_use(lock: str) -> Packages:
    """Look for all packages where Python would; nothing is imported."""
    found: dict[str, dict[Path, dict[str, Distribution]]] = {}
    for one in importlib.metadata.distributions():
        try:
            about = one.metadata
        except UnicodeDecodeError:
            continue
        if about["Name"]:
            folder = Path(str(one.locate_file(""))).resolve()
            found.setdefault(canonical(about["Name"]), {}).setdefault(folder, {})[about["Version"] or "unknown"] = one
    pinned = pins(lock)
    versions, hidden = {}, list[str]()
    for name, by_folder in sorted(found.items()):
        folder = next(iter(by_folder))
        if name in pinned:
            home = next((one for one in by_folder if one in ENVIRONMENT), folder)
            folder = _imported_from(by_folder[home].values(), home, folder)
            if folder != home:
                hidden.append(name)
        # Of two in one folder, as an upgrade that was killed leaves them, nobody knows which is there.
        versions[name] = " or ".join(sorted(by_folder.get(folder, ()))) or "unknown"
    others = {f"{name}=={versions[name]} {ELSEWHERE}" for name in hidden}
    others |= {one for one in unpinned(versions, pinned) if one.partition("==")[0] not in hidden}
    others |= {f"{name} of Python {ELSEWHERE}" for name in _hidden_modules()}
    return Packages(versions, tuple(sorted(others)))


def pins(lock: str) -> dict[str, set[str]]:
    """Versions that a lock names, by canonical name; of some there are several, for several Pythons."""
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE):
        pinned.setdefault(canonical(name), set()).add(version)
    return pinned


def unpinned(versions: Mapping[str, str], pinned: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Packages that a lock names in another version than is there; a build of it (`+cpu`) counts as it.

    What a lock does not name at all is not of the project.
    """
    return tuple(
        f"{name}=={version}"
        for name, version in sorted(versions.items())
        if name in pinned and not {version, version.partition("+")[0]} & set(pinned[name])
    )


def canonical(name: str) -> str:
    """Write the name of a package as indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported_from(ones: Iterable[Distribution], home: Path, first: Path) -> Path:
    """The folder on the path from which a package of the folder `home` would be imported: that, or one that hides it.

    `first` is the first folder that names the package: if it has no modules, nothing else shows it.
    """
    folders = {folder for one in ones for folder in _folders_of_modules(one)}
    return next(iter(sorted(folders - {home})), home) if folders else first


def _folders_of_modules(one: Distribution) -> Iterator[Path]:
    """For each module at the top of a package, the folder on the path where Python finds it."""
    parts = {
        tuple(line.partition(",")[0].split("/")[:2])
        for line in (one.read_text("RECORD") or "").splitlines()
        if not line.startswith(("..", "__pycache__"))
    }
    for top in {part[0] for part in parts}:
        name = top if top.isidentifier() else inspect.getmodulename(top)
        if name is None or name in STRAY or name in sys.stdlib_module_names:
            continue
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, AttributeError, ValueError):
            continue
        if spec is None:
            continue
        inside = spec.submodule_search_locations
        if spec.origin is not None:
            folder = Path(spec.origin).resolve().parent
            yield folder.parent if inside is not None else folder
        else:
            # Packages of many folders: the first that has what this one has.
            for below in {part[1] for part in parts if part[0] == top and part[1:]}:
                having = [Path(folder) for folder in inside or () if (Path(folder) / below).exists()]
                yield from (folder.resolve().parent for folder in having[:1])


def _hidden_modules() -> Iterator[str]:
    """Python's own modules that are imported from elsewhere."""
    for name in sys.stdlib_module_names & sys.modules.keys():
        spec = getattr(sys.modules[name], "__spec__", None)
        origin = spec.origin if spec is not None and spec.has_location else None
        if origin is not None and not (STANDARD | ENVIRONMENT) & set(Path(origin).resolve().parents):
            yield name
