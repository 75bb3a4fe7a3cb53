"""What does a study train if it neither samples nor promotes?

Reads the plan of the experiment, the settings of the study and the records of the studies that it follows; writes the
proposals of a rung: random configurations, the same ones in every rung; manual architectures; for the retraining, the
best configurations of the search and of the manual architectures; or, for a gradient-based step of an arm, the values
with which its only network is trained.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import write_record
from jointsearch.results.folder import Folder
from jointsearch.search.studies.kinds import proposer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="results folder of the experiment")
    parser.add_argument("output", type=Path, help="proposals.json of the rung, to write")
    arguments = parser.parse_args()
    folder = Folder(arguments.folder)
    (study, bracket), rung = layout.bracket_of(arguments.output.parent.parent), layout.rung_of(arguments.output.parent)
    planned = folder.plan.find(study.name)
    followed = {name: folder.evaluations_of(folder.plan.find(name)) for name in planned.follows}
    proposed = proposer(planned).propose(folder.settings_of(planned.name), planned, bracket, rung, followed)
    write_record(arguments.output, proposed)


if __name__ == "__main__":
    cli.run(main)
