"""docs/design.md shows the house as it is: its picture, its walks, and which files an addition takes."""

import re

import pytest

from jointsearch.core.imports import PACKAGE, closure, imported

ROOT = PACKAGE.parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text()
PICTURE = (ROOT / "docs" / "house.svg").read_text()
ROOMS = {name: float(y) for y, name in re.findall(r'y="([\d.]+)" class="room">([a-z]+)<', PICTURE)}
"""The rooms in the picture, and how far down each is drawn."""
NAMED = re.compile(r"`([\w/]+\.(?:py|typ|md))`")


def section(heading):
    return re.search(rf"^#+ {re.escape(heading)}.*?\n(.*?)(?=^#)", PAGE, re.DOTALL | re.MULTILINE)[1]


def test_the_picture_has_every_room_and_all_imports_point_down_in_it():
    assert ROOMS.keys() == {init.parent.name for init in PACKAGE.glob("*/__init__.py")}
    for file in PACKAGE.rglob("*/*.py"):
        for other in imported(file):
            if other.parent != PACKAGE:
                room, below = (ROOMS[path.relative_to(PACKAGE).parts[0]] for path in (file, other))
                assert room <= below, f"{file} imports {other}"


@pytest.mark.parametrize("walk", "ABC")
def test_a_walk_stops_in_the_rooms_of_its_files(walk):
    listed = re.findall(r"^\d+\. `([a-z]+)/", section(f"{walk}. "), re.MULTILINE)
    drawn = re.search(rf'<g id="{walk}".*?</g>', PICTURE, re.DOTALL)[0]
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert [min(ROOMS, key=lambda room: abs(ROOMS[room] - y)) for y in heights] == listed


@pytest.mark.parametrize("walk", "ABC")
def test_a_script_that_a_walk_names_runs_the_file_at_that_stop(walk):
    for stop in re.split(r"^\d+\. ", section(f"{walk}. "), flags=re.MULTILINE)[1:]:
        file, *others = NAMED.findall(stop)
        for script in others:
            if script.startswith("scripts/"):
                assert PACKAGE / file in closure(ROOT / script), f"{script} does not import {file}"


def test_the_walk_to_a_figure_names_the_scripts_of_all_rules_on_its_way():
    rules = (ROOT / "workflow" / "rules" / "search.smk").read_text()
    called = {*re.findall(r"\$SCRIPTS/(\w+\.py)", rules), "figure.py"} - {"warm_start.py"}
    assert set(re.findall(r"`scripts/(\w+\.py)`", section("A. "))) == called


def test_every_file_that_the_page_names_is_there():
    assert [name for name in NAMED.findall(PAGE) if not any((top / name).is_file() for top in (PACKAGE, ROOT))] == []


@pytest.mark.parametrize(
    ("what", "like", "apart"),
    [
        ("An arm", r"\bjoint_hyperband\b", ()),
        ("A data set", r"[\"'`]svhn[\"'`]", ()),
        (
            "A study",
            r"[\"'`]retraining[\"'`]|\bRETRAINING\b|\bretraining: |\bRetraining\(\)",
            # Its module, and the figure, the tables and the claims that show its results.
            (
                "search/studies/retraining.py",
                "plotting/manual",
                "analysis/tables/manual",
                "analysis/tables/retraining",
                "analysis/claims",
                "paper/tables.py",
            ),
        ),
    ],
)
def test_an_addition_takes_the_files_that_are_listed_and_no_other(what, like, apart):
    """These are the ones that name one which is there already."""
    files = [ROOT / "Snakefile", ROOT / "config" / "README.md", *ROOT.glob("paper/*.typ")]
    files += [*PACKAGE.rglob("*.py"), *ROOT.glob("scripts/*.py"), *ROOT.glob("workflow/rules/*.smk")]
    naming = {file for file in files if re.search(like, file.read_text())}
    names = {file.relative_to(PACKAGE if PACKAGE in file.parents else ROOT).as_posix() for file in naming}
    listed = set(NAMED.findall(section(what)))
    assert {name for name in names if not name.startswith(apart)} == {n for n in listed if not n.startswith(apart)}
