"""What do the records of an experiment say so far?

Makes the tables, figures, numbers and the paper from all trainings so far, at once and without any training, as the
workflow makes them one by one at the end. The records that come with this repository (`records.tar.xz` in a results
folder) are unpacked first, if the experiment has none yet. While a run works in the results folder, or if it has a
manifest, which names what is there, all is made in its folder `draft`.
"""

import argparse
import shlex
from pathlib import Path

from jointsearch.audit import archive, manifest
from jointsearch.core import cli, config, layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_record
from jointsearch.workflow.outcomes import where_to_write, write_outcomes
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration of the experiment")
    arguments = parser.parse_args()
    settings = config.read(arguments.config)
    folder = Path("results") / settings.experiment
    packed = folder / archive.RECORDS
    if not (packed.exists() or layout.experiment_file(folder).exists()):
        command = shlex.join(["snakemake", "--configfile", str(arguments.config)])
        raise UserError(f"{folder}: no records yet; run the workflow first: {command}")
    with where_to_write(folder) as results:
        if (folder / manifest.NAME).exists():
            print(f"{folder / manifest.NAME}: kept, and all that it names; the workflow renews them", flush=True)
        if packed.exists() and (number := archive.unpack(packed, results / folder.name)):
            print(f"{packed}: {number:,} files of records unpacked", flush=True)
        study_jobs = StudyJobs.from_config(settings, results)
        write_record(layout.plan_file(study_jobs.folder), study_jobs.graph.plan)
        *made, paper = write_outcomes(study_jobs)
    print(f"{study_jobs.folder}: {len(made)} tables, figures, numbers and pages")
    print(paper)


if __name__ == "__main__":
    cli.run(main)
