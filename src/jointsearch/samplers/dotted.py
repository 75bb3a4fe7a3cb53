"""Things that are named by module and attribute, `package.module:name` or `package.module.name`."""

import importlib
from typing import Any


def split(name: str) -> tuple[str, str]:
    """Part a dotted name into module and attribute; either may be empty."""
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    return module, attribute


def load(name: str) -> Any:
    """Import a module and take what the name says of it.

    Raises
    ------
    AttributeError
        If the module has no such attribute.
    Exception
        What the import raises.
    """
    module, attribute = split(name)
    return getattr(importlib.import_module(module), attribute)
