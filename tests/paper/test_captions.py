import pytest

from jointsearch.core.errors import UserError
from jointsearch.paper.captions import parse, read


def test_marks_become_styles_and_lines_one_text() -> None:
    assert parse("What: **a** the *n* of\n``x.csv``, 2 * 3.\n") == [
        ("plain", "What: "),
        ("strong", "a"),
        ("plain", " the "),
        ("emph", "n"),
        ("plain", " of "),
        ("raw", "x.csv"),
        ("plain", ", 2 * 3."),
    ]


def test_a_missing_caption_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"none\.rst: there is no such caption"):
        read(tmp_path / "none.rst")
