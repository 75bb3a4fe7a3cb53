import re

import pytest
from jinja2 import Template

from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.paper.build import MAIN, SOURCES
from jointsearch.paper.captions import of_figure, parse
from jointsearch.results.catalogue import FIGURES, TABLES
from jointsearch.results.code_inputs import caption

OF_NETWORKS = {"manual_architectures", "manual", "retraining"}
"""Figures and tables that no objective of one's own has."""
OF_ERRORS = (
    r"of errors on the scale of log|[Ee]rrors (and shares )?are fractions|standard error"
    r"|The loss is the validation error, unless"
)


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


@pytest.mark.parametrize("name", sorted({*FIGURES, *TABLES} - OF_NETWORKS))
def test_a_caption_calls_no_loss_an_error(name) -> None:
    text = "".join(part for _, part in of_figure(name))
    assert not re.findall(r".{30}\berrors?\b", re.sub(OF_ERRORS, "", text))


def test_what_a_loss_is_stands_in_the_front_of_the_report_and_in_the_text() -> None:
    front = (ROOT / "workflow/report/workflow.rst").read_text()
    assert "the loss, which is the error on" in front
    assert "The _loss_ is what the search minimises" in (SOURCES / MAIN).read_text()


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_caption_of_a_figure_has_five_lines_at_most(name) -> None:
    assert len((ROOT / caption(name)).read_text().splitlines()) <= 5


def test_captions_say_of_marks_that_may_not_be_there_that_they_may_not() -> None:
    for name, words in (
        ("full_budget_evaluations", "failures, if any, are crosses"),
        ("bracket_schedule", "where there are any, crosses mark failures"),
        ("correlation_study", "if known over the survivors"),
        ("correlation_study", "grey area, if any"),
    ):
        assert words in "".join(part for _, part in of_figure(name))


def test_the_front_of_a_report_names_what_is_searched() -> None:
    template = Template((ROOT / "workflow/report/workflow.rst").read_text())

    def front(**keys: object) -> str:
        return template.render(snakemake={"config": {"experiment": "x", **keys}}, files=[], categories={})

    assert "of a residual network" in front() and "objective ``" not in front()
    assert "the objective ``a.b:c``" in front(objective="a.b:c")
    assert "the network ``a.b:c``" in front(training={"network": "a.b:c"})


def test_a_missing_caption_is_named() -> None:
    with pytest.raises(UserError, match=r"none\.rst: there is no such caption"):
        of_figure("none")
