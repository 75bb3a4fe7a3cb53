"""The code that tables, figures and the paper follow, by content: `code.sha256`, for `sha256sum` in a working copy."""

from pathlib import Path

from jointsearch.audit import manifest
from jointsearch.core.code import ROOT
from jointsearch.core.files import file_digest

NAME = "code.sha256"
FIGURES = (
    "src/jointsearch/analysis",
    "src/jointsearch/plotting",
    "scripts/figure.py",
    "scripts/interactive.py",
    "scripts/paper_numbers.py",
    "scripts/table.py",
)
"""What figures, tables and numbers follow, as the rules say it."""
PAPER = (
    "config/config.yaml",
    "paper",
    "src/jointsearch/paper",
    "scripts/latex.py",
    "scripts/paper.py",
    "workflow/report",
)
"""What the paper follows beyond those."""
_SUFFIXES = {".py", ".j2", ".js", ".css", ".typ", ".bib", ".rst", ".yaml"}


def files() -> list[Path]:
    """All of them that are here, in order."""
    found = [file for part in (*FIGURES, *PAPER) for file in (ROOT / part, *(ROOT / part).rglob("*")) if file.is_file()]
    return sorted(file for file in found if file.suffix in _SUFFIXES)


def listing() -> str:
    """Write their digests as `sha256sum` does."""
    return "".join(f"{file_digest(file)}  {file.relative_to(ROOT).as_posix()}\n" for file in files())


def changed(text: str) -> set[str]:
    """Names of what is another one here than a listing says, or is in one of the two only.

    Raises
    ------
    UserError
        If that is none.
    """
    before, now = manifest.parse(text).items(), manifest.parse(listing()).items()
    return {name for name, _ in before ^ now}


def is_of_figures(name: str) -> bool:
    """Whether figures, and all that is made of them, follow a file."""
    return name.startswith(FIGURES)
