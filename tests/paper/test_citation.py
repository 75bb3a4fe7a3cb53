import pytest

from jointsearch.core.errors import UserError
from jointsearch.paper.citation import Citation, read


def test_authors_are_names_or_given_and_family_names(tmp_path) -> None:
    path = tmp_path / "CITATION.cff"
    people = "authors:\n  - name: The maintainers\n  - {given-names: Ada, name-particle: de, family-names: Vries}\n"
    path.write_text(f"{people}license: MIT\nrepository-code: https://example.org/code\n")
    assert read(path) == Citation("The maintainers, Ada de Vries", "https://example.org/code", "MIT")
    path.write_text(people)
    assert read(path).address == read(path).licence == ""


@pytest.mark.parametrize("text", ["title: x\n", "authors: []\n", "authors: [{affiliation: here}]\n"])
def test_a_citation_without_a_name_says_what_is_missing(tmp_path, text) -> None:
    path = tmp_path / "CITATION.cff"
    path.write_text(text)
    with pytest.raises(UserError, match=r"CITATION\.cff: authors: needs at least one"):
        read(path)


def test_a_missing_citation_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"CITATION\.cff: is missing"):
        read(tmp_path / "CITATION.cff")
