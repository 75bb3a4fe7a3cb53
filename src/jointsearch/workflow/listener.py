"""The begin and the end of a run, as Snakemake's messages show them.

Nothing here imports Snakemake: its objects are passed in.
"""

import logging
from typing import Any

from jointsearch.core.cli import no_access_refused
from jointsearch.core.errors import UserError
from jointsearch.workflow.deployment import check_submission
from jointsearch.workflow.session import Session


class Listener:
    """A filter of Snakemake's messages, through which a run notices its begin and end; a module has no `onstart:`.

    Two listeners of the same results folder are equal, so that a logger adds only the first: a module is read again
    each time its rules are used.

    Parameters
    ----------
    session
        Starts before the first job, and ends when Snakemake does.
    workflow
        Snakemake's object.
    progress
        Silences Snakemake's own progress: the progress line is clearer than "Finished jobid: 1234".
    refusal
        The exception that Snakemake reports in one line if the run cannot start.
    """

    READING = ("plan", "audit")
    """Rules that only read and print: they need no lock and show no progress."""

    def __init__(self, session: Session, workflow: Any, progress: Any, refusal: type[Exception]):
        self._session, self._workflow, self._progress, self._refusal = session, workflow, progress, refusal
        self._reading = {workflow.modifier.modify_rulename(name) for name in self.READING}
        self._listens = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listener) and other._session.folder == self._session.folder

    def __hash__(self) -> int:
        return hash(self._session.folder)

    def filter(self, record: logging.LogRecord) -> bool:
        """Handle a message; whether it is to be shown."""
        if self._listens:
            if self._workflow.output_settings.quiet is not None:
                self._workflow.output_settings.quiet.add(self._progress)
            # The last message of Snakemake, which is still in its working directory.
            if record.getMessage().startswith("Elapsed time: "):
                self._session.finish()
            return self._session.listen(record)
        if str(getattr(record, "event", None)) == "run_info" and not self._workflow.dryrun:
            self._listens = True
            if record.__dict__["stats"].keys() - {"total"} - self._reading:
                self._start()
        return True

    def _start(self) -> None:
        look_only_when_needed(self._workflow.scheduler)
        try:
            with no_access_refused():
                check_submission(self._workflow.executor_plugin.name)
                self._session.start({str(file) for job in self._workflow.dag.jobs for file in job.output})
        except UserError as error:
            raise self._refusal(str(error)) from None


def look_only_when_needed(scheduler: Any) -> None:
    """Have Snakemake look for jobs to start when one has ended, not also by the clock.

    It comes with a limit of 100 jobs a second. To keep it, it looks again a second after each time that it has looked,
    and so, as long as jobs are ready, once more each second for each job that has ended: after some hundred jobs this
    takes a whole core. Another limit that a user has set is kept.
    """
    limit = scheduler.job_rate_limiter
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        scheduler.job_rate_limiter = None
