"""How the project is cited: what `CITATION.cff` says of authors, address and licence."""

from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError


@dataclass(frozen=True)
class Citation:
    """Authors, as a text lists them; the address of the code and its licence, empty if unknown."""

    authors: str
    address: str
    licence: str


def read(path: Path) -> Citation:
    """Read a citation file.

    Raises
    ------
    UserError
        If it is missing, or names no author.
    """
    if not path.exists():
        raise UserError(f"{path}: is missing; it names the authors of the paper")
    found = yaml_file.load(path)
    authors = [_name(one) for one in found.get("authors") or []]
    if not all(authors) or not authors:
        raise UserError(f"{path}: authors: needs at least one, each with a name, or family-names and given-names")
    return Citation(", ".join(authors), found.get("repository-code") or "", found.get("license") or "")


def _name(author: dict[str, str]) -> str:
    names = (author.get("given-names"), author.get("name-particle"), author.get("family-names"))
    return author.get("name") or " ".join(filter(None, names))
