"""The paper, set by Typst from its source and the facts of an experiment. Same facts, same bytes."""

import difflib
import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import typst

from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.paper.check import check
from jointsearch.paper.conditions import STUDY_TITLES
from jointsearch.paper.facts import Facts
from jointsearch.paper.made import remake
from jointsearch.paper.typst_facts import as_json

SOURCES = ROOT / "paper"
MAIN, BIBLIOGRAPHY = "main.typ", "references.bib"
TEMPLATES = ("template.typ", "html.typ")
LARGEST_DRAWING = 500_000
"""Bytes of the largest SVG on a page; in place of a larger one, of very many points, stands its bitmap."""
_ASKED = re.compile(r"panicked with: paper: (.*)", re.DOTALL)
_MISSING = re.compile(r"there is no (number|study|figure|table|claim) (\S+)")
_PLACE = re.compile(r"─ (\S+?\.typ):(\d+):\d+")


def build(facts: Facts, folder: Path, sources: Path = SOURCES, strict: bool = False) -> bytes:
    """Set the paper as a PDF, see `typeset`."""
    return typeset(facts, folder, "pdf", sources, strict)


def typeset(
    facts: Facts, folder: Path, form: Literal["pdf", "html"], sources: Path = SOURCES, strict: bool = False
) -> bytes:
    """Set the paper.

    Parameters
    ----------
    facts
        Of the experiment.
    folder
        Its results, for the figures.
    form
        As a PDF, or as the bare page that `paper.html` completes.
    sources
        Folder of the Typst source, templates and bibliography.
    strict
        Refuse also a number that the text only asks after (`known`) and that is not there: with the facts of a complete
        experiment, in which nothing may be missing, this finds a name that was misspelt.

    Raises
    ------
    UserError
        If the text quotes what does not exist, has a result typed into it, or is no Typst: where, and what to do.
    """
    check(sources / MAIN)
    asked: dict[str, str] = {"target": form}
    with prepared(facts, folder, form, sources, strict) as root:
        try:
            return typst.compile(
                root / MAIN, root=root, format=form, ignore_system_fonts=True, timestamp=0, sys_inputs=asked
            )
        except typst.TypstError as error:
            raise UserError(_explain(error, sources, facts)) from None


@contextmanager
def prepared(
    facts: Facts, folder: Path, form: Literal["pdf", "html"], sources: Path = SOURCES, strict: bool = False
) -> Iterator[Path]:
    """Put all that is set in one folder, as Typst reads within one; the compiler's own files in memory can't be PDF."""
    given = as_json(facts) | {"strict": strict}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for source in (MAIN, *TEMPLATES, BIBLIOGRAPHY):
            shutil.copy(sources / source, root)
        (root / "figures").mkdir()
        for figure in facts.figures:
            drawing = _drawing(folder, figure, form)
            given["figures"][figure] |= {"drawing": f"figures/{drawing.name}", "product": f"figures/{figure}"}
            shutil.copy(drawing, root / "figures")
        for table in facts.tables:
            given["tables"][table]["product"] = f"tables/{table}"
        (root / "facts.json").write_text(json.dumps(given, ensure_ascii=False))
        yield root


def _drawing(folder: Path, figure: str, form: str) -> Path:
    """The file of a figure that is shown."""
    path = folder / "figures" / f"{figure}.{'pdf' if form == 'pdf' else 'svg'}"
    if form == "html" and path.exists() and path.stat().st_size > LARGEST_DRAWING:
        path = path.with_suffix(".png")
    if not path.exists():
        raise UserError(f"{path}: is missing; {remake(folder)} makes it")
    return path


def _explain(error: typst.TypstError, sources: Path, facts: Facts) -> str:
    """Report an error of Typst in one line, with the line of the text that it comes from."""
    trace = "\n".join([error.diagnostic, *map(str, error.trace)])
    places = [(file, line) for file, line in _PLACE.findall(trace)]
    file, line = next((place for place in reversed(places) if place[0].endswith(MAIN)), (places or [(MAIN, "?")])[0])
    where = f"{sources / Path(file).name}:{line}"
    missing = _ASKED.search(error.message)
    if missing is None:
        return f"{where}: {error.message.splitlines()[0]}"
    message = missing[1].strip('" ')
    if (missing := _MISSING.match(message)) is not None:
        kinds: dict[str, Collection[str]] = {
            "number": facts.numbers,
            "study": STUDY_TITLES,
            "figure": facts.figures,
            "table": facts.tables,
            "claim": {one["claim"] for one in facts.claims},
        }
        known = kinds[missing[1]]
        similar = difflib.get_close_matches(missing[2], known, n=3, cutoff=0.5)
        message += f"; similar are {', '.join(similar)}" if similar else f"; there are {len(known)} others"
    return f"{where}: {message}"
