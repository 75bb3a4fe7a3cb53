"""Which settings define this experiment?

Takes them as JSON; writes `experiment.json`, all settings that change a result, beside the results they make.
Refuses to replace the settings of another experiment.
"""

import argparse
from pathlib import Path

from jointsearch import cli
from jointsearch.experiment import Experiment, refuse_another
from jointsearch.records import write_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", type=Experiment.model_validate_json, help="the settings, JSON")
    parser.add_argument("output", type=Path, help="experiment.json to write")
    arguments = parser.parse_args()
    refuse_another(arguments.output, arguments.settings)
    write_record(arguments.output, arguments.settings)


if __name__ == "__main__":
    cli.run(main)
