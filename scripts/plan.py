"""What will this search cost?

Reads a config file; prints the bracket table, the trainings at each budget, the total training time, and, by
simulation, how long it takes on a number of workers, how busy they are, and when the model can first propose; and what
the studies beside the search train, and how many proposals of arms can come from a model.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, config, layout
from jointsearch.space.space import Space
from jointsearch.workflow import arm_proposals, cost
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    parser.add_argument("--workers", type=cli.positive(int), help="concurrent trainings (default: jobs.workers)")
    arguments = parser.parse_args()
    settings = config.read(arguments.config)
    all_jobs = StudyJobs.all_from_config(settings)
    # Forbidden clauses may leave nothing, which only drawing from the space shows.
    Space(all_jobs[layout.SEARCH].experiment.space)
    parts = [cost.report(all_jobs, arguments.workers or settings.jobs.workers), arm_proposals.report(all_jobs)]
    print("\n\n".join(filter(None, parts)))


if __name__ == "__main__":
    cli.run(main)
