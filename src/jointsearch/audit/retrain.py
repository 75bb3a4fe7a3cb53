"""The retrain level of an audit: evaluations trained again, step for step."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.core.records import Environment, Evaluation
from jointsearch.search.plan import Place
from jointsearch.training import datasets, environment
from jointsearch.training.clock import ReplayClock, unpack
from jointsearch.training.device import DeviceName, claim
from jointsearch.training.evaluate import Setup, evaluate
from jointsearch.training.image_data import ImageData
from jointsearch.training.slot import Slot

EXACT = ("status", "parameters", "steps", "epochs")
"""The fields that must be the same on any processor."""


@dataclass(frozen=True)
class How:
    """How to train again.

    Attributes
    ----------
    device, data_root, cache_root
        As in the configuration.
    tolerance
        Largest difference of an error if equal bits cannot be expected, as a share of the images.
    """

    device: DeviceName
    data_root: Path
    cache_root: Path
    tolerance: float


def check_trainings(evidence: Evidence, places: Sequence[Place], how: How, findings: Findings) -> None:
    """Train evaluations again and compare.

    On the same processor (or GPU), with the same torch, threads and code, every bit of the outcome must be the same.
    Elsewhere the status, steps and number of weights, and within a tolerance both errors. A budget in seconds is
    replayed by the clock readings of the record; a training that continued from a lower budget is trained from there.
    """
    if evidence.data is None:
        for place in places:
            name = evidence.file(*place)
            findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, "data.json is missing; restore it")
        return
    with claim(how.device) as device, tempfile.TemporaryDirectory() as folder:
        around: dict[int, Environment] = {}
        of_settings: dict[DataSettings, ImageData] = {}
        for place in places:
            settings = evidence.settings_of(place[0])
            try:
                if settings.data not in of_settings:
                    of_settings[settings.data] = datasets.load(
                        settings.data, how.data_root, settings.split_seed, how.cache_root, evidence.data
                    )
            except UserError as error:
                findings.add("retrain", "training", evidence.file(*place), Verdict.CANNOT_BE_CHECKED, str(error))
                continue
            images = of_settings[settings.data]
            threads = evidence.evaluations[place].made_with.threads
            torch.set_num_threads(threads)
            if threads not in around:
                around[threads] = environment.environment(device, threads, settings.own)
            _check(evidence, place, images, device, around[threads], Path(folder), how.tolerance, findings)


def _check(
    evidence: Evidence,
    place: Place,
    images: ImageData,
    device: torch.device,
    here: Environment,
    scratch: Path,
    tolerance: float,
    findings: Findings,
) -> None:
    name, record = evidence.file(*place), evidence.evaluations[place]
    try:
        again = _train(evidence, place, images, device, here, scratch)
    except UserError as error:
        findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, str(error))
        return
    unlike = _unlike(evidence.environments.get(record.observed.environment), record, here, again)
    if not unlike:
        before, now = record.derivable(), again.derivable()
        other = [field for field in before if before[field] != now[field]]
        if other:
            message = f"trained again, its {', '.join(other)} {'is' if len(other) == 1 else 'are'} different"
            findings.add("retrain", "training", name, Verdict.MISMATCH, message)
        else:
            message = f"the same, bit for bit, after {record.steps:,} steps"
            findings.add("retrain", "training", name, Verdict.VERIFIED, message)
        return
    where = f"trained with another {', '.join(unlike)}, so not bit for bit"
    exact = [field for field in EXACT if getattr(record, field) != getattr(again, field)]
    errors = {
        "validation error": (record.loss, again.loss),
        "test error": (record.test_error, again.test_error),
    }
    compared = [
        f"{name} {_percent(now)} for {_percent(then)}" for name, (then, now) in errors.items() if then is not None
    ]
    off = [name for name, both in errors.items() if not _within(*both, tolerance)]
    if exact or off:
        wrong = f"not the same, or not within {tolerance:.2%}: {', '.join([*exact, *off])}"
        message = f"{where}: {', '.join(compared)}; {wrong}"
        findings.add("retrain", "training", name, Verdict.MISMATCH, message)
    else:
        message = f"{where}: {', '.join(compared) or record.status}, within {tolerance:.2%}"
        findings.add("retrain", "training", name, Verdict.VERIFIED, message)


def _within(then: float | None, now: float | None, tolerance: float) -> bool:
    return then == now if then is None or now is None else abs(then - now) <= tolerance


def _percent(error: float | None) -> str:
    return "none" if error is None else f"{error:.2%}"


def _train(
    evidence: Evidence, place: Place, images: ImageData, device: torch.device, here: Environment, scratch: Path
) -> Evaluation:
    """Train an evaluation again, after those at lower budgets that it continues."""
    study, bracket, rung, _ = place
    record, proposed = evidence.evaluations[place], evidence.rungs.get((study, bracket, rung))
    if proposed is None or record.slot >= len(proposed.proposals):
        raise UserError("its proposals are missing")
    first = 0
    if record.continues is not None:
        below = evidence.continued(place)
        if not below:
            raise UserError(f"{record.continues}, which it continues, is missing")
        first = _train(evidence, below[0], images, device, here, scratch).steps
    for file in (evidence.file(*place), evidence.file(study, bracket, rung)):
        copy = scratch / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(evidence.path / file, copy)
    clock = ReplayClock(_readings(record, first), first) if record.observed.clock is not None else None
    slot = Slot(evidence.settings_of(study), proposed, record.slot, scratch / study)
    return evaluate(slot, Setup(images, device, here), clock)


def _readings(record: Evaluation, first: int) -> list[int]:
    assert record.observed.clock is not None
    try:
        readings = unpack(record.observed.clock)
    except ValueError as error:
        raise UserError(f"observed.clock: {error}; restore the record") from None
    if len(readings) < record.steps - first:
        raise UserError(f"{len(readings)} clock readings for {record.steps - first} steps; restore the record")
    return readings


def _unlike(then: Environment | None, record: Evaluation, here: Environment, again: Evaluation) -> list[str]:
    """The conditions that decide bits in which a record was made differently."""
    before, now = record.made_with.model_dump(), again.made_with.model_dump()
    unlike = [
        field for field in before if field not in ("data", "split", "lock", "python") and before[field] != now[field]
    ]
    if then is None or (then.cpu, then.gpu) != (here.cpu, here.gpu):
        unlike.append("processor")
    elif then.torch != here.torch or then.flags != here.flags:
        unlike.append("build or setting of torch")
    return unlike
