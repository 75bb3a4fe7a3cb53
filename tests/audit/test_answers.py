"""What an audit answers."""

from jointsearch.audit import answers, page
from jointsearch.audit.audit import Target


def test_a_page_is_rendered_only_when_it_is_asked_for(folder, monkeypatch):
    rendered = []
    monkeypatch.setattr(page, "render", lambda audits: rendered.extend(audits) or b"page")
    answer = answers.verify([Target(folder)], "hash")
    assert not rendered
    assert answer.page() == b"page"
    assert len(rendered) == 1
