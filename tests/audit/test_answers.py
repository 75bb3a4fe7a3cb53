"""What an audit answers."""

import re

import pytest

from jointsearch.audit import answers, page
from jointsearch.audit.audit import Target
from jointsearch.core.errors import UserError


def test_a_page_is_rendered_only_when_it_is_asked_for(folder, monkeypatch):
    rendered = []
    monkeypatch.setattr(page, "render", lambda audits: rendered.extend(audits) or b"page")
    answer = answers.verify([Target(folder)], "hash")
    assert not rendered
    assert answer.page() == b"page"
    assert len(rendered) == 1


@pytest.mark.parametrize("text", ["results/nope", "nope", "nope/", "/nope", "deep/in/nope"])
@pytest.mark.parametrize("experiments", [0, 2])
def test_a_folder_that_does_not_exist_is_said_not_to(folder, tmp_path, monkeypatch, text, experiments):
    monkeypatch.chdir(tmp_path)
    for number in range(experiments):
        (tmp_path / f"results/{number}").mkdir(parents=True)
        (tmp_path / f"results/{number}/experiment.json").touch()
    with pytest.raises(UserError, match=f"^{re.escape(text)}: no such (file or )?folder; "):
        Target.read(text, None)


def test_of_which_experiment_an_evaluation_is_has_to_be_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^results: which experiment\? "):
        Target.read("11-0-1@0", None)
    assert Target.read("nope", tmp_path) == Target(tmp_path, "nope")
