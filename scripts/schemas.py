"""What may stand in the configuration and in the records?

Writes it, generated from the typed classes: JSON schemas to `workflow/schemas/`, and the keys of the
configuration and the settings of samplers to `config/README.md`. With --check, says what is out of date.
"""

import argparse
import json
from pathlib import Path

from pydantic import BaseModel

from jointsearch.core import cli
from jointsearch.core.config import Config
from jointsearch.core.config.reference import inserted, reference
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.files import write_bytes
from jointsearch.core.history import History, WarmStart
from jointsearch.core.proposal import Rung
from jointsearch.samplers.registry import with_settings
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.plan import Plan
from jointsearch.space.file import SpaceFile

FOLDER = Path("workflow/schemas")
PAGE = Path("config/README.md")
KINDS: list[type[BaseModel]] = [Config, SpaceFile, Experiment, Plan, DataSet, WarmStart]
KINDS += [History, Rung, Evaluation, Batch, Incumbent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is out of date")
    arguments = parser.parse_args()
    samplers = [reference(kind, f"**`{name}`**: {kind.__doc__}") for name, kind in with_settings().items()]
    page = inserted(PAGE.read_text(), "keys", reference(Config, "**Top level**"))
    made = {PAGE: inserted(page, "settings", "\n".join(samplers))}
    for kind in KINDS:
        schema = json.dumps(kind.model_json_schema(), indent=2, sort_keys=True)
        made[FOLDER / f"{kind.__name__}.schema.json"] = f"{schema}\n"
    for path, content in made.items():
        if not arguments.check:
            write_bytes(path, content.encode())
        elif not path.exists() or path.read_bytes() != content.encode():
            raise UserError(f"{path}: out of date; run `make schemas`")


if __name__ == "__main__":
    cli.run(main)
