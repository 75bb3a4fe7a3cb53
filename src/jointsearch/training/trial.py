"""What an objective of one's own is called with."""

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from jointsearch.core.errors import UserError, shown
from jointsearch.core.evaluation import Report
from jointsearch.core.fields import Value

LARGEST = 2**53
"""Whole numbers from here on are not all kept by JSON."""


@dataclass
class Trial:
    """One configuration to be evaluated at one budget.

    An objective of one's own is called with it alone, and returns the loss, a finite number that is to be small, or a
    mapping with `loss`, perhaps `test`, which is the same measure on data that has chosen nothing, and any more numbers
    and words, which its record keeps. It raises `Diverged`, `OutOfMemory` or `Invalid` if the configuration has no
    loss; any other exception is a bug, and ends the job.

    Attributes
    ----------
    name
        Name of the evaluation in its study, such as `4-0-20@1`.
    values
        The hyperparameters of the configuration that are active.
    budget, unit
        How much it may take, and what that counts. The budget is an `int` if it is whole.
    seed
        For every random number, so that a repetition gives the same loss: below 2^32, as most libraries require; the
        last 32 bits of the seed in the record.
    device
        `cuda` if a GPU is there and configured, else `cpu`.
    threads
        How many threads it may use. OpenMP and the linear algebra under NumPy, SciPy and scikit-learn are limited to
        that; give it to a library that starts threads of its own.
    data_root
        The folder of the data that is configured.
    scratch
        A folder of this training alone, which survives an interruption. It is empty at the beginning, and removed when
        there is a result.
    """

    name: str
    values: Mapping[str, Value]
    budget: int | float
    unit: str
    seed: int
    device: Literal["cpu", "cuda"]
    threads: int
    data_root: Path
    scratch: Path
    _is_asked_to_end: Callable[[], bool] = lambda: False
    _reports_file: Path | None = None
    """Where reports are kept, so that those before an interruption are not lost."""
    _reports: dict[float, Report] = field(default_factory=dict, init=False)
    _stopped: bool = field(default=False, init=False)
    _appended: FileIO | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        file = self._reports_file
        for line in file.read_text().splitlines() if file is not None and file.exists() else ():
            # A line is not whole where the process was killed while it wrote.
            with contextlib.suppress(ValidationError):
                self._keep(Report.model_validate_json(line))

    def report(self, step: float, loss: float | None = None, metrics: Mapping[str, Value] | None = None) -> None:
        """Report how it goes, for the learning curve.

        Parameters
        ----------
        step
            How much of the budget is spent by now, in its unit. A later report of a step replaces an earlier one, as
            after an interruption.
        loss
            The loss by now; one that is not finite leaves a gap.
        metrics
            Any more numbers or words.

        Raises
        ------
        UserError
            If one of them is something else.
        """
        at = number(step, "report: the step")
        by_now = None if loss is None else number(loss, "report: the loss", finite=False)
        others = columns(metrics or {}, "report: {}")
        one = Report(step=at, loss=by_now if by_now is not None and math.isfinite(by_now) else None, metrics=others)
        self._keep(one)
        if self._reports_file is not None:
            if self._appended is None:
                # Not buffered: a process that is killed keeps what it has reported.
                self._appended = self._reports_file.open("ab", buffering=0)
            self._appended.write(f"\n{one.model_dump_json()}".encode())

    def close(self) -> None:
        """Close the file of the reports, after the objective has returned."""
        if self._appended is not None:
            self._appended.close()
            self._appended = None

    def should_stop(self) -> bool:
        """Whether the process was asked to end, as before the time limit of its job, or when it is preempted.

        Once this was true, nothing that the objective returns or raises counts: it is called again later, with the same
        scratch folder. So it saves its state there, if it can, and returns at once. One that never asks runs on until
        it has a result, or is killed; then it starts again.
        """
        self._stopped = self._stopped or self._is_asked_to_end()
        return self._stopped

    @property
    def stopped(self) -> bool:
        """Whether `should_stop` was true."""
        return self._stopped

    @property
    def reports(self) -> tuple[Report, ...]:
        """What was reported, in the order of the steps, attempts that were interrupted included."""
        return tuple(self._reports[step] for step in sorted(self._reports))

    def _keep(self, one: Report) -> None:
        self._reports[one.step] = one


def number(value: Any, what: str, finite: bool = True) -> float:
    """Take a number, also one of numpy or another library that has numbers of its own.

    Raises
    ------
    UserError
        If it is none, or not finite.
    """
    found = _unwrapped(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UserError(f"{what} must be a number (got {type(value).__name__} {_in_one_line(value)})")
    try:
        taken = float(found)
    except OverflowError:
        # A whole number above all floats.
        taken = math.copysign(math.inf, 1 if found > 0 else -1)
    if finite and not math.isfinite(taken):
        raise UserError(f"{what} must be finite (got {taken})")
    return taken


def columns(found: Mapping[Any, Any], what: str) -> dict[str, Value]:
    """Take more numbers and words, by their names.

    Parameters
    ----------
    found
        Whatever came, by whatever names.
    what
        Description of one of them, with `{}` for its name.

    Raises
    ------
    UserError
        As `plain`; and if a name is no text that a file can hold.
    """
    return {_text(str(name), "the name of a metric"): plain(value, what.format(name)) for name, value in found.items()}


def plain(value: Any, what: str) -> Value:
    """Take a number, a word or a truth value.

    Raises
    ------
    UserError
        If it is nothing of the kind, a number that is not finite, or text that no file can hold.
    """
    found = _unwrapped(value)
    if isinstance(found, str):
        return _text(found, what)
    if isinstance(found, bool):
        return found
    if isinstance(found, int) and abs(found) < LARGEST:
        return found
    return number(value, what)


def _unwrapped(value: Any) -> Any:
    """The number in a scalar of another library; a subclass, as numpy's float64 is, becomes what it is one of."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _text(found: str, what: str) -> str:
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{what} is not valid text, as it has a lone surrogate, {found[error.start]!r}") from None
    return found


def _in_one_line(value: object) -> str:
    return " ".join(shown(value).split())
