"""The lists of keys in config/README.md: what they say of a key comes from the type and the docstring."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BeforeValidator, Field

from jointsearch.core.config import Settings
from jointsearch.core.config.reference import inserted, reference
from jointsearch.core.paths import UserPath

ROOT = Path(__file__).parents[2]


class Inner(Settings):
    """What is within."""

    deep: int = 2
    """How deep."""


class Outer(Settings):
    """All kinds of settings."""

    name: Annotated[str, Field(pattern="^[a-z]+$")]
    """See config/README.md#the-space and docs/engine.md."""
    count: Annotated[int, Field(ge=1, lt=2**32)] = 5
    """How many."""
    least: Annotated[int, Field(ge=2)] = 3
    """Few."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Some."""
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Slow."""
    most: Annotated[float, Field(gt=0, le=1e12)] = 10800
    """Much."""
    limit: Annotated[float, Field(gt=0)] | None = None
    """No limit without it."""
    yes: bool = True
    """Or not."""
    way: Literal["one", "other"] = "one"
    """Which."""
    ways: tuple[Literal["one", "other"], ...] = ("one", "other")
    """Which of them."""
    pair: Literal["ranks"] | tuple[float, float] = (0.0, 1.5)
    """Two."""
    folder: UserPath = "data"
    """Where."""
    settings: dict[str, Any] = Field({})
    """Of another."""
    notes: Any = None
    """Whatever."""
    start: Annotated[Inner | None, BeforeValidator(lambda value: value, json_schema_input_type=UserPath | Inner)] = None
    """Short or long."""
    inner: Inner = Inner()
    other: Inner | None = None


def test_types_defaults_and_meanings_are_written_in_plain_words():
    assert reference(Outer, "**All**") == (
        "**All**\n\n"
        "- `name` (word; required): See [the space](#the-space) and [docs/engine.md](../docs/engine.md).\n"
        "- `count` (integer from 1 to 4294967295; default `5`): How many.\n"
        "- `least` (integer of 2 or more; default `3`): Few.\n"
        "- `share` (number above 0 and below 1; default `0.25`): Some.\n"
        "- `decay` (number from 0 to below 1; default `0.5`): Slow.\n"
        "- `most` (number above 0 and at most 10^12; default `10800`): Much.\n"
        "- `limit` (number above 0; optional): No limit without it.\n"
        "- `yes` (`true` or `false`; default `true`): Or not.\n"
        "- `way` (`one` or `other`; default `one`): Which.\n"
        "- `ways` (list of `one` or `other`; default all): Which of them.\n"
        "- `pair` (`ranks` or list of 2 numbers; default `[0, 1.5]`): Two.\n"
        "- `folder` (path; default `data`): Where.\n"
        "- `settings` (keys and values; optional): Of another.\n"
        "- `notes` (anything; optional): Whatever.\n"
        "- `start` (path or keys and values; optional): Short or long.\n"
        "- `start.deep` (integer; default `2`): How deep.\n\n"
        "**`inner`**: What is within.\n\n"
        "- `inner.deep` (integer; default `2`): How deep.\n\n"
        "**`other`**: What is within.\n\n"
        "- `other.deep` (integer; default `2`): How deep.\n"
    )


def test_schemas_and_the_lists_of_keys_are_those_of_the_typed_classes():
    subprocess.run([sys.executable, "scripts/schemas.py", "--check"], cwd=ROOT, check=True)


def test_only_the_text_between_the_comments_is_replaced():
    page = "Before.\n\n<!-- keys: written -->\n{}<!-- end of keys -->\n\nAfter, <!-- else: written -->.\n"
    for old in ("", "old\n", "\n- new \\1\n\n"):
        assert inserted(page.format(old), "keys", "- new \\1\n") == page.format("\n- new \\1\n\n")


@pytest.mark.parametrize("page", ["", "<!-- keys: a -->\n<!-- end of others -->\n"])
def test_a_page_without_a_place_for_the_list_is_refused(page):
    with pytest.raises(ValueError, match="once, found 0"):
        inserted(page, "keys", "- new\n")


def test_a_setting_without_a_docstring_is_refused():
    class Bare(Settings):
        """Something."""

        bare: int = 1

    with pytest.raises(ValueError, match="bare has no docstring"):
        reference(Bare, "**Bare**")
