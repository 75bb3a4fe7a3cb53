"""Which settings define this experiment, or this study of it?

Takes them as JSON; writes `experiment.json`, all settings that change a result, beside the results.
Refuses to replace the settings of another experiment. A later step of an arm takes parts of its space from the
incumbents of those before it.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import read_record, write_record
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.resolve import refuse_another
from jointsearch.search.studies.arms import later_step
from jointsearch.training.objective import Objective


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", type=Experiment.model_validate_json, help="the settings, JSON")
    parser.add_argument("output", type=Path, help="experiment.json to write")
    parser.add_argument("--found", type=Path, nargs="*", help="of a study: incumbent.json of each step before, if any")
    parser.add_argument("--keep", nargs="*", default=[], help="hyperparameters whose values are kept from there")
    arguments = parser.parse_args()
    found = [read_record(path, Incumbent) for path in arguments.found or []]
    settings = later_step(arguments.settings, found, arguments.keep)
    refuse_another(arguments.output, settings)
    if settings.objective is not None and arguments.found is None:
        # Reported here, once, and not by every study and training.
        Objective.of(settings.objective)
    write_record(arguments.output, settings)


if __name__ == "__main__":
    cli.run(main)
