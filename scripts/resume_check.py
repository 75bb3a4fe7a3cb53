"""Can the search be started again?

Says whether a run of the workflow works on these results, which trainings of an earlier one still go on, here or on a
cluster, and which commands stop them or go on.
"""

import argparse
from pathlib import Path

from jointsearch import cli, config, lock
from jointsearch.errors import UserError
from jointsearch.pipeline import Pipeline
from jointsearch.under_way import saved_states, slots_under_way, slurm_jobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON")
    arguments = parser.parse_args()
    pipeline = Pipeline.from_config(config.read(arguments.config))
    if not pipeline.folder.exists():
        print(f"{pipeline.folder}: nothing there yet")
        return
    try:
        lock.take(pipeline.folder).close()
        print(f"{pipeline.folder}: no run works here")
    except UserError as error:
        print(error)
    held, jobs, states = slots_under_way(pipeline), slurm_jobs(Path.cwd()), saved_states(pipeline)
    for file in held:
        print(f"{file}: a process trains it now")
    for job in jobs or []:
        print(f"Slurm job {job.id}: {job.state}, {job.used} on {job.where}: {job.what}")
    if states:
        print(f"{len(states)} interrupted trainings go on from their saved state (search/bracket-*/rung-*/state-*.pt)")
    print("to go on:   the command that you started it with; what still trains is waited for, not trained twice")
    if live := [job.id for job in jobs or [] if job.state != "COMPLETING"]:
        print(f"to stop:    scancel {' '.join(live)}")
        print("to wait:    repeat this until no Slurm job is left")


if __name__ == "__main__":
    cli.run(main)
