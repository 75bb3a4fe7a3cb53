"""Whether this process was asked to end."""

import os
import signal
import threading
import time
from dataclasses import dataclass
from queue import SimpleQueue
from types import FrameType

KILLED_WITHIN = 600.0
"""The most seconds to wait between a cluster's request to end and its kill; if no kill follows, none was meant."""


class InterruptedTrainingError(Exception):
    """The process was asked to end."""


@dataclass
class Interruption:
    """Whether this process was asked to end: by a cluster before it kills a job, by Ctrl-C, by a terminal that closed.

    Attributes
    ----------
    by
        The signal.
    """

    by: signal.Signals | None = None

    def listen(self) -> None:
        """Note SIGTERM, SIGHUP and SIGINT from now on instead of ending; only in the main thread.

        SIGHUP and SIGINT stay ignored where they are, as under `nohup` or in the background of a script.
        """
        signal.signal(signal.SIGTERM, self._note)
        for number in (signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.by = self.by or signal.Signals(number)
        if number == signal.SIGINT:
            # A user who presses Ctrl-C twice does not want to wait.
            signal.signal(number, signal.SIG_DFL)

    def check(self, what: str = "") -> None:
        """Raise `InterruptedTrainingError` if the process was asked to end; `what` says what is lost or kept."""
        if self.by is not None:
            raise InterruptedTrainingError(f"interrupted by {self.by.name}{what}")

    def end(self) -> int:
        """Wait to be killed if a cluster is about to do so; else return the exit code of the process.

        A job that Slurm preempts is put back into the queue only if it runs until it is killed: one that ends by itself
        has failed.
        """
        assert self.by is not None
        if self.by == signal.SIGTERM and "SLURM_JOB_ID" in os.environ:
            time.sleep(KILLED_WITHIN)
        return 128 + self.by


def take_hangup_for_sigterm() -> None:
    """Let SIGHUP do what SIGTERM does in this process, unless it is ignored, as under `nohup`; only in the main thread.

    A terminal that closes sends it several times; the first signal counts. What SIGTERM does moves to a thread of its
    own: Snakemake takes a lock then, and a signal interrupts the main thread, which may hold that lock.
    """
    on_sigterm = signal.getsignal(signal.SIGTERM)
    if not callable(on_sigterm):
        return
    signals: SimpleQueue[int] = SimpleQueue()

    def wait() -> None:
        on_sigterm(signals.get(), None)

    threading.Thread(target=wait, daemon=True, name="signals").start()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: signals.put(number))
