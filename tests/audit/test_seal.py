"""The end of an experiment."""

import pytest

from jointsearch.audit import code_listing, hash_level, manifest, seal
from jointsearch.core.errors import UserError
from jointsearch.core.files import file_digest


def test_a_seal_that_is_refused_changes_nothing(folder, monkeypatch):
    monkeypatch.setattr(hash_level, "check_records", lambda *_: None)
    seal.seal(folder)
    sealed = manifest.read(folder)
    assert sealed[code_listing.NAME] == file_digest(folder / code_listing.NAME)
    monkeypatch.setattr(code_listing, "make", lambda: "other code\n")
    before = (folder / "data.json").read_bytes()
    (folder / "data.json").write_bytes(before + b" ")
    with pytest.raises(UserError, match=r"data\.json: not what "):
        seal.seal(folder)
    assert sealed[code_listing.NAME] == file_digest(folder / code_listing.NAME)
    (folder / "data.json").write_bytes(before)
    seal.seal(folder)
    assert (folder / manifest.NAME).read_text() == manifest.make(folder)
    assert (folder / code_listing.NAME).read_text() == "other code\n"
