"""Which figures and tables are made, and of which studies."""

from pathlib import Path

import pytest
from results_folder import SEARCH

from jointsearch.analysis import table
from jointsearch.plotting import figure
from jointsearch.results.catalogue import ARM, FIGURES, TABLES, Entry, made_of

REPORT = Path(__file__).parents[2] / "workflow" / "report"
CATALOGUE = {
    name: Entry(f"plotting.{name}", studies, "Search")
    for name, studies in {
        "first": ("search",),
        "compared": ("manual", "search"),
        "arms": (ARM, "search"),
        "last": ("retraining",),
    }.items()
}


def planned(*names):
    return [
        SEARCH.model_copy(update={"name": name, "arm": name.partition("-")[0] if "-" in name else None})
        for name in names
    ]


def test_what_is_made_follows_the_first_study_that_it_is_about():
    assert made_of(planned("search"), CATALOGUE) == {"first": ["search"]}
    assert made_of(planned("search", "manual"), CATALOGUE)["compared"] == ["manual", "search"]


def test_what_is_not_planned_is_not_waited_for():
    assert made_of(planned("manual"), CATALOGUE) == {"compared": ["manual"]}


def test_any_search_of_an_arm_is_one():
    arms = ["joint_bohb-0", "architecture_first-0-1", "architecture_first-0-2"]
    assert made_of(planned("search", *arms), CATALOGUE)["arms"] == [*arms, "search"]
    assert "arms" not in made_of(planned("search", "correlation", "manual", "retraining"), CATALOGUE)


def test_the_plan_says_what_is_a_search_of_an_arm_and_not_the_name():
    named_like_a_study = SEARCH.model_copy(update={"name": "manual", "arm": "manual"})
    assert list(made_of([named_like_a_study], CATALOGUE)) == ["arms"]


def listed(studies):
    return ("search", "correlation", "manual", "retraining", ARM) if studies == "all" else studies


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_read_of_the_source_of_a_figure_is_what_it_is(name):
    loaded = figure.load(name)
    assert (listed(loaded.studies), loaded.category) == (FIGURES[name].studies, FIGURES[name].category)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_read_of_the_source_of_a_table_is_what_it_is(name):
    loaded = table.load(name)
    assert (listed(loaded.studies), loaded.category) == (TABLES[name].studies, TABLES[name].category)


def test_no_figure_has_the_name_of_a_table():
    # They would share a caption.
    assert not set(FIGURES) & set(TABLES)


@pytest.mark.parametrize("name", [*FIGURES, *TABLES])
def test_each_has_a_caption(name):
    assert (REPORT / f"{name.replace('_', '-')}.rst").read_text().strip()
