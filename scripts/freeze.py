"""Which settings define this experiment?

Reads a config file and its space file; writes `experiment.json`, all settings that change a result, beside the
results they make. Refuses to replace the settings of another experiment.
"""

import argparse
from pathlib import Path

from jointsearch import cli, config
from jointsearch.experiment import Experiment, refuse_another
from jointsearch.records import write_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    parser.add_argument("output", type=Path, help="experiment.json to write")
    arguments = parser.parse_args()
    experiment = Experiment.from_config(config.read(arguments.config))
    refuse_another(arguments.output, experiment)
    write_record(arguments.output, experiment)


if __name__ == "__main__":
    cli.run(main)
