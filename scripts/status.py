"""How far is a search?

Reads the result files of a search, in progress or not, here or elsewhere; prints counts for each budget, failures,
the best so far and the time left; when it is complete, where the results are and the best configuration.
"""

import argparse
import time
from pathlib import Path

from jointsearch import cli, config
from jointsearch.hyperband import budgets
from jointsearch.pipeline import Pipeline
from jointsearch.progress import Reader
from jointsearch.run import summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    parser.add_argument("--follow", type=cli.positive(float), metavar="SECONDS", help="look again until it is complete")
    arguments = parser.parse_args()
    pipeline = Pipeline.from_config(config.read(arguments.config))
    ladder, unit = budgets(pipeline.config.budget), pipeline.config.budget.unit
    reader = Reader(pipeline.study, pipeline.experiment.id)
    while True:
        progress = reader.read(pipeline.brackets, ladder, unit)
        print(f"{pipeline.study}\n{progress.panel()}", flush=True)
        complete = progress.done == progress.total
        if complete:
            print(summary(pipeline.folder))
        if complete or not arguments.follow:
            return
        time.sleep(arguments.follow)


if __name__ == "__main__":
    cli.run(main)
