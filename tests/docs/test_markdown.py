"""What is written for people: lines that fit a screen, links that lead somewhere, commands that exist."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True).stdout
PAGES = [ROOT / name for name in LISTED.splitlines()]
"""All pages; none where git knows none of them, as in an archive."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_is_longer_than_a_screen_is_wide(page):
    assert [number for number, line in enumerate(page.read_text().splitlines(), 1) if len(line) > 120] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, heading = link.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), link
        assert not heading or heading in _headings(file), link


def test_commands_of_make_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = {
        name for page in PAGES for name in re.findall(r"(?:`|^ {4})make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert named - set(targets) == set()


def test_the_readme_is_at_most_two_screens():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def _headings(file: Path) -> list[str]:
    titles = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
