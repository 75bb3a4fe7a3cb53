"""Paths in a configuration, as they are written in a shell."""

import pwd
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.core import config, yaml_file
from jointsearch.core.errors import UserError
from jointsearch.core.paths import escape, expand
from jointsearch.search.resolve import resolve, to_config

SPACE = Path(__file__).parents[2] / "config" / "spaces" / "joint17-digits.yaml"
KEYS = ["data_root", "cache_root", "space", "search.warm_start", "search.warm_start.folder"]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("SCRATCH", "/scratch/a $x ~")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOWHERE", raising=False)


def parsed(key: str, path: str) -> config.Config:
    given: Any = path
    for name in reversed(key.split(".")):
        given = {name: given}
    return config.parse({"experiment": "x"} | given)


def value(read: config.Config, key: str) -> str:
    for name in key.split("."):
        read = getattr(read, name)
    return getattr(read, "folder", read)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/images", "/home/ann/images"),
        ("~", "/home/ann"),
        ("$HOME/images", "/home/ann/images"),
        ("${HOME}work", "/home/annwork"),
        ("$SCRATCH/images", "/scratch/a $x ~/images"),
        (f"~{pwd.getpwuid(0).pw_name}/x", f"{pwd.getpwuid(0).pw_dir}/x"),
        ("data/~ann/$$5", "data/~ann/$5"),
        ("cost$ 5$5", "cost$ 5$5"),
        ("./~", "./~"),
        ("data/my images", "data/my images"),
    ],
)
def test_a_home_folder_and_variables_are_put_in_everywhere(key, written, meant, tmp_path):
    read = parsed(key, written)
    assert value(read, key) == meant
    # The configuration is handed on as JSON and kept as YAML; neither expands it twice.
    assert config.Config.model_validate_json(read.model_dump_json()) == read
    (tmp_path / "config.yaml").write_bytes(yaml_file.dump(read))
    assert config.read(tmp_path / "config.yaml") == read


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("$NOWHERE/images", "the variable NOWHERE is not set here; set it, or write $$ for a dollar sign"),
        ("a/${NOWHERE}", "the variable NOWHERE is not set here"),
        ("$EMPTY/images", "the variable EMPTY is not set here"),
        ("~no-such-user/x", "no home folder of '~no-such-user' is known"),
    ],
)
def test_what_is_not_known_is_told_with_the_key(key, written, says):
    with pytest.raises(UserError) as told:
        parsed(key, written)
    field = f"{key}.folder" if key == "search.warm_start" else key
    assert str(told.value).startswith(f"config: {field}: {says}")
    assert "\n" not in str(told.value)


@given(st.text())
def test_an_escaped_path_is_expanded_to_itself(path):
    assert expand(escape(path)).removeprefix("./") == path.removeprefix("./")


def test_a_configuration_finds_its_space_in_a_folder_of_any_name(tmp_path):
    folder = tmp_path / "~ann $HOME ${X}"
    folder.mkdir()
    experiment = resolve(config.parse({"experiment": "x", "space": str(SPACE), "data": {"name": "digits"}}))
    (folder / "config.yaml").write_bytes(yaml_file.dump(to_config(experiment, 1)))
    (folder / "space.yaml").write_bytes(SPACE.read_bytes())
    assert config.read(folder / "config.yaml").space == str(folder / "space.yaml")
