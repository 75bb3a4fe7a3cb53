"""Can the search be started again?

Reports whether a run of the workflow uses these results, which trainings of an earlier run are still running, here or
on a cluster, and which commands stop them or resume the search. If Slurm does not answer, it reports what files and
locks show, then why Slurm does not answer, and exits with 1.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, config, lock
from jointsearch.core.errors import UserError
from jointsearch.workflow import slurm
from jointsearch.workflow.running import running_slots, saved_states
from jointsearch.workflow.study_jobs import StudyJobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    arguments = parser.parse_args()
    all_jobs = list(StudyJobs.all_from_config(config.read(arguments.config)).values())
    study_jobs = all_jobs[0]
    if not study_jobs.folder.exists():
        print(f"{study_jobs.folder}: nothing there yet")
        return
    if run := lock.holder(study_jobs.folder):
        print(f"{study_jobs.folder}: a run works here ({run})")
    else:
        print(f"{study_jobs.folder}: no run works here")
    for file in (file for one in all_jobs for file in running_slots(one)):
        print(f"{file}: a process trains it now")
    jobs: list[slurm.SlurmJob] = []
    silence: UserError | None = None
    try:
        jobs = slurm.jobs(Path.cwd()) or []
    except UserError as error:
        silence = error
    for job in jobs:
        place = job.where if job.where.startswith("(") else f"on {job.where}"
        print(f"Slurm job {job.id}: {job.state}, {job.used} {place}: {job.what}")
    if states := [state for one in all_jobs for state in saved_states(one)]:
        print(f"{len(states)} interrupted trainings resume from their saved states (state-*.pt, scratch-*)")
    if run:
        print("to stop:    Ctrl-C in that run, or kill -INT its process")
    else:
        print("to resume:  the command that started the run; it waits for trainings still running (none runs twice)")
        if live := [job.id for job in jobs if job.state != "COMPLETING"]:
            others = sorted(path.parent.name for path in study_jobs.results.glob("*/experiment.json"))
            whose = f" (those of all searches in this folder: {', '.join(others)})" if len(others) > 1 else ""
            print(f"to stop:    scancel {' '.join(live)}{whose}")
            print("to wait:    repeat this until no Slurm job is left")
    if silence is not None:
        raise UserError(f"jobs in Slurm's queue are not known: {silence}")


if __name__ == "__main__":
    cli.run(main)
