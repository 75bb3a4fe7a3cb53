"""docs/engine.md says how a training goes, file by file."""

import re
from pathlib import Path

from jointsearch.core.imports import PACKAGE

PAGE = Path(__file__).parents[2] / "docs" / "engine.md"


def test_it_names_every_file_of_the_training_and_no_other():
    section = re.search(r"## How a training goes\n(.*?)\n## ", PAGE.read_text(), flags=re.DOTALL)[1]
    named = {name.partition(".")[0] for name in re.findall(r"`([a-z_]+(?:\.ImageData)?)`", section)}
    assert named == {file.stem for file in (PACKAGE / "training").glob("*.py")} - {"__init__"}
    others = re.findall(r"`((?:networks|core)/[a-z_]+\.py)`", section)
    assert others and all((PACKAGE / name).exists() for name in others)
