"""How far is a search?

Reads the result files of a search, in progress or not, here or elsewhere; prints counts for each budget, failures,
the best so far and the time left.
"""

import argparse
import time
from pathlib import Path

from jointsearch import cli, config
from jointsearch.hyperband import budgets
from jointsearch.pipeline import Pipeline
from jointsearch.progress import Reader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    parser.add_argument("--follow", type=float, metavar="SECONDS", help="look again every so many seconds, until done")
    arguments = parser.parse_args()
    pipeline = Pipeline.from_config(config.read(arguments.config))
    ladder, unit = budgets(pipeline.config.budget), pipeline.config.budget.unit
    reader = Reader(pipeline.study)
    while True:
        progress = reader.read(pipeline.brackets, ladder, unit)
        print(f"{pipeline.study}\n{progress.panel()}", flush=True)
        if not arguments.follow or progress.done == progress.total:
            return
        time.sleep(arguments.follow)


if __name__ == "__main__":
    cli.run(main)
