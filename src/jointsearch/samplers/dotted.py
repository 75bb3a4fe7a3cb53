"""Objects named by module and attribute, `package.module:name` or `package.module.name`."""

import importlib
from typing import Any


def split(name: str) -> tuple[str, str]:
    """Split a dotted name into module and attribute; either may be empty."""
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    return module, attribute


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
