"""A training job whose process is not all ours: an objective of one's own may end it in any way, or keep it alive."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from jointsearch.core import layout
from jointsearch.core.interruption import Interruption
from jointsearch.training import objective
from jointsearch.training.job import Job

GRACE = 10.0
"""Seconds that a process has to end after its work: for threads that it waits for, and handlers of libraries."""


@contextmanager
def supervised(job: Job, interruption: Interruption) -> Iterator[None]:
    """Run a `with` block in a child process, and nothing behind it in this one, which reports how the child ended.

    Without an objective of one's own, this is any block.

    Parameters
    ----------
    job
        The job that the block does.
    interruption
        Whether this process was asked to end; it asks the child then.

    Raises
    ------
    SystemExit
        In this process, after the child has ended, with its exit code; 1 if it ended in the middle of its work.
    """
    if job.experiment.objective is None:
        yield
        return
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.close(writer)
        sys.exit(_wait(child, reader, job, interruption))
    os.close(reader)
    code = b"1"
    try:
        yield
        code = b"0"
    finally:
        # A parent that was killed reads nothing.
        with suppress(BrokenPipeError):
            os.write(writer, code)
        os.close(writer)


def _wait(child: int, reader: int, job: Job, interruption: Interruption) -> int:
    """Wait for a child; the exit code of this process."""
    asked, done, since = False, b"", 0.0
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if interruption.by is not None and not asked:
            # A signal to the whole group has reached the child already, which notes the first one only.
            os.kill(child, signal.SIGTERM)
            asked = True
        if not done:
            done, since = _read(reader), time.monotonic()
        if done and time.monotonic() - since > GRACE:
            what = (
                "its process did not end, as with a thread that is not joined; it was killed, and its results are kept"
            )
            _report(job, what, job.slots[-1:])
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return int(done)
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(ended[1])
    if done := done or _read(reader):
        # What a library does after the last result, such as to crash, spoils none.
        return max(code, int(done)) if code >= 0 else int(done)
    if code >= 0:
        _report(job, f"ended the process, as os._exit({code}) does; return a loss, or raise")
    elif -code not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        name = signal.Signals(-code).name
        why = "as if memory is short" if name == "SIGKILL" else "as by a library that crashes"
        _report(job, f"the process was ended by {name}, {why}")
    else:
        return 128 - code
    return 1


def _read(reader: int) -> bytes:
    """What the child has written so far; what it has forked may keep the pipe open."""
    return os.read(reader, 1) if select.select([reader], [], [], 0)[0] else b""


def _report(job: Job, what: str, last: Sequence[int] = ()) -> None:
    """Say in one line what came of the process, and of which configurations: those that have begun, or the last."""
    begun = [slot for slot in job.missing() if layout.scratch_folder(job.folder, slot).exists()]
    which = [job.rung.proposals[slot].in_words for slot in begun or last]
    print(
        "; ".join([f"error: {objective.KEY}: {job.experiment.objective}: {what}", *which]), file=sys.stderr, flush=True
    )
