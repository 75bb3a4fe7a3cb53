"""Whatever is written in a configuration, what is wrong with it is said in plain words."""

import math
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from jointsearch.core import config
from jointsearch.core.errors import UserError

WRONG = [None, [], {}, "x", "", "y" * 200, -1, 0, 1.5, math.inf, math.nan, True, 10**30, [1, [2]], {"a": 1}, {1: 2}]
OF_PYDANTIC = re.compile("Input should be (?!(greater|less) than)|should (have|match)|valid |Field |Tuple|Keys|None")
Path = tuple[str | int, ...]


def below(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from below(one)


def paths(model: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    """Each key of a configuration; `a` where names are free, 0 in lists."""
    for name, field in model.model_fields.items():
        yield (*above, name)
        kind = str(field.annotation)
        between = ("a",) if "dict[" in kind else (0,) if "tuple[" in kind else ()
        for section in below(field.annotation):
            yield from paths(section, (*above, name, *between))


def with_value(path: Path, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = [value] if key == 0 else {key: value}
    return {"experiment": "x"} | value


@pytest.mark.parametrize("section", sorted(config.Config.model_fields))
def test_no_sentence_of_pydantic_is_left_that_does_not_say_what_to_write(section):
    refused = 0
    for path in paths(config.Config):
        for value in WRONG if path[0] == section else ():
            try:
                config.parse(with_value(path, value))
            except UserError as error:
                refused += 1
                said = str(error).split(" (got ")[0]
                assert not OF_PYDANTIC.search(said.removeprefix("config: ")), said
    assert refused or section == "notes"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("search", "lags"), 3, "search.lags: expected a list, as in [1, 2] (got 3)"),
        (("budget", "unit"), 5, "budget.unit: expected text, quoted if it looks like something else (got 5)"),
        (("data", "horizontal_flip"), "maybe", "data.horizontal_flip: expected true or false (got 'maybe')"),
        (("jobs", "workers"), 1.5, "jobs.workers: expected a whole number (got 1.5)"),
        (("jobs", "workers"), [2], "jobs.workers: expected a whole number (got [2])"),
        (("jobs", "device"), "gpu", "jobs.device: expected 'auto', 'cpu' or 'cuda' (got 'gpu')"),
        (
            ("data", "sha256"),
            "f00",
            "data.sha256: expected the SHA-256 that `sha256sum` prints: 64 digits and letters from a to f (got 'f00')",
        ),
    ],
)
def test_it_says_what_is_expected_and_what_was_given(path, value, says):
    with pytest.raises(UserError) as error:
        config.parse(with_value(path, value))
    assert str(error.value) == f"config: {says}"
