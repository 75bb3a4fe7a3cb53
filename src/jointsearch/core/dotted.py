"""Objects of one's own, named by module and attribute: `package.module:name` or `package.module.name`."""

import ast
import contextlib
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jointsearch.core.errors import UserError, shown, suggest

PATTERN = r"^[A-Za-z_][\w.]*[.:][A-Za-z_]\w*$"
"""Of the dotted name of a function of one's own in a configuration."""


def is_own(name: str) -> bool:
    """Whether a name in a configuration is the dotted name of a function of one's own."""
    return re.fullmatch(PATTERN, name) is not None


def is_dotted(name: str) -> bool:
    """Whether a name is one of a module and an attribute in it."""
    return all(split(name))


def split(name: str) -> tuple[str, str]:
    """Split a dotted name into module and attribute; either may be empty."""
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    return module, attribute


def definition(function: Callable[..., Any]) -> Any:
    """What the source of a callable is of: itself, the function of a partial one, or the class of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if hasattr(function, "__qualname__") else type(function)


def name_of(function: Callable[..., Any]) -> str:
    """The dotted name of a callable; one that is defined inside another function cannot be loaded by it."""
    defined = definition(function)
    return f"{defined.__module__}:{defined.__qualname__}"


def load(name: str) -> Any:
    """Import a module and return the named attribute.

    Raises
    ------
    AttributeError
        If the module has no such attribute.
    Exception
        What the import raises.
    """
    module, attribute = split(name)
    return getattr(importlib.import_module(module), attribute)


def find(name: str, key: str) -> Path | None:
    """Find the module of a dotted name of one's own, without importing it.

    Modules are looked for in the working directory too, behind all other folders.

    Parameters
    ----------
    name
        The dotted name.
    key
        The key of the configuration that has it, for messages.

    Returns
    -------
    Path or None
        File of the module; None if it has none, as one that is built in.

    Raises
    ------
    UserError
        If there is no such module, or a package above it cannot be imported.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    module, _ = split(name)
    if module == "__main__":
        # The program itself: a script, or a notebook, which has no file.
        file = getattr(sys.modules[module], "__file__", None)
        return None if file is None else Path(file).absolute()
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    except Exception as error:
        raise UserError(f"{key}: {name}: import fails with {error!r}; fix {module}") from error
    if found is None:
        raise UserError(
            f"{key}: {name}: no module {module!r} here or in the environment; correct the name, or set PYTHONPATH to "
            "its folder"
        )
    return Path(found.origin) if found.has_location and found.origin else None


def check(name: str, key: str) -> None:
    """Check what can be checked of a dotted name of one's own without importing its module.

    Parameters
    ----------
    name, key
        As for `find`.

    Raises
    ------
    UserError
        As `find`; if Python has a module of that name, which hides the one in the working directory; if the source of
        the module cannot be parsed, or defines nothing of that name.
    """
    file, (module, attribute) = find(name, key), split(name)
    if module == "__main__":
        return
    top = module.partition(".")[0]
    here = next((one for one in (Path(f"{top}.py"), Path(top) / "__init__.py") if one.is_file()), None)
    if here is not None and _is_of_python(file):
        raise UserError(f"{key}: {name}: Python has a module {top!r} of its own, which hides {here}; rename yours")
    if file is None or file.suffix != ".py":
        return
    try:
        defined = _defined(ast.parse(file.read_bytes()))
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{key}: {name}: {file} is no valid Python: {error}; fix it") from None
    if defined is not None and attribute not in defined:
        advice = suggest(attribute, sorted(defined)) if defined else "it defines nothing"
        raise UserError(f"{key}: {name}: {module} has no {attribute!r}; {advice}")


def _is_of_python(file: Path | None) -> bool:
    """Whether a module is in the standard library; those of an environment may lie below its folder."""
    if file is None:
        return True
    paths = {name: Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    return file.is_relative_to(paths["stdlib"]) and not any(
        file.is_relative_to(paths[name]) for name in ("purelib", "platlib")
    )


def _defined(tree: ast.Module) -> set[str] | None:
    """Names that a module defines at its top level, in branches too; None if that cannot be seen in its source."""
    found: set[str] = set()
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # What is inside is no name of the module, unless it is declared `global`.
            found.add(node.name)
            if any(isinstance(inner, ast.Global) for inner in ast.walk(node)) or node.name == "__getattr__":
                return None
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Name) and node.id in ("exec", "globals", "setattr", "vars"):
            return None
        waiting += ast.iter_child_nodes(node)
    return None if "*" in found else found


def own(name: str, key: str) -> Any:
    """Import what a dotted name of one's own names.

    Parameters
    ----------
    name, key
        As for `find`.

    Raises
    ------
    UserError
        As `find`; if the import fails; if the module has no such attribute.
    """
    find(name, key)
    module, attribute = split(name)
    try:
        return load(name)
    except AttributeError as error:
        if error.name != attribute:
            raise UserError(f"{key}: {name}: import fails with {error!r}; fix {module}") from error
        raise UserError(f"{key}: {name}: {module} has no {attribute!r}; correct the name") from None
    except Exception as error:
        raise UserError(f"{key}: {name}: import fails with {error!r}; fix {module}") from error


def callable_with(found: Any, where: str, call: str, *arguments: object) -> Callable[..., Any]:
    """Check that something of one's own can be called as it is going to be.

    Parameters
    ----------
    found
        What the name names.
    where
        The key and the name, for messages.
    call
        How it is called, for messages: `build(values, image_shape, classes)`.
    *arguments
        Any that are like those.

    Raises
    ------
    UserError
        If it is no function, or takes other arguments.
    """
    if not callable(found):
        raise UserError(f"{where}: is {shown(found)}, not a function; it must be {call}")
    # What has no signature, as a class in C, is found out when it is called.
    with contextlib.suppress(ValueError):
        try:
            inspect.signature(found).bind(*arguments)
        except TypeError as error:
            raise UserError(f"{where}: is called as {call}, but {error}; change its arguments") from None
    return found
