"""Results that may not be read are no results that are missing."""

import re

import pytest
from unprivileged import unprivileged

from jointsearch.core.access import refuse_unreadable
from jointsearch.core.errors import UserError


@pytest.mark.parametrize("closed", ["search/bracket-000", "search/bracket-000/history.json"])
def test_what_may_not_be_read_is_named(tmp_path, closed):
    record = tmp_path / "search/bracket-000/history.json"
    record.parent.mkdir(parents=True)
    record.touch()
    refuse_unreadable(tmp_path)
    (tmp_path / closed).chmod(0)
    message = re.escape(f"{tmp_path / closed}: cannot be read (Permission denied); give access to it")
    with unprivileged(tmp_path), pytest.raises(UserError, match=f"^{message}$"):
        refuse_unreadable(tmp_path)


def test_what_is_hidden_broken_or_not_there_is_not_refused(tmp_path):
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    for name in (".lock", ".old/data.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0)
    with unprivileged(tmp_path):
        refuse_unreadable(tmp_path)
        refuse_unreadable(tmp_path / "nowhere")
