"""Which modules of the package a module is made of: what it imports, what those import, and so on."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
"""The folder of `jointsearch`."""


def closure(*names: str) -> list[Path]:
    """Files of modules of the package and of all that they import of it, wherever in their code, in order of path.

    Imports for type checkers alone (`if TYPE_CHECKING:`) do not count, as nothing of them runs.

    Parameters
    ----------
    names
        Dotted names within the package, such as `training.evaluate`.

    Raises
    ------
    ModuleNotFoundError
        If there is no such module.
    """
    found: set[Path] = set()
    waiting = [_file(name) for name in names]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += imported(file)
    return sorted(found)


@cache
def imported(file: Path) -> tuple[Path, ...]:
    """Files of the package that one of its files imports, the `__init__` of their packages included."""
    files: dict[Path, None] = {}
    for name in _names(ast.parse(file.read_bytes())):
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            files[_file(".".join(parts[:end]))] = None
    return tuple(files)


def _names(node: ast.AST) -> Iterator[str]:
    """Dotted names within the package of what a piece of code imports."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    if isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
        for one in node.names:
            name = f"{node.module}.{one.name}"
            # What is imported of a module is a name in it, of a package mostly a module.
            yield from _within(name if _is_module(name.partition(".")[2]) else node.module)
    elif isinstance(node, ast.Import):
        for one in node.names:
            yield from _within(one.name)
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def _within(name: str) -> Iterator[str]:
    package, _, rest = name.partition(".")
    if package == PACKAGE.name and rest:
        yield rest


def _is_module(name: str) -> bool:
    return _place(name) is not None


def _file(name: str) -> Path:
    found = _place(name)
    if found is None:
        raise ModuleNotFoundError(f"no module {PACKAGE.name}.{name}")
    return found


def _place(name: str) -> Path | None:
    path = PACKAGE.joinpath(*name.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)
