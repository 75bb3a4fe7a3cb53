"""An archive of an experiment; whole ones are in tests/end_to_end."""

import tarfile
from pathlib import Path

from jointsearch.audit import archive, manifest


def test_it_has_the_name_that_a_link_gives(folder, tmp_path, monkeypatch):
    (folder / manifest.NAME).write_text(manifest.make(folder))
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.setattr(archive, "_refuse_problems", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    archive.pack(Path("link"), Path("link.tar.xz"), checkpoints=False)
    with tarfile.open("link.tar.xz") as tar:
        assert {Path(name).parts[0] for name in tar.getnames()} == {"link"}
