"""The exception for mistakes that a user can fix, and those by which a training says that it has no result."""

import difflib
from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import ValidationError


class UserError(Exception):
    """Bad input, reported in one line: what is wrong, where, and what to do about it.

    Scripts and the Snakefile print the message alone and exit with a code that is not 0; any other
    exception is a bug and keeps its traceback.
    """


class Failure(Exception):
    """Base of what says that a configuration has no result: its record says so, and the search continues.

    Code of one's own raises the three below. Their message, in one line, is kept in the record.
    """

    status: ClassVar[Literal["diverged", "out_of_memory", "invalid"]]


class Diverged(Failure):
    """A loss is not finite."""

    status = "diverged"


class OutOfMemory(Failure):
    """The memory is too small for the training."""

    status = "out_of_memory"


class Invalid(Failure):
    """Nothing that could be trained has these values."""

    status = "invalid"


def reason(failure: Failure) -> str | None:
    """The message of a failure in one line, for its record; None if it has none."""
    # A lone surrogate, as in the name of a file that is not in UTF-8, cannot be in a record.
    return " ".join(str(failure).split()).encode(errors="backslashreplace").decode() or None


def suggest(name: str, known: Iterable[str]) -> str:
    """Help with an unknown name: the known one that looks like it, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"


def few(names: Iterable[str]) -> str:
    """List names in one line; of more than four the first three."""
    names = list(names)
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def shown(value: object) -> str:
    """Quote a value in one line; only its beginning if it is long."""
    text = " ".join(line.strip() for line in repr(value).splitlines())
    return text if len(text) <= 80 else f"{text[:77]}..."


def explain(error: ValidationError) -> str:
    """Report the first problem of a failed validation in one line: where, what, and the value if it is a plain one."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message, value = first["msg"].removeprefix("Value error, "), first["input"]
    if first["type"] in ("model_type", "dict_type"):
        message = f"expected keys and values (got {shown(value)})"
    elif isinstance(value, str | int | float):
        message += f" (got {shown(value)})"
    return (f"{where}: " if where else "") + message
