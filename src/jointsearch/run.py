"""What surrounds a run of the workflow: its lock on the results folder, its progress line."""

import sys
from typing import IO

from jointsearch import lock
from jointsearch.hyperband import budgets
from jointsearch.pipeline import Pipeline
from jointsearch.progress import Progress, Reader, Watcher


class Run:
    """One run of a pipeline, from its start to its end, well or badly."""

    def __init__(self, pipeline: Pipeline):
        self._pipeline = pipeline
        self._lock: IO[str] | None = None
        self._watcher: Watcher | None = None

    def start(self) -> None:
        """Take the lock and begin to show progress.

        Raises
        ------
        UserError
            If another run works in the same results folder.
        """
        self._lock = lock.take(self._pipeline.folder)
        reader = Reader(self._pipeline.study)
        ladder, unit = budgets(self._pipeline.config.budget), self._pipeline.config.budget.unit

        def look() -> Progress:
            return reader.read(self._pipeline.brackets, ladder, unit)

        self._watcher = Watcher(look, sys.stderr)
        self._watcher.start()

    def finish(self) -> None:
        """Show the final state and release the lock."""
        if self._watcher:
            self._watcher.finish()
        if self._lock:
            self._lock.close()
