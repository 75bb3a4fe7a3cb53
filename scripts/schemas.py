"""Which JSON schemas describe the configuration and the records?

Writes them to `workflow/schemas/`, generated from the typed classes; with --check, says which are out of date.
"""

import argparse
import json
from pathlib import Path

from pydantic import BaseModel

from jointsearch.core import cli
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes
from jointsearch.core.records import Batch, DataSet, Evaluation, History, Rung, WarmStart
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.plan import Plan
from jointsearch.space.file import SpaceFile

FOLDER = Path("workflow/schemas")
KINDS: tuple[type[BaseModel], ...] = (
    Config,
    SpaceFile,
    Experiment,
    Plan,
    DataSet,
    WarmStart,
    History,
    Rung,
    Evaluation,
    Batch,
    Incumbent,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a schema is out of date")
    arguments = parser.parse_args()
    for kind in KINDS:
        path = FOLDER / f"{kind.__name__}.schema.json"
        schema = (json.dumps(kind.model_json_schema(), indent=2, sort_keys=True) + "\n").encode()
        if not arguments.check:
            write_bytes(path, schema)
        elif not path.exists() or path.read_bytes() != schema:
            raise UserError(f"{path}: out of date; run `make schemas`")


if __name__ == "__main__":
    cli.run(main)
