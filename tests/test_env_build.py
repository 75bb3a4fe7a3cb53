"""`envs/build.py`, which makes the environment."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "envs" / "build.py"


def test_an_environment_behind_a_link_is_left_alone(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("env_build", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    other = tmp_path / "of-another-clone"
    other.mkdir()
    (other / "up-to-date").write_text("what the other clone made it from\n")
    link = tmp_path / ".venv"
    link.symlink_to(other)
    monkeypatch.setattr(script, "ENVIRONMENT", link)
    monkeypatch.setattr(script, "STAMP", link / "up-to-date")
    with pytest.raises(SystemExit, match=r"^error: \.venv is a link; remove it, or build where it points to$"):
        script.main()
    assert [path.name for path in other.iterdir()] == ["up-to-date"]
