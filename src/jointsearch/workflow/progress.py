"""Progress of a search: counts per budget, failures, best so far, time left; as a panel or one line."""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.units import amount, duration
from jointsearch.results.folder import DoubtingFolder
from jointsearch.search.hyperband import Bracket, trainings


@dataclass(frozen=True)
class SearchProgress:
    """State of a search.

    Attributes
    ----------
    budgets, unit
        All budgets, lowest first, and their unit.
    done, total
        Evaluations at each budget, complete and planned.
    failed
        Complete evaluations without a loss.
    best
        Lowest validation error at the largest budget that has one, as an evaluation.
    seconds_left
        Estimate from the pace so far; None before the first evaluation.
    """

    budgets: tuple[float, ...]
    unit: str
    done: tuple[int, ...]
    total: tuple[int, ...]
    failed: int
    best: Evaluation | None
    seconds_left: float | None

    def line(self) -> str:
        """Write the state in one line."""
        counts = ", ".join(
            f"{amount(budget, self.unit)} {done}/{total}"
            for budget, done, total in zip(self.budgets, self.done, self.total, strict=True)
        )
        return (
            f"{sum(self.done)}/{sum(self.total)} evaluations ({counts})  "
            f"failed {self.failed}  best {self._best()}  left {duration(self.seconds_left)}"
        )

    def panel(self) -> str:
        """Write the state with a bar for each budget."""
        rows = []
        for budget, done, total in zip(self.budgets, self.done, self.total, strict=True):
            bar = "#" * round(30 * done / max(1, total))
            rows.append(f"{amount(budget, self.unit):>12} [{bar:<30}] {done:>5} / {total}")
        rows.append(f"{'all':>12} {'':<32} {sum(self.done):>5} / {sum(self.total)}")
        rows.append(f"{'failed':>12} {self.failed}")
        rows.append(f"{'best':>12} {self._best()}")
        rows.append(f"{'time left':>12} {duration(self.seconds_left)}")
        return "\n".join(rows)

    def _best(self) -> str:
        if self.best is None or self.best.loss is None:
            return "none yet"
        return f"{self.best.measure.text(self.best.loss)} at {amount(self.best.budget, self.unit)} ({self.best.id})"


@dataclass
class ProgressReader:
    """Reads the records of studies as they appear, each once.

    `folder` leaves out broken records; `studies` maps the name of each study to its planned brackets; `budgets` maps
    those names, and perhaps others, to the budgets of the study, lowest first, in `unit`.
    """

    folder: DoubtingFolder
    studies: Mapping[str, Sequence[Bracket]]
    budgets: Mapping[str, tuple[float, ...]]
    unit: str
    _opened: float = field(default_factory=time.time)

    def read(self) -> SearchProgress:
        """Read the records that exist now.

        Records that cannot be read, or whose budget is none of these, are not counted; the run itself reports them.
        """
        budgets = tuple(sorted(set().union(*self.budgets.values())))
        evaluations = [
            one
            for study, brackets in self.studies.items()
            for one in self.folder.appeared(study, (item.index for item in brackets))
            if one.budget in budgets
        ]
        done, total = [0] * len(budgets), [0] * len(budgets)
        for evaluation in evaluations:
            done[budgets.index(evaluation.budget)] += 1
        for study, brackets in self.studies.items():
            own = self.budgets[study]
            for budget, number in zip(own, trainings(brackets, len(own)), strict=True):
                total[budgets.index(budget)] += number
        successful = rank([item for item in evaluations if item.loss is not None])
        # Arms are compared separately, and a retraining's validation error is measured on images that it has seen.
        found = [item for item in successful if item.study == layout.SEARCH]
        largest = max((item.budget for item in found), default=0.0)
        work_left = sum(budget * (t - d) for budget, t, d in zip(budgets, total, done, strict=True))
        return SearchProgress(
            budgets,
            self.unit,
            tuple(done),
            tuple(total),
            len(evaluations) - len(successful),
            next((item for item in found if item.budget == largest), None),
            self._seconds(evaluations, work_left),
        )

    def _seconds(self, evaluations: list[Evaluation], work_left: float) -> float | None:
        """Extrapolate the pace of the evaluations since this reader was opened.

        A reader that is opened late, or reads only once, takes all evaluations and the time in which any training was
        running, so that pauses between runs do not count.
        """
        if not work_left:
            return 0.0
        fresh = [item for item in evaluations if item.observed.started >= self._opened] or evaluations
        busy = _covered([(item.observed.started, item.observed.finished) for item in fresh])
        work = sum(item.budget for item in fresh)
        return work_left * busy / work if work else None


def _covered(intervals: list[tuple[float, float]]) -> float:
    covered, end = 0.0, float("-inf")
    for start, stop in sorted(intervals):
        covered += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return covered


class Watcher(threading.Thread):
    """Prints the progress line of a running search whenever it changes: in place on a terminal, as lines elsewhere."""

    def __init__(self, look: Callable[[], SearchProgress], stream: TextIO, every: float | None = None):
        super().__init__(daemon=True, name="progress")
        self._look, self._stream, self._finish = look, stream, threading.Event()
        self._every = every or (1.0 if stream.isatty() else 10.0)

    def run(self) -> None:
        """Read, print if the line changed, wait; once more at the end."""
        last = ""
        while True:
            ended = self._finish.wait(self._every)
            line = self._look().line()
            if line != last:
                last = line
                # A line that wraps could not be replaced.
                width = shutil.get_terminal_size().columns - 1
                self._write(f"\r\x1b[K{line[:width]}" if self._stream.isatty() else f"{line}\n")
            if ended:
                if self._stream.isatty():
                    self._write("\n")
                return

    def _write(self, text: str) -> None:
        # The terminal may have closed.
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def finish(self) -> None:
        """Print the final state and stop."""
        self._finish.set()
        self.join(timeout=30)
