"""What do the records of an experiment say so far?

Makes the tables, figures, numbers and the paper from all trainings so far, at once and without any training, as the
workflow makes them one by one at the end. The records that come with this repository (`records.tar.gz` in a results
folder) are unpacked first, if the experiment has none yet.
"""

import argparse
import shlex
from pathlib import Path

from jointsearch.audit import archive
from jointsearch.core import cli, config, layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes, write_record
from jointsearch.paper.build import build
from jointsearch.paper.facts import gather
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.results import Results
from jointsearch.search.resolve import configuration
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
    if not study_jobs.frozen.exists():
        command = shlex.join(["snakemake", "--configfile", str(arguments.config)])
        raise UserError(f"{folder}: no records yet; run the workflow first: {command}")
    write_record(layout.plan_file(folder), study_jobs.graph.plan)
    results = Results.read(folder)
    made = configuration(results.experiment, study_jobs.length, settings.studies) | outcomes(results)
    for name, content in made.items():
        write_bytes(folder / name, content)
    print(f"{folder}: {len(made)} tables, figures, numbers and pages", flush=True)
    write_bytes(folder / "paper.pdf", build(gather(settings, folder), folder))
    print(f"{folder / 'paper.pdf'}")


if __name__ == "__main__":
    cli.run(main)
