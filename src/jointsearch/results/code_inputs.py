"""The code and the texts that make each figure, table and page: what it imports, so that it follows just that.

All are paths from the root of the working copy.
"""

from collections.abc import Iterable
from pathlib import Path

from jointsearch.core import imports
from jointsearch.core.code import ROOT
from jointsearch.results.catalogue import FIGURES, TABLES

_PAGE = "src/jointsearch/plotting/page"
_PUBLISHED = ("config/config.yaml", "config/spaces/joint17.yaml", "CITATION.cff")
_TEXT = ("paper/main.typ", "paper/template.typ", "paper/html.typ", "paper/references.bib")
_READER = "src/jointsearch/paper/page"


def figure(name: str) -> list[str]:
    """What makes a figure: its module, the script, and what these import."""
    return _code("figure", FIGURES[name].module)


def table(name: str) -> list[str]:
    """What makes a table."""
    return _code("table", TABLES[name].module)


def numbers(figures: Iterable[str] = FIGURES, tables: Iterable[str] = TABLES) -> list[str]:
    """What makes the numbers of an experiment, those of some figures and tables among them."""
    modules = [*(FIGURES[name].module for name in figures), *(TABLES[name].module for name in tables)]
    return _code("paper_numbers", *modules)


def shown() -> list[str]:
    """What makes figures, tables and numbers, and sets them in the paper: code only."""
    return sorted({*numbers(), *_code("figure"), *_code("table"), *_code("paper")})


def page() -> list[str]:
    """What makes the page to explore."""
    return [*_code("interactive"), *_files(_PAGE)]


def paper(figures: Iterable[str] = FIGURES) -> list[str]:
    """What makes the paper with some figures: code, text, captions, and the study that it compares with."""
    return [*_code("paper"), *_files(_READER), *_TEXT, *_quoted(figures)]


def latex(figures: Iterable[str] = FIGURES) -> list[str]:
    """What makes the folder for LaTeX with some figures."""
    return [*_code("latex"), *_quoted(figures)]


def within(root: Path, names: Iterable[str]) -> list[Path]:
    """Paths of such files in a clone of the repository."""
    return [root / name for name in names]


def caption(name: str) -> str:
    """The caption of a figure, or of a table."""
    return f"workflow/report/{name.replace('_', '-')}.rst"


def _quoted(figures: Iterable[str]) -> list[str]:
    return [*_PUBLISHED, *map(caption, figures)]


def _files(folder: str) -> list[str]:
    return sorted(_name(path) for path in (ROOT / folder).iterdir() if path.is_file())


def _code(script: str, *modules: str) -> list[str]:
    return [_name(path) for path in imports.closure(ROOT / "scripts" / f"{script}.py", *modules)]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
