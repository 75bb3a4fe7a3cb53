"""What surrounds a run of the workflow: its lock on the results folder, its progress line."""

import sys
from pathlib import Path
from typing import IO

from jointsearch import lock
from jointsearch.errors import UserError
from jointsearch.hyperband import budgets
from jointsearch.incumbent import Incumbent
from jointsearch.pipeline import Pipeline
from jointsearch.plan import amount
from jointsearch.progress import Progress, Reader, Watcher
from jointsearch.records import Value, read_record, sweep


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
        sweep(self._pipeline.folder)
        reader = Reader(self._pipeline.study, self._pipeline.experiment.id)
        ladder, unit = budgets(self._pipeline.config.budget), self._pipeline.config.budget.unit

        def look() -> Progress:
            return reader.read(self._pipeline.brackets, ladder, unit)

        self._watcher = Watcher(look, sys.stderr)
        self._watcher.start()

    def finish(self) -> None:
        """Show the final state and where the results are, and release the lock."""
        if self._lock and self._watcher:
            self._watcher.finish()
            print(f"results in {self._pipeline.folder}")
            self._lock.close()


def summary(folder: Path) -> str:
    """Say where the results of an experiment are and what its best configuration is."""
    lines = [f"results     {folder}"]
    for name in ("observations.csv", "figures/budget_correlation.png", "figures/full_budget_evaluations.png"):
        if (folder / name).exists():
            lines.append(f"            {folder / name}")
    if (folder / "incumbent.json").exists():
        try:
            lines += _best(read_record(folder / "incumbent.json", Incumbent))
        except UserError as error:
            lines.append(f"best        unknown: {error}")
    return "\n".join(lines)


def _best(best: Incumbent) -> list[str]:
    if best.values is None or best.budget is None or best.budget_unit is None:
        return [f"best        none: {best.message}"]
    values = [f"            {name} = {_value(value)}" for name, value in best.values.items()]
    return [
        f"best        {best.loss:.2%} validation error, {best.test_error:.2%} test error, {best.parameters:,} weights, "
        f"after {amount(best.budget, best.budget_unit)} ({best.evaluation})",
        *values,
    ]


def _value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
