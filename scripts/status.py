"""How far is a search?

Reads the result files of a search, in progress or not, here or elsewhere; prints which images it trains on, damaged
records, counts for each budget, failures, the best so far and the time left, and what Slurm says of its jobs; when it
is complete, where the results are and the best configuration.
"""

import argparse
import time
from pathlib import Path

from jointsearch.core import cli, config
from jointsearch.core.errors import UserError
from jointsearch.workflow import slurm
from jointsearch.workflow.gaps import damage
from jointsearch.workflow.status import images, reader_of, summary
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    parser.add_argument("--follow", type=cli.positive(float), metavar="SECONDS", help="look again until it is complete")
    arguments = parser.parse_args()
    by_study = StudyJobs.all_from_config(config.read(arguments.config))
    all_jobs = list(by_study.values())
    study_jobs, reader = all_jobs[0], reader_of(all_jobs)
    others = f"{study_jobs.folder}: the search and {len(all_jobs) - 1} studies"
    what = study_jobs.study_folder if len(all_jobs) == 1 else others
    while True:
        progress = reader.read()
        print(f"{what}\n{images(study_jobs.folder)}{damage(by_study)}{progress.panel()}", flush=True)
        complete = progress.done == progress.total
        if complete:
            print(summary(study_jobs.folder))
        else:
            _say_what_slurm_says()
        if complete or not arguments.follow:
            return
        time.sleep(arguments.follow)


def _say_what_slurm_says() -> None:
    try:
        jobs = slurm.jobs(Path.cwd(), patience=5.0)
    except UserError as error:
        print(f"{'in Slurm':>12} {error}", flush=True)
    else:
        if jobs:
            print(f"{'in Slurm':>12} {slurm.queue(jobs)}", flush=True)


if __name__ == "__main__":
    cli.run(main)
