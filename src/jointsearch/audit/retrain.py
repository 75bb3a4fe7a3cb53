"""The retrain level of an audit: evaluations trained again, step for step."""

import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import layout
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError, few
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.core.interruption import Interruption
from jointsearch.search.plan import Place
from jointsearch.training.slot import Slot
from jointsearch.training.trainer import Resources, trainer

if TYPE_CHECKING:
    from jointsearch.training.clock import Clock

EXACT = ("status", "parameters", "steps", "epochs")
"""The fields that must be the same on any processor."""


@dataclass(frozen=True)
class RetrainOptions:
    """How to train again, and how much.

    Attributes
    ----------
    device, data_root, cache_root
        As in the configuration.
    tolerance
        Largest difference of an error if equal bits cannot be expected, as a share of the images; of a loss that is no
        error, as a share of it.
    number, seed
        How many of the trainings that a target stands for are repeated, and the seed by which they are chosen.
    """

    device: Literal["auto", "cpu", "cuda"]
    data_root: Path
    cache_root: Path
    tolerance: float
    number: int = 3
    seed: int = 0


def check_trainings(evidence: Evidence, places: Sequence[Place], options: RetrainOptions, findings: Findings) -> None:
    """Train evaluations again and compare.

    On the same processor (or GPU), with the same torch, threads and code, every bit of the outcome must be the same.
    Elsewhere the status, steps and number of weights, and within a tolerance both errors. A budget in seconds is
    replayed by the clock readings of the record; a training that continued from a lower budget is trained from there.
    An objective of one's own is called again; every bit must be the same with the same code, packages and processor.
    """
    if evidence.experiment.objective is None and evidence.data is None:
        for place in places:
            name = evidence.file(*place)
            findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, "data.json is missing; restore it")
        return
    with tempfile.TemporaryDirectory() as folder:
        for place in places:
            _check(evidence, place, options, Path(folder), findings)


def _check(evidence: Evidence, place: Place, options: RetrainOptions, scratch: Path, findings: Findings) -> None:
    name, record, tolerance = evidence.file(*place), evidence.evaluations[place], options.tolerance
    try:
        again, here = _train(evidence, place, options, scratch)
    except UserError as error:
        # The setting of a configuration is an option here.
        message = str(error).replace("set data_root to", "let --data-root be")
        findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    except (Exception, SystemExit) as error:
        # What code of one's own raises is none of this program's bugs; it may call sys.exit, too.
        if not evidence.settings_of(place[0]).own:
            raise
        message = " ".join(f"code of one's own raises {type(error).__name__}: {error}".split())
        findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, message)
        return
    unlike = _unlike(evidence.environments.get(record.observed.environment), record, here, again)
    if not unlike:
        before, now = record.derivable(), again.derivable()
        other = [field for field in {**before, **now} if before.get(field) != now.get(field)]
        if other:
            message = f"trained again, its {', '.join(other)} {'is' if len(other) == 1 else 'are'} different"
            findings.add("retrain", "training", name, Verdict.MISMATCH, message)
        else:
            after = "" if record.steps is None else f" after {record.steps:,} steps"
            message = f"the same, bit for bit,{after}".rstrip(",")
            findings.add("retrain", "training", name, Verdict.VERIFIED, message)
        return
    where = f"trained with another {', '.join(unlike)}, so not bit for bit"
    measure = record.measure
    if record.architecture is not None and again.architecture is not None:
        same = record.architecture.values == again.architecture.values
        where += f", and learns {'the same' if same else 'another'} architecture"
    exact = [field for field in EXACT if getattr(record, field) != getattr(again, field)]
    losses = {measure.name: (record.loss, again.loss), measure.test: (record.test_error, again.test_error)}
    compared = [
        f"{name} {measure.text(now)} for {measure.text(then)}"
        for name, (then, now) in losses.items()
        if then is not None
    ]
    off = [name for name, both in losses.items() if not _within(*both, tolerance, relative=not measure.is_error)]
    if exact or off:
        wrong = f"not the same, or not within {tolerance:.2%}: {', '.join([*exact, *off])}"
        message = f"{where}: {', '.join(compared)}; {wrong}"
        findings.add("retrain", "training", name, Verdict.MISMATCH, message)
    else:
        message = f"{where}: {', '.join(compared) or record.status}, within {tolerance:.2%}"
        findings.add("retrain", "training", name, Verdict.VERIFIED, message)


def _within(then: float | None, now: float | None, tolerance: float, relative: bool) -> bool:
    if then is None or now is None:
        return then == now
    return abs(then - now) <= tolerance * (abs(then) if relative else 1)


def _train(evidence: Evidence, place: Place, options: RetrainOptions, scratch: Path) -> tuple[Evaluation, Environment]:
    """Train an evaluation again, after those at lower budgets that it continues; with the environment of that."""
    settings, record = evidence.settings_of(place[0]), evidence.evaluations[place]
    slot, first = _slot(evidence, place, scratch), 0
    if record.continues is not None:
        below = evidence.continued(place)
        if not below:
            raise UserError(f"{record.continues}, which it continues, is missing")
        first = _train(evidence, below[0], options, scratch)[0].steps or 0
    threads = record.made_with.threads
    resources = Resources(
        options.data_root, options.cache_root, options.device, None, threads, side_by_side=1, save_every=math.inf
    )
    with trainer(settings, scratch, evidence.data, resources, Interruption()) as train:
        again = train(slot, _replayed(record, first))
    return again, read_record(layout.environment_file(scratch, again.observed.environment), Environment)


def _slot(evidence: Evidence, place: Place, scratch: Path) -> Slot:
    """The slot of an evaluation in a folder of its own, with its proposals and the record."""
    study, bracket, rung, slot = place
    proposed = evidence.proposals.get((study, bracket, rung))
    if proposed is None or slot >= len(proposed.proposals):
        raise UserError("its proposals are missing")
    for file in (evidence.file(*place), evidence.file(study, bracket, rung)):
        copy = scratch / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(evidence.path / file, copy)
    return Slot(evidence.settings_of(study), proposed, slot, scratch / study)


def _replayed(record: Evaluation, first: int) -> "Clock | None":
    """The clock of a training, whose first steps were those of a lower budget; None if none decided anything."""
    if record.observed.clock is None:
        return None
    from jointsearch.training.clock import ReplayClock, unpack

    try:
        readings = unpack(record.observed.clock)
    except ValueError as error:
        raise UserError(f"observed.clock: {error}; restore the record") from None
    if len(readings) < (steps := (record.steps or 0) - first):
        raise UserError(f"{len(readings)} clock readings for {steps} steps; restore the record")
    return ReplayClock(readings, first)


def _unlike(then: Environment | None, record: Evaluation, here: Environment, again: Evaluation) -> list[str]:
    """The conditions that decide bits in which a record was made differently."""
    before, now = dict(record.made_with), dict(again.made_with)
    unlike = [
        field for field in before if field not in ("data", "split", "lock", "python") and before[field] != now[field]
    ]
    if then is not None and "code" in unlike and (files := here.other_code(then.code, then.own)):
        unlike[unlike.index("code")] = f"code ({few(files)})"
    if then is None or (then.cpu, then.gpu) != (here.cpu, here.gpu):
        unlike.append("processor")
    elif then.torch != here.torch or then.flags != here.flags:
        unlike.append("build or setting of torch")
    elif (record.is_own or then.own) and then.packages != here.packages:
        unlike.append("version of a package")
    return unlike
