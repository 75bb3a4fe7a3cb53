"""Numbers, tables and figures for a paper of one's own, in the LaTeX template of a venue."""

from pathlib import Path

from jointsearch.analysis.numbers import number_of_best
from jointsearch.paper import captions
from jointsearch.paper.captions import Style
from jointsearch.paper.facts import Facts, number_text
from jointsearch.paper.made import Made
from jointsearch.paper.table import Shown

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{character: rf"\{character}" for character in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "−": r"$-$",
        "–": "--",
        "±": r"$\pm$",
        "×": r"$\times$",
        "∞": r"$\infty$",
        "²": r"$^2$",
        "·": r"$\cdot$",
        "\N{NO-BREAK SPACE}": "~",
    }
)
_STYLES: dict[Style, str] = {"plain": "%s", "strong": r"\textbf{%s}", "emph": r"\emph{%s}", "raw": r"\texttt{%s}"}

_NUMBERS = r"""% Numbers of <experiment>: \result{best_test_error} gives its value and unit, \resultvalue{...} the value
% alone. A name that is not here stops the run.
\makeatletter
\newcommand*\result@define[3]{%
  \expandafter\def\csname result@value@#1\endcsname{#2}%
  \expandafter\def\csname result@unit@#1\endcsname{#3}}
\newcommand*\result@check[1]{\@ifundefined{result@value@#1}{%
  \@latex@error{There is no number `\detokenize{#1}' in numbers.tex}\@ehd}{}}
\DeclareRobustCommand*\resultvalue[1]{\result@check{#1}\csname result@value@#1\endcsname}
\DeclareRobustCommand*\result[1]{\resultvalue{#1}\csname result@unit@#1\endcsname}
<lines>
\makeatother
"""

_README = """LaTeX of the experiment {experiment}: made from its records, not to be edited.

numbers.tex    \\input it in the preamble; \\result{{NAME}} gives a number with its unit, \\resultvalue{{NAME}} without.
               Names and meanings are in ../numbers.json. An unknown name is an error.
tables/        \\input{{tables/NAME}} in a table environment; needs the package booktabs.
figures/       \\includegraphics{{figures/NAME}}; 3.3 in (one column) or 7 in (two) wide.
captions/      \\input{{captions/NAME}} in a \\caption: what is shown, how it was computed, its limits.
main.tex       an example: pdflatex main.tex
"""

_MAIN = r"""% An example of how to use this folder; replace it by the template of your venue.
\documentclass[twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\usepackage{graphicx}
\input{numbers}
% A table that is wider than the page is made smaller.
\newcommand*\fitted[1]{\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{#1}}

\title{Experiment \texttt{<experiment>}}
\author{}
\date{}

\begin{document}
\maketitle
<text>
<floats>
\end{document}
"""


def export(facts: Facts, folder: Path) -> dict[str, bytes]:
    """Write everything out.

    Parameters
    ----------
    facts
        Of the experiment.
    folder
        Its results, for the figures.

    Returns
    -------
    dict
        Contents by path in the LaTeX folder.
    """
    name = facts.experiment.name
    made = {"numbers.tex": numbers(facts), "README": _README.format(experiment=name), "main.tex": _main(facts)}
    for table, (origin, shown) in facts.tables.items():
        made[f"tables/{table}.tex"] = tabular(shown, origin)
        made[f"captions/table-{table}.tex"] = caption(captions.parse(shown.caption))
    for figure in facts.figures:
        made[f"captions/figure-{figure}.tex"] = caption(captions.of_figure(figure))
    contents = {path: text.encode() for path, text in made.items()}
    for figure in facts.figures:
        contents[f"figures/{figure}.pdf"] = (folder / "figures" / f"{figure}.pdf").read_bytes()
    return contents


def escape(text: str) -> str:
    """Write plain text so that LaTeX sets it as it is."""
    return text.translate(_ESCAPES)


def numbers(facts: Facts) -> str:
    """Give every number a name that LaTeX can look up."""
    lines = []
    for name, number in sorted(facts.numbers.items()):
        text, unit = number_text(number)
        space = "" if not unit else "~" if len(unit) < 3 else " "
        lines.append(rf"\result@define{{{name}}}{{{escape(text)}}}{{{space}{escape(unit)}}}% {number.meaning}")
    return _NUMBERS.replace("<experiment>", facts.experiment.name).replace("<lines>", "\n".join(lines))


def tabular(shown: Shown, made: Made) -> str:
    """Set a table with the rules of booktabs."""
    columns = "".join(side[0] for side in shown.align)
    head = " & ".join(escape(title) for title in shown.titles)
    lines = [rf"% {made.script}, data {made.data}, code {made.commit}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [rf"{head} \\", r"\midrule"]
    for place, row in enumerate(shown.rows):
        lines += [r"\midrule"] * (place in shown.rules)
        # A row that begins with a bracket would be an argument of the line end before it.
        lines.append(
            " & ".join(f"{{{escape(cell)}}}" if cell.startswith("[") else escape(cell) for cell in row) + r" \\"
        )
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def caption(runs: list[tuple[Style, str]]) -> str:
    """Set the caption of a figure or table."""
    return "".join(_STYLES[style] % escape(text) for style, text in runs) + "%\n"


def _main(facts: Facts) -> str:
    measure = facts.experiment.measure
    quoted = ["evaluations", number_of_best(measure.name), number_of_best(measure.test)]
    said = [rf"{escape(facts.numbers[name].meaning)}: \result{{{name}}}" for name in quoted if name in facts.numbers]
    floats = []
    for name in facts.figures:
        floats += [r"\begin{figure*}", r"\centering", rf"\includegraphics[width=\textwidth]{{figures/{name}}}"]
        floats += [rf"\caption{{\protect\input{{captions/figure-{name}}}}}", r"\end{figure*}"]
    for name in facts.tables:
        floats += [r"\begin{table*}", r"\centering", r"\small", rf"\fitted{{\input{{tables/{name}}}}}"]
        floats += [rf"\caption{{\protect\input{{captions/table-{name}}}}}", r"\end{table*}", r"\clearpage"]
    filled = _MAIN.replace("<experiment>", escape(facts.experiment.name))
    return filled.replace("<text>", "; ".join(said) + ".").replace("<floats>", "\n".join(floats))
