"""What surrounds a run of the workflow: its lock on the results folder, its progress line."""

import contextlib
import logging
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, TextIO

from jointsearch.core import code, layout, lock
from jointsearch.core.errors import UserError
from jointsearch.core.files import record_bytes, sweep, write_record
from jointsearch.core.interruption import take_hangup_for_sigterm
from jointsearch.core.units import amount
from jointsearch.training import environment, job
from jointsearch.workflow import gaps, time_stamps
from jointsearch.workflow.progress import Watcher
from jointsearch.workflow.running import running_slots
from jointsearch.workflow.status import reader_of
from jointsearch.workflow.study_jobs import StudyJobs

NOISE = re.compile(
    r"Select jobs|Execute |Job \d+ has been submitted|No SLURM account|No account was|Unable to guess SLURM account"
)
"""How messages begin that do not help a user; sbatch itself reports a missing account if the cluster needs one."""


class Session:
    """One run of the workflow on the jobs of all studies, from its start to its end, successful or not."""

    def __init__(self, all_jobs: Mapping[str, StudyJobs]):
        self._all_jobs, self._study_jobs = all_jobs, all_jobs[layout.SEARCH]
        self._lock: IO[str] | None = None
        self._watcher: Watcher | None = None
        self._earlier: dict[str, int] = {}
        self._settled = False
        self._gaps, self._known = gaps.Gaps(), time_stamps.Known()
        self._failed: list[tuple[str, str]] = []
        self._done = False

    @property
    def folder(self) -> Path:
        """The results folder, which only one run at a time may use."""
        return self._study_jobs.folder

    def start(self, outputs: Collection[str] = ()) -> None:
        """Take the lock and start the progress line.

        Parameters
        ----------
        outputs
            Files that the jobs of this run make, or have made before: the progress is that of the trainings among them.

        Raises
        ------
        UserError
            If another run works in the same results folder.
        """
        self._lock = lock.take(self._study_jobs.folder)
        sweep(self._study_jobs.folder)
        for note in gaps.open_up(self.folder, self._gaps):
            _say(f"note: {note}", sys.stderr)
        self.write_plan()
        self._report_changes()
        if running := [file for one in self._all_jobs.values() for file in running_slots(one)]:
            print(
                f"note: still running: {amount(len(running), 'trainings')} of an earlier run, such as {running[0]}; "
                "this run waits and trains nothing twice (make resume-check)",
                file=sys.stderr,
            )
        take_hangup_for_sigterm()
        self._watcher = Watcher(reader_of(list(self._all_jobs.values()), outputs).read, sys.stderr)
        self._watcher.start()

    def write_plan(self) -> None:
        """Write down what is to be trained, before any job reads it.

        No rule makes it: if the plan were an input of a rule, even an `ancient` one, Snakemake would plan that rule
        again, or skip it, together with all that depends on it, whenever the plan grows.
        """
        path, plan = layout.plan_file(self.folder), self._study_jobs.graph.plan
        if not path.exists() or path.read_bytes() != record_bytes(plan):
            write_record(path, plan)

    def _report_changes(self) -> None:
        """Print a line if the code is not that of earlier trainings, while there are trainings to come."""
        batches = (batch for one in self._all_jobs.values() for rung in one.rungs for batch in rung)
        if not all(batch.exists() for batch in batches):
            experiment = self._study_jobs.experiment
            environment.report_changes(self.folder, code.training_code(experiment.own), code.own_code(experiment.own))

    def settle(self, forced: set[str]) -> list[str]:
        """Set the time stamps of results that were moved, and name the files that have to be remade whatever theirs.

        Returns no file: it is called as an input function, since Snakemake evaluates those before it compares any time
        stamps, in a dry run too. Results that another run works on are left as they are.

        Parameters
        ----------
        forced
            The files that Snakemake remakes in any case, to which these are added.
        """
        if not self._settled and self._study_jobs.settings_file.exists() and not self._is_in_use:
            rungs = [rung for one in self._all_jobs.values() for rung in one.rungs]
            repacked = {path: batch for rung in rungs for path, batch in job.repacked(rung).items()}
            self._gaps = gaps.find(self._all_jobs, repacked)
            self._known = time_stamps.settle(self.folder, self._study_jobs.config, repacked, bool(self._gaps.made))
            for note in gaps.notes(self.folder, self._gaps, self._known):
                _say(f"note: {note}", sys.stderr)
            forced.update(str(self.folder / name) for name in self._known.stale)
            forced.update(map(str, self._gaps.made))
        self._settled = True
        return []

    @property
    def _is_in_use(self) -> bool:
        """Whether another run works on the results; also where a file system cannot tell."""
        try:
            return lock.holder(self.folder) is not None
        except UserError:
            return True

    def listen(self, record: logging.LogRecord) -> bool:
        """Handle a message of Snakemake; whether it is to be shown. Reports why a job on a cluster failed."""
        event = record.__dict__
        logs = event.get("log") or []
        if event.get("event") == "job_info":
            # About to be submitted: what its logs hold now is of an earlier attempt.
            self._earlier |= {log: _size(Path(log)) for log in logs}
        if event.get("event") == "job_error":
            self._failed.append((", ".join(event["output"]), ", ".join(logs)))
            if event.get("rule_msg"):
                _say(failure(event["output"], event["rule_msg"], logs, self._earlier), sys.stderr)
        if event.get("event") == "progress":
            self._done = event["done"] == event["total"]
        return not NOISE.match(record.getMessage())

    def finish(self) -> None:
        """Show the final state and where the results are, or what has failed; and release the lock."""
        if self._lock and self._watcher:
            self._watcher.finish()
            # What was stale has to be looked at again: not all of it may have been a part of this run.
            if not self._known.stale:
                time_stamps.remember(self.folder, self._study_jobs.config)
            self._lock.close()
            if self._done:
                _say(f"results in {self.folder}", sys.stdout)
            elif self._failed:
                output, log = self._failed[-1]
                number = f"{len(self._failed)} jobs failed, the last one" if self._failed[1:] else "a job failed"
                _say(f"{number} for {output}; its log: {log}", sys.stderr)


def _say(text: str, stream: TextIO) -> None:
    """Print, if anything still reads: a terminal that closes must not end a run."""
    with contextlib.suppress(OSError):
        print(text, file=stream, flush=True)


def failure(output: Sequence[str], message: str, logs: Sequence[str], earlier: Mapping[str, int]) -> str:
    """Report in one line why a job on another machine failed.

    Parameters
    ----------
    output
        Files that it was to write.
    message
        The message of the executor.
    logs
        Its log files, its own first.
    earlier
        Bytes at the beginning of some of them that earlier attempts wrote, and that are not quoted.
    """
    reason = message.partition("For further error details")[0].partition(" Detailed failure reason")[0]
    reason = " ".join(reason.partition("sbatch call:")[0].split())
    line = f"failed: {', '.join(output)}: {reason}"
    for log in logs:
        with contextlib.suppress(OSError):
            written = Path(log).read_bytes()[earlier.get(log, 0) :].decode(errors="replace")
            lines = [line for line in written.splitlines() if line.strip()]
            if lines:
                return f"{line} Its log {log} ends: {lines[-1].strip()}"
    return line


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
