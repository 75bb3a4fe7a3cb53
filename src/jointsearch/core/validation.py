"""What is wrong with a value that people write, and what to write instead: pydantic's findings in plain words.

`errors.explain` reports on records, in pydantic's words: what wrote them is a program.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jointsearch.core.errors import shown

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_type": "a whole number",
    "invalid_key": "text as the key, so quote it",
    "list_type": "a list, as in [1, 2]",
    "literal_error": "{expected}",
    "model_type": "keys and values",
    "string_pattern_mismatch": "{form}",
    "string_too_long": "at most {max_length} characters",
    "string_type": "text, quoted if it looks like something else",
    "too_short": "a list of at least {min_length}; for the default, remove the key",
    "tuple_type": "a list, as in [1, 2]",
}
"""What is expected, by pydantic's type of error. Its own words on the limits of numbers are plain."""
_FORMS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters, digits, '.', '_' and '-', beginning with a letter or a digit",
    r"^[A-Za-z][A-Za-z0-9_ -]*$": "letters, digits, '_', '-' and spaces, beginning with a letter",
    r"^[0-9a-f]{64}$": "the SHA-256 that `sha256sum` prints: 64 digits and letters from a to f",
}
"""What the patterns of configurations stand for."""


def advise(error: ValidationError) -> str:
    """Report the first problem of a failed validation in one line: where, what is expected, what was given."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return (f"{where}: " if where else "") + sentence(first)


def sentence(problem: Mapping[str, Any]) -> str:
    """What is wrong, by one of the problems that pydantic lists, without where."""
    kind, value = problem["type"], problem["input"]
    if kind == "missing":
        return "missing; give it a value"
    if kind in _EXPECTED:
        found = problem.get("ctx", {})
        form = _FORMS.get(found.get("pattern"), f"text of the form {found.get('pattern')}")
        message = f"expected {_EXPECTED[kind].format(**found, form=form)}"
    else:
        message = problem["msg"].removeprefix("Value error, ")
    says_it = kind not in _EXPECTED and not isinstance(value, str | int | float)
    return message if says_it or value is None else f"{message} (got {shown(value)})"
