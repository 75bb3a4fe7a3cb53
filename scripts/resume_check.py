"""Can the search be started again?

Reports whether a run of the workflow uses these results, which trainings of an earlier run are still running, here or
on a cluster, and which commands stop them or resume the search. If Slurm does not answer, it reports what files and
locks show, then why Slurm does not answer, and exits with 1.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, config
from jointsearch.workflow import resume_check
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    arguments = parser.parse_args()
    all_jobs = StudyJobs.all_from_config(config.read(arguments.config))
    for line in resume_check.report(list(all_jobs.values()), Path.cwd()):
        print(line)


if __name__ == "__main__":
    cli.run(main)
