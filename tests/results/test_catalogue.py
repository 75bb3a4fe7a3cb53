"""Which figures and tables are made, and of which studies."""

from pathlib import Path

import pytest

from jointsearch.plotting import registry
from jointsearch.results.catalogue import ARM, CATEGORIES, FIGURES, TABLES, made_of

REPORT = Path(__file__).parents[2] / "workflow" / "report"
CATALOGUE = {"first": ("search",), "compared": ("manual", "search"), "arms": (ARM, "search"), "last": ("retraining",)}


def test_what_is_made_follows_the_first_study_that_it_is_about():
    assert made_of(["search"], CATALOGUE) == {"first": ["search"]}
    assert made_of(["search", "manual"], CATALOGUE)["compared"] == ["manual", "search"]


def test_what_is_not_planned_is_not_waited_for():
    assert made_of(["manual"], CATALOGUE) == {"compared": ["manual"]}


def test_any_search_of_an_arm_is_one():
    arms = ["joint_bohb-0", "architecture_first-0-1", "architecture_first-0-2"]
    assert made_of(["search", *arms], CATALOGUE)["arms"] == [*arms, "search"]
    assert "arms" not in made_of(["search", "correlation", "manual", "retraining"], CATALOGUE)


def test_the_catalogue_and_what_draws_name_the_same():
    assert set(FIGURES) == set(registry.FIGURES)
    assert set(TABLES) == set(registry.TABLES)
    assert set(CATEGORIES) == {*FIGURES, *TABLES}
    assert not set(FIGURES) & set(TABLES)


@pytest.mark.parametrize("name", [*FIGURES, *TABLES])
def test_each_has_a_caption(name):
    assert (REPORT / f"{name.replace('_', '-')}.rst").read_text().strip()
