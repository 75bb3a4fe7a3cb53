"""The paper as one page, from the same source as the PDF: numbers lead to the trainings behind them.

The text needs no script. The trainings are embedded once, and shown by scripts of its own (`page/`); all is inlined,
and no network is asked. Same facts, same bytes.
"""

import re
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from jointsearch.paper.build import SOURCES, typeset
from jointsearch.paper.facts import Facts
from jointsearch.paper.trainings import describe

PAGE = Path(__file__).with_name("page")
SCRIPTS = ("records", "panel", "figures")
_QUOTED = re.compile(r'href="#number-([^"]+)"')
_DOCUMENT = re.compile("(.*?)</head><body>(.*)</body></html>", re.DOTALL)
"""What Typst writes."""


def build(facts: Facts, folder: Path, sources: Path = SOURCES, strict: bool = False) -> bytes:
    """Make the page, HTML; the parameters are those of `build.typeset`.

    Raises
    ------
    UserError
        As `build.typeset`.
    """
    text = typeset(facts, folder, "html", sources, strict).decode()
    found = _DOCUMENT.fullmatch(text)
    if found is None:
        raise ValueError("Typst writes another HTML document than one of a head and a body")
    head, body = found.groups()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False, "ensure_ascii": False}
    template = environment.from_string((PAGE / "page.html.j2").read_text())
    return template.render(
        head=Markup(head),
        body=Markup(body),
        style=Markup((PAGE / "style.css").read_text()),
        script=Markup("\n".join((PAGE / f"{name}.js").read_text() for name in SCRIPTS)),
        data=describe(facts, set(_QUOTED.findall(body))),
    ).encode()
