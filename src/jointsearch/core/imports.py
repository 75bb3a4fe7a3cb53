"""The import closure of a module within the package: what it imports, what those import, and so on."""

import ast
import re
import site
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
"""The folder of `jointsearch`."""
SHARED = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib", "platstdlib")}
SHARED.add(Path(site.getusersitepackages()).resolve())
"""Folders of modules that have nothing to do with each other: the environment's, and Python's own."""


def closure(*roots: str | Path, package: Path = PACKAGE) -> list[Path]:
    """Files of modules of the package and of all that they import of it, wherever in their code, in order of path.

    Imports for type checkers alone (`if TYPE_CHECKING:`) do not count, as nothing of them runs. Nor does the `__init__`
    above a module if it only re-exports, unless a name is imported from it.

    Parameters
    ----------
    roots
        Dotted names within the package, such as `training.evaluate`, or files, such as a script.
    package
        Folder of the package, or of a copy of it.

    Raises
    ------
    ModuleNotFoundError
        If there is no such module.
    """
    found: set[Path] = set()
    waiting = [root if isinstance(root, Path) else _file(root, package) for root in roots]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += imported(file, package)
    return sorted(found)


def closure_in(folders: Sequence[Path], file: Path) -> list[Path]:
    """A file and all files below some folders that it imports, those import, and so on, in order of path.

    Other than in `closure` the code is not ours: relative imports are followed, and an `__init__` always counts. In a
    folder of an environment only the package of the file itself is followed, not those that it depends on.

    Parameters
    ----------
    folders
        Where modules are looked for, the first that has one. Other modules are those of an environment.
    file
        A Python file below one of them.
    """
    found: set[Path] = set()
    waiting = [file]
    own = {folder: _top(file, folder) for folder in folders if folder.resolve() in SHARED}
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for name in _imports(one, folders):
            parts = name.split(".")
            searched = [folder for folder in folders if own.get(folder, parts[0]) == parts[0]]
            for end in range(1, len(parts) + 1):
                there = (_find(".".join(parts[:end]), folder) for folder in searched)
                waiting += [first for first in [next(filter(None, there), None)] if first is not None]
    return sorted(found)


def _top(file: Path, folder: Path) -> str | None:
    """Name of the module or package at the top of a folder that a file belongs to; None if it lies elsewhere."""
    return Path(file.relative_to(folder).parts[0]).stem if file.is_relative_to(folder) else None


def _imports(file: Path, folders: Sequence[Path]) -> Iterator[str]:
    """Names of modules, and of what may be modules, that a file imports; relative ones from one of the folders on."""
    home = next(folder for folder in folders if file.is_relative_to(folder))
    package = file.relative_to(home).parent.parts
    try:
        tree = parse(file)
    except (SyntaxError, ValueError):
        # A file that is no Python: importing it says so.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{one.name}" if base else one.name for one in node.names)


@cache
def imported(file: Path, package: Path = PACKAGE) -> tuple[Path, ...]:
    """Files of the package that one of its files imports, and those `__init__` above them that do something."""
    files: dict[Path, None] = {}
    for name in _names(_head(file), package):
        parts = name.split(".")
        above = [_find(".".join(parts[:end]), package) for end in range(1, len(parts))]
        files |= dict.fromkeys([*(init for init in above if init and _does_something(init)), _file(name, package)])
    return tuple(files)


@cache
def parse(file: Path) -> ast.Module:
    """Parse a file of the package, once."""
    return ast.parse(file.read_bytes(), file)


_IMPORT, _DEFINITION = re.compile(rb"\bimport\b"), re.compile(rb"^(?:@|def |class )", re.MULTILINE)


def _head(file: Path) -> ast.Module:
    """Parse a file up to the first definition after its last import, which takes a quarter of the time."""
    source = file.read_bytes()
    end = max((one.end() for one in _IMPORT.finditer(source)), default=0)
    rest = _DEFINITION.search(source, end)
    try:
        return ast.parse(source[: rest.start() if rest else None], file)
    except SyntaxError:
        # Cut in the middle of a string, say.
        return parse(file)


@cache
def _does_something(init: Path) -> bool:
    """Whether there is more in an `__init__` than docstring, imports of the package and `__all__`."""
    for one in parse(init).body:
        is_docstring = isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        is_import = isinstance(one, ast.ImportFrom) and (one.module or "").partition(".")[0] == PACKAGE.name
        is_list = isinstance(one, ast.Assign) and all(ast.unparse(target) == "__all__" for target in one.targets)
        if not (is_docstring or is_import or is_list):
            return True
    return False


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def _names(node: ast.AST, package: Path) -> Iterator[str]:
    """Dotted names within the package of the modules that a piece of code imports."""
    blocks: tuple[str, ...] = _BLOCKS
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        blocks = ("orelse",)
    elif isinstance(node, ast.ImportFrom):
        if node.module is None or node.level:
            raise ValueError(f"line {node.lineno}: a relative import; name the module from {PACKAGE.name} on")
        for one in node.names:
            # An import from a module takes a name in it, one from a package mostly a module.
            name = f"{node.module}.{one.name}"
            yield from _within(name if _is_module(name.partition(".")[2], package) else node.module)
    elif isinstance(node, ast.Import):
        for one in node.names:
            yield from _within(one.name)
    # Imports are statements, and only statements contain any: expressions, nine nodes in ten, are skipped.
    for block in blocks:
        inside = getattr(node, block, ())
        for child in inside if isinstance(inside, list) else ():
            yield from _names(child, package)


def _within(name: str) -> Iterator[str]:
    first, _, rest = name.partition(".")
    if first == PACKAGE.name and rest:
        yield rest


def _is_module(name: str, package: Path) -> bool:
    return _find(name, package) is not None


def _file(name: str, package: Path) -> Path:
    found = _find(name, package)
    if found is None:
        raise ModuleNotFoundError(f"no module {PACKAGE.name}.{name}")
    return found


@cache
def _find(name: str, package: Path) -> Path | None:
    path = package.joinpath(*name.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)
