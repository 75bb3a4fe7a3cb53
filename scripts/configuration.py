"""Which configuration makes these results again?

Reads the settings and the plan of an experiment; writes a configuration and its space file, all that it takes to
run the search again: what changes no result (folders, jobs, notes) is left at its default, unless it has none.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.config import StudySettings
from jointsearch.core.files import write_bytes
from jointsearch.results.folder import Folder
from jointsearch.search.resolve import configuration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json, plan.json beside it")
    parser.add_argument("studies", type=StudySettings.model_validate_json, help="the studies beside it, JSON")
    parser.add_argument("config", type=Path, help="config.yaml to write")
    parser.add_argument("space", type=Path, help="space.yaml to write")
    parser.add_argument("--seconds-per-unit", type=float, help="of the jobs, for an objective of one's own")
    arguments = parser.parse_args()
    folder = Folder(arguments.experiment.parent)
    brackets = len(folder.plan.search.brackets)
    files = configuration(folder.experiment, brackets, arguments.studies, arguments.seconds_per_unit)
    write_bytes(arguments.space, files["space.yaml"])
    write_bytes(arguments.config, files["config.yaml"])


if __name__ == "__main__":
    cli.run(main)
