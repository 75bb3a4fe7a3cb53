from jointsearch.paper.latex import caption, escape, tabular
from jointsearch.paper.made import Made
from jointsearch.paper.table import Shown


def test_special_characters_are_set_as_they_are() -> None:
    assert escape("50 % of a_b & c #1 ~ −2 ± 3 – <{x}>") == (
        r"50 \% of a\_b \& c \#1 \textasciitilde{} $-$2 $\pm$ 3 -- \textless{}\{x\}\textgreater{}"
    )
    assert escape("\\") == r"\textbackslash{}"


def test_a_table_has_the_rules_of_booktabs_and_no_row_that_begins_with_a_bracket() -> None:
    shown = Shown(
        ("a", "b %"), ("left", "right"), (("x", "1"), ("[1, 2]", "2")), (1,), ("", ""), ((), ()), ((), ()), "Caption."
    )
    text = tabular(shown, Made("0" * 8, "scripts/table.py x", "abc", None))
    assert text.splitlines()[1:] == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"a & b \% \\",
        r"\midrule",
        r"x & 1 \\",
        r"\midrule",
        r"{[1, 2]} & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_captions_keep_their_styles() -> None:
    assert caption([("strong", "a"), ("plain", " 5 %, "), ("emph", "n"), ("raw", "x_y")]) == (
        "\\textbf{a} 5 \\%, \\emph{n}\\texttt{x\\_y}%\n"
    )
