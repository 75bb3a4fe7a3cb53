"""From a proposal to its evaluation record, by an objective of one's own in place of our training.

Nothing here imports torch. What this module imports is the code of ours that decides what comes of such a training:
each record names its digest, beside those of the modules of one's own (`core.code`).
"""

import contextlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jointsearch.core import dotted, layout, machine
from jointsearch.core.environment import Conditions, Environment, MadeWith
from jointsearch.core.errors import Failure, OutOfMemory, UserError, reason
from jointsearch.core.evaluation import Evaluation, Result
from jointsearch.core.fields import Digest, Record, Status
from jointsearch.core.files import digest, read_record, write_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.observed import Attempt, Observed, Timing
from jointsearch.training import attempt
from jointsearch.training.slot import Slot
from jointsearch.training.trial import Trial, columns, number

KEY = "objective"
"""The key of the configuration."""


@dataclass(frozen=True)
class Objective:
    """A function of one's own, and the name that the configuration has for it."""

    name: str
    function: Callable[[Trial], object]

    @classmethod
    def of(cls, name: str, function: object = None) -> "Objective":
        """Check a function, by default that of the dotted name.

        Raises
        ------
        UserError
            If there is none, or it cannot be called with a trial alone.
        """
        found = dotted.own(name, KEY) if function is None else function
        return cls(name, dotted.callable_with(found, f"{KEY}: {name}", "evaluate(trial)", None))


@dataclass(frozen=True)
class Setup:
    """With what a process calls an objective: on which kind of device, with which data, asked by whom to end."""

    device: Literal["cpu", "cuda"]
    data_root: Path
    environment: Environment
    interruption: Interruption

    def conditions(self) -> Conditions:
        """What is known to decide the results of this process."""
        return Conditions(
            code=self.environment.code_digest,
            lock=self.environment.lock,
            python=platform.python_version(),
            device_type=self.device,
            threads=self.environment.threads,
        )


def evaluate(slot: Slot, objective: Objective, setup: Setup) -> Evaluation:
    """Call an objective with the proposal in a slot of a rung, and record what came of it.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end, and the objective had noticed that.
    UserError
        If the objective returns what is no loss, or exits.
    Exception
        What it raises, with the configuration in a note.
    """
    running = attempt.begin(setup.environment.gpu or "cpu", digest(setup.environment))
    conditions = setup.conditions()
    scratch = layout.scratch_folder(slot.folder, slot.number)
    before = _open(scratch, digest([one.model_dump(mode="json") for one in (slot.identity, conditions)]))
    budget = slot.identity.budget
    trial = Trial(
        name=f"{slot.proposal.id}@{slot.rung.rung}",
        # A copy: whatever it does to that, the record has what was proposed.
        values=dict(slot.proposal.values),
        budget=int(budget) if budget == int(budget) else budget,
        unit=slot.identity.budget_unit,
        seed=slot.identity.seed % 2**32,
        device=setup.device,
        threads=setup.environment.threads,
        data_root=setup.data_root.absolute(),
        scratch=(scratch / "files").absolute(),
        _is_asked_to_end=lambda: setup.interruption.by is not None,
        _reports_file=(scratch / "reports.jsonl").absolute(),
    )
    began = time.perf_counter()
    try:
        with machine.limited_threads(trial.threads):
            result = _call(objective, trial, slot)
    finally:
        trial.close()
        if trial.stopped:
            _keep(scratch, before.model_copy(update={"attempts": (*before.attempts, running.ended())}))
            setup.interruption.check(f"; {objective.name} is called again later, with what it left in {trial.scratch}")
    earlier = before.attempts
    seconds = time.perf_counter() - began + sum(one.finished - one.started for one in earlier)
    timing = Timing(training_seconds=seconds, evaluation_seconds=0, startup_seconds=0, curve_seconds=())
    return Evaluation.of(
        slot.identity,
        result,
        MadeWith.of(conditions),
        Observed.of(running.ended(), timing, earlier),
        (digest(slot.rung),),
    )


class _Scratch(Record):
    """What a scratch folder is of, and the attempts that were interrupted."""

    of: Digest
    attempts: tuple[Attempt, ...] = ()


def _open(folder: Path, of: Digest) -> _Scratch:
    """Find what an interrupted attempt has left, or begin; what is of another training, or other code, is removed."""
    with contextlib.suppress(UserError):
        found = read_record(folder / _ATTEMPTS, _Scratch)
        if found.of == of:
            return found
    shutil.rmtree(folder, ignore_errors=True)
    begun = _Scratch(of=of)
    # First, as a process that is killed between the two must not leave a scratch folder that says it is complete.
    (folder / "files").mkdir(parents=True)
    _keep(folder, begun)
    return begun


def _keep(folder: Path, scratch: _Scratch) -> None:
    write_record(folder / _ATTEMPTS, scratch)


_ATTEMPTS = "attempts.json"


def _call(objective: Objective, trial: Trial, slot: Slot) -> Result:
    process, where, configuration = os.getpid(), f"{KEY}: {objective.name}", slot.proposal.in_words
    try:
        # An objective that changes the working directory must not move the results.
        with contextlib.chdir(Path.cwd()):
            returned = objective.function(trial)
        return _result(returned, trial)
    except Failure as failure:
        return _failed(failure.status, reason(failure), trial)
    except MemoryError:
        return _failed(OutOfMemory.status, "no memory left", trial)
    except UserError as error:
        raise UserError(f"{where}: {error}; {configuration}") from None
    except SystemExit as end:
        raise UserError(f"{where}: called sys.exit({end.code!r}); return a loss, or raise; {configuration}") from None
    except Exception as error:
        error.add_note(f"{type(error).__name__} in {where}, {configuration}")
        raise
    finally:
        if os.getpid() != process:
            message = f"error: {where}: a process that it forked came back; end it by os._exit; {configuration}"
            print(message, file=sys.stderr, flush=True)
            os._exit(1)


def _result(returned: object, trial: Trial) -> Result:
    if returned is None:
        raise UserError("returned None; return the loss, or a mapping with 'loss'")
    others: dict[Any, Any] = dict(returned) if isinstance(returned, Mapping) else {"loss": returned}
    if "loss" not in others:
        raise UserError(f"returned a mapping without 'loss' (with {', '.join(map(str, others)) or 'nothing'})")
    loss, test = others.pop("loss"), others.pop("test", None)
    return Result(
        status="success",
        loss=number(loss, "the loss that it returned"),
        test_error=None if test is None else number(test, "`test` that it returned"),
        metrics=columns(others, "`{}` that it returned"),
        reports=trial.reports,
    )


def _failed(status: Status, message: str | None, trial: Trial) -> Result:
    return Result(status=status, message=message, loss=None, test_error=None, reports=trial.reports)
