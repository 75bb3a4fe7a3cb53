"""Paths in a configuration, as they are written in a shell: with a home folder and environment variables."""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

_DOLLAR = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)


def expand(path: str) -> str:
    """Replace `~` or `~user` at the beginning by the home folder, and `$NAME` or `${NAME}` by its value.

    `$$` is a dollar sign, as is `$` without a name.

    Raises
    ------
    ValueError
        If there is no such user, or if a variable is not set, or empty.
    """
    whose, slash, rest = path.partition("/")
    if whose.startswith("~"):
        try:
            home = Path(whose).expanduser()
        except RuntimeError:
            raise ValueError(
                f"no home folder of {whose!r} is known; write the whole path, or './{whose}' for a name"
            ) from None
        # A dollar sign in the name of a home folder is no variable.
        return str(home) + slash + _DOLLAR.sub(_value, rest)
    return _DOLLAR.sub(_value, path)


def escape(path: str) -> str:
    """Write a path so that `expand` gives it again."""
    return ("./" if path.startswith("~") else "") + path.replace("$", "$$")


def _value(found: re.Match[str]) -> str:
    if found[1]:
        return "$"
    name = found[2] or found[3]
    if not (value := os.environ.get(name)):
        raise ValueError(f"the variable {name} is not set here; set it, or write $$ for a dollar sign")
    return value


UserPath = Annotated[str, AfterValidator(expand), PlainSerializer(escape), Field(json_schema_extra={"format": "path"})]
"""A path of the configuration, without `~` and variables once it is read."""
