"""The captions of `workflow/report/`, which are those of the HTML report too, as runs of text in a style."""

import re
from typing import Literal

from jointsearch.core import code
from jointsearch.core.errors import UserError
from jointsearch.results import code_inputs

Style = Literal["plain", "strong", "emph", "raw"]
_MARKS: tuple[Style, ...] = ("strong", "emph", "raw")
_MARKED = re.compile(r"\*\*(?P<strong>.+?)\*\*|\*(?P<emph>.+?)\*|``(?P<raw>.+?)``")


def of_figure(name: str) -> list[tuple[Style, str]]:
    """Read the caption of a figure.

    Raises
    ------
    UserError
        If there is none.
    """
    path = code.ROOT / code_inputs.caption(name)
    try:
        return parse(path.read_text())
    except OSError:
        raise UserError(f"{path}: there is no such caption; write it") from None


def parse(text: str) -> list[tuple[Style, str]]:
    """Split reStructuredText into runs of plain, strong, emphasised and literal text."""
    text, place = " ".join(text.split()), 0
    runs: list[tuple[Style, str]] = []
    for found in _MARKED.finditer(text):
        runs.append(("plain", text[place : found.start()]))
        runs += [(style, found[style]) for style in _MARKS if found[style] is not None]
        place = found.end()
    runs.append(("plain", text[place:]))
    return [run for run in runs if run[1]]
