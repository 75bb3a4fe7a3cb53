import pytest

from jointsearch.core.errors import UserError
from jointsearch.paper.check import check, typed_numbers


@pytest.mark.parametrize(
    "source",
    [
        'The error is #n("best_test_error"), the interval #interval("a_1", digits: 2).',
        "In $17$ dimensions, $2^k - 1$ of them; see @zela2018, @fig:one-2 and <label-3>.",
        "// 2018 in a comment\n/* and 12\nthere */ text",
        "`scripts/figure.py 3` and ```\n42\n```",
        "The published #lit[3.18 %] and #lit[17 dimensions, 10 and 7].",
        "#set text(size: 9.5pt)\n#let x = 3\n#show: template.with(\n  width: 7in,\n  size: 8pt,\n)\nText.",
        '#if value("x") > 0.5 [more] else if value("y") < 2 [less] else [as much].',
        '#verdict("a", at: 0.05, below: [it is], above: [it is not])',
        "#for budget in range(3) { budget + 1 }",
        '#link("https://arxiv.org/abs/1807.06906")[the study]',
        "#facts.at(0).name and #(1 + 2) and #{ 3 }",
        r"A \$ is no mathematics and \# no code.",
        "a [bracket] in the text, #f[a [nested] one]",
    ],
)
def test_code_mathematics_labels_raw_text_and_marked_constants_may_have_digits(source) -> None:
    assert typed_numbers(source) == []


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("The error is 3.18 %.", 1, "3.18"),
        ("One\ntwo\nthree: 12,345 trainings", 3, "12,345"),
        ('#figure(image("a1.svg"), caption: [An error of 4 %])', 1, "4"),
        ('#if value("x") > 0 [It fell by 7 points] else [It did not]', 1, "7"),
        ('#if value("x") > 0 [It did not] else [It fell by 7 points]', 1, "7"),
        ("#f(1, (2, [three 3]))", 1, "3"),
        ("#lit[17] dimensions and 18", 1, "18"),
        ("= Section 2", 1, "2"),
        ("#let x = [an error of 5 %]", 1, "5"),
        ('#n("x")5', 1, "5"),
        (r"\5 escaped", 1, "5"),
        ("#split[17]", 1, "17"),
        ("*6* strong", 1, "6"),
        ("/* comment */ 7", 1, "7"),
        ('#"string" 8', 1, "8"),
        ("#context [9]", 1, "9"),
        ("#{ [10] }", 1, "10"),
        ("#x.lit[1].other[11]", 1, "11"),
        ("A \\$ 12 \\$", 1, "12"),
        ("#show: doc => [13]", 1, "13"),
        ("#let f(x) = {\n  [14]\n}", 2, "14"),
        ("٣ errors", 1, "٣"),
        ("See https://example.org/x1 and 15", 1, "15"),
    ],
)
def test_digits_in_the_text_are_found_where_they_stand(source, line, text) -> None:
    (found,) = typed_numbers(source)
    assert (found.line, found.text) == (line, text)


def test_each_number_is_told_once() -> None:
    assert [one.text for one in typed_numbers("1.5 and 2, then 3,000.")] == ["1.5", "2", "3,000"]


def test_refusal_names_file_line_and_what_to_write(tmp_path) -> None:
    path = tmp_path / "main.typ"
    path.write_text("Text.\nAn error of 2.43 %, not 3.")
    with pytest.raises(UserError, match=r"main.typ:2: the number 2.43 is typed into the text \(and 1 more\).*#n.*#lit"):
        check(path)
    path.write_text('An error of #n("error").')
    check(path)
