"""What do the records of an experiment say so far?

Makes the tables, figures, numbers and the paper from all trainings so far, at once and without any training, as the
workflow makes them one by one at the end. The records that come with this repository (`records.tar.xz` in a results
folder) are unpacked first, if the experiment has none yet.
"""

import argparse
import shlex
from pathlib import Path

from jointsearch.audit import archive
from jointsearch.core import cli, config, layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_record
from jointsearch.workflow.outcomes import write_outcomes
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration of the experiment")
    arguments = parser.parse_args()
    settings = config.read(arguments.config)
    folder = Path("results") / settings.experiment
    packed = folder / archive.RECORDS
    if packed.exists() and (number := archive.unpack(packed, folder)):
        print(f"{packed}: {number:,} files of records unpacked", flush=True)
    study_jobs = StudyJobs.from_config(settings)
    if not study_jobs.settings_file.exists():
        command = shlex.join(["snakemake", "--configfile", str(arguments.config)])
        raise UserError(f"{folder}: no records yet; run the workflow first: {command}")
    write_record(layout.plan_file(folder), study_jobs.graph.plan)
    *made, paper = write_outcomes(study_jobs)
    print(f"{folder}: {len(made)} tables, figures, numbers and pages")
    print(paper)


if __name__ == "__main__":
    cli.run(main)
