"""Whether a search can be started again: which run works here, what still trains, how to stop or resume it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from jointsearch.core import lock
from jointsearch.core.errors import UserError
from jointsearch.workflow import slurm
from jointsearch.workflow.running import running_slots, saved_states
from jointsearch.workflow.study_jobs import StudyJobs


def report(all_jobs: Sequence[StudyJobs], working_directory: Path) -> Iterator[str]:
    """Say what uses the results of a search, and which commands stop or resume it, line by line.

    Parameters
    ----------
    all_jobs
        Those of all studies, the search first.
    working_directory
        From which jobs were submitted to Slurm.

    Raises
    ------
    UserError
        After all lines, if Slurm does not answer.
    """
    search = all_jobs[0]
    if not search.folder.exists():
        yield f"{search.folder}: nothing there yet"
        return
    run = lock.holder(search.folder)
    yield f"{search.folder}: a run works here ({run})" if run else f"{search.folder}: no run works here"
    for file in (file for one in all_jobs for file in running_slots(one)):
        yield f"{file}: a process trains it now"
    jobs: list[slurm.SlurmJob] = []
    silence: UserError | None = None
    try:
        jobs = slurm.jobs(working_directory) or []
    except UserError as error:
        silence = error
    for job in jobs:
        place = job.where if job.where.startswith("(") else f"on {job.where}"
        yield f"Slurm job {job.id}: {job.state}, {job.used} {place}: {job.what}"
    if states := [state for one in all_jobs for state in saved_states(one)]:
        yield f"{len(states)} interrupted trainings resume from their saved states (state-*.pt, scratch-*)"
    if run:
        yield "to stop:    Ctrl-C in that run, or kill -INT its process"
    else:
        yield "to resume:  the command that started the run; it waits for trainings still running (none runs twice)"
        if live := [job.id for job in jobs if job.state != "COMPLETING"]:
            others = sorted(path.parent.name for path in search.results.glob("*/experiment.json"))
            whose = f" (those of all searches in this folder: {', '.join(others)})" if len(others) > 1 else ""
            yield f"to stop:    scancel {' '.join(live)}{whose}"
            yield "to wait:    repeat this until no Slurm job is left"
    if silence is not None:
        raise UserError(f"jobs in Slurm's queue are not known: {silence}")
