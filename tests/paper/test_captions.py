import re

import pytest
from jinja2 import Template

from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.paper.captions import parse, read
from jointsearch.paper.facts import caption_of
from jointsearch.results.catalogue import FIGURES, TABLES

OF_NETWORKS = {"manual_architectures", "manual", "retraining"}
"""Figures and tables that no objective of one's own has."""
DEFINED = r"loss, which is the validation error, unless|The loss is the validation error, unless"
OF_ERRORS = rf"{DEFINED}|[Ee]rrors (and shares )?are fractions|standard error"


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
def test_a_caption_calls_a_loss_an_error_only_where_it_says_when_it_is_one(name) -> None:
    text = "".join(part for _, part in caption_of(name))
    of_networks = text.partition("Of networks that the training loop trains")
    assert not re.findall(r".{30}\berrors?\b", re.sub(OF_ERRORS, "", of_networks[0]))
    assert bool(re.search(DEFINED, text)) == bool(re.search(r"\bloss", text)) or name == "importance_groups"


def test_the_front_of_a_report_names_what_is_searched() -> None:
    template = Template((ROOT / "workflow/report/workflow.rst").read_text())

    def front(**keys: object) -> str:
        return template.render(snakemake={"config": {"experiment": "x", **keys}}, files=[], categories={})

    assert "of a residual network" in front() and "objective ``" not in front()
    assert "the objective ``a.b:c``" in front(objective="a.b:c")
    assert "the network ``a.b:c``" in front(training={"network": "a.b:c"})


def test_a_missing_caption_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"none\.rst: there is no such caption"):
        read(tmp_path / "none.rst")
