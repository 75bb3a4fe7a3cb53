"""What a word in a file is: by the core schema of YAML 1.2, and nothing else."""

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError


class Holder(BaseModel):
    value: str | None = None


WORDS = ["on", "off", "On", "OFF", "yes", "no", "Yes", "NO", "y", "n", "12:30:45", "190:20:30", "1_000", "0b101"]
WORDS += ["2026-11-29", "2026-02-30", "=", "1:2", "0o8", "0xg", "1e"]


@pytest.mark.parametrize("text", ["key: a: b", "key: [", "key: \x00"])
def test_a_mistake_is_reported_with_its_place_in_the_file_and_no_other_name(text):
    with pytest.raises(UserError) as error:
        yaml_file.parse(text, "here.yaml")
    message = str(error.value)
    assert message.startswith("here.yaml: no valid YAML: ") and "unicode string" not in message
    assert " at line 1, column " in message or " at position 5" in message


@pytest.mark.parametrize("word", WORDS)
def test_what_only_yaml_1_1_takes_for_something_else_is_a_word(word):
    assert yaml_file.parse(f"key: {word}", "here") == {"key": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("", None),
        ("~", None),
        ("null", None),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("-12", -12),
        ("+3", 3),
        ("1e-3", 0.001),
        ("1E+2", 100.0),
        ("-.5e2", -50.0),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_numbers_booleans_and_nothing_are_those_of_yaml_1_2(text, value):
    read = yaml_file.parse(f"key: {text}", "here")["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 5000,
        "!!bool maybe",
        "!!int many",
        "!!timestamp 2026-02-30",
        "!!python/object:os.system x",
        "[" * 3000,
        "-",
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(text):
    with pytest.raises(UserError, match=r"^here: no valid YAML: ") as told:
        yaml_file.parse(f"key: {text}", "here")
    assert "\n" not in str(told.value)


AMBIGUOUS = ["on", "no", "1e-3", "0777", "0o17", "1_000", "12:30", "2026-11-29", "~", "", "<<", "=", ".nan", "true"]


@given(st.sampled_from(AMBIGUOUS) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_word_that_is_written_is_read_as_the_same_by_either_version(word):
    written = yaml_file.dump(Holder(value=word)).decode()
    assert yaml_file.parse(written, "here") == {"value": word}
    assert yaml.safe_load(written) == {"value": word}


def test_a_json_file_is_read_as_json(tmp_path):
    path = tmp_path / "space.json"
    # Tabs and escaped pairs of surrogates are JSON, but no YAML.
    path.write_text(json.dumps({"key": ["\U0001f600", 1e-3, None, True]}, indent="\t"))
    assert yaml_file.load(path) == {"key": ["\U0001f600", 0.001, None, True]}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{", "a: 1", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_a_json_file_with_a_mistake_is_named(tmp_path, text):
    path = tmp_path / "space.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"space\.json: no valid JSON: ") as told:
        yaml_file.load(path)
    assert "\n" not in str(told.value)
