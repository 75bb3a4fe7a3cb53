"""The retrain level of an audit: evaluations trained again, step for step."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.core.interruption import Interruption
from jointsearch.core.records import Environment, Evaluation
from jointsearch.search.plan import Place
from jointsearch.training import environment, objective
from jointsearch.training.objective import Objective
from jointsearch.training.slot import Slot
from jointsearch.training.trainer import objective_device

if TYPE_CHECKING:
    from jointsearch.training.image_data import ImageData

Train = Callable[[Place], tuple[Evaluation, Environment]]
"""Trains an evaluation again; returns also the environment of that."""
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
        Largest difference of an error if equal bits cannot be expected, as a share of the images; of a loss that is no
        error, as a share of it.
    """

    device: Literal["auto", "cpu", "cuda"]
    data_root: Path
    cache_root: Path
    tolerance: float


def check_trainings(evidence: Evidence, places: Sequence[Place], how: How, findings: Findings) -> None:
    """Train evaluations again and compare.

    On the same processor (or GPU), with the same torch, threads and code, every bit of the outcome must be the same.
    Elsewhere the status, steps and number of weights, and within a tolerance both errors. A budget in seconds is
    replayed by the clock readings of the record; a training that continued from a lower budget is trained from there.
    An objective of one's own is called again; every bit must be the same with the same code, packages and processor.
    """
    ours = evidence.experiment.objective is None
    if ours and evidence.data is None:
        for place in places:
            name = evidence.file(*place)
            findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, "data.json is missing; restore it")
        return
    with tempfile.TemporaryDirectory() as folder:
        again = _by_our_engine if ours else _by_an_objective
        with again(evidence, how, Path(folder)) as train:
            for place in places:
                _check(evidence, place, train, how.tolerance, findings)


def _check(evidence: Evidence, place: Place, train: Train, tolerance: float, findings: Findings) -> None:
    name, record = evidence.file(*place), evidence.evaluations[place]
    try:
        again, here = train(place)
    except UserError as error:
        findings.add("retrain", "training", name, Verdict.CANNOT_BE_CHECKED, str(error))
        return
    except Exception as error:
        # What code of one's own raises is none of this program's bugs.
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


@contextmanager
def _by_an_objective(evidence: Evidence, how: How, scratch: Path) -> Iterator[Train]:
    device = objective_device(how.device)

    def train(place: Place) -> tuple[Evaluation, Environment]:
        settings, threads = evidence.settings_of(place[0]), evidence.evaluations[place].made_with.threads
        assert settings.objective is not None
        called, here = Objective.of(settings.objective), environment.of_objective(device, threads, settings.own)
        setup = objective.Setup(device, how.data_root, here, Interruption())
        return objective.evaluate(_slot(evidence, place, scratch), called, setup), here

    yield train


@contextmanager
def _by_our_engine(evidence: Evidence, how: How, scratch: Path) -> Iterator[Train]:
    import torch

    from jointsearch.training import datasets
    from jointsearch.training.clock import ReplayClock
    from jointsearch.training.device import claim
    from jointsearch.training.evaluate import Setup, evaluate

    with claim(how.device) as device:

        @cache
        def images(settings: DataSettings, seed: int) -> "ImageData":
            return datasets.load(settings, how.data_root, seed, how.cache_root, evidence.data)

        @cache
        def around(threads: int) -> Environment:
            return environment.environment(device, threads, evidence.experiment.own)

        def train(place: Place) -> tuple[Evaluation, Environment]:
            """Train an evaluation again, after those at lower budgets that it continues."""
            settings, record = evidence.settings_of(place[0]), evidence.evaluations[place]
            slot, data = _slot(evidence, place, scratch), images(settings.data, settings.split_seed)
            torch.set_num_threads(record.made_with.threads)
            here, first = around(record.made_with.threads), 0
            if record.continues is not None:
                below = evidence.continued(place)
                if not below:
                    raise UserError(f"{record.continues}, which it continues, is missing")
                first = train(below[0])[0].steps or 0
            clock = ReplayClock(_readings(record, first), first) if record.observed.clock is not None else None
            return evaluate(slot, Setup(data, device, here), clock), here

        yield train


def _slot(evidence: Evidence, place: Place, scratch: Path) -> Slot:
    """The slot of an evaluation in a folder of its own, with its proposals and the record."""
    study, bracket, rung, slot = place
    proposed = evidence.rungs.get((study, bracket, rung))
    if proposed is None or slot >= len(proposed.proposals):
        raise UserError("its proposals are missing")
    for file in (evidence.file(*place), evidence.file(study, bracket, rung)):
        copy = scratch / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(evidence.path / file, copy)
    return Slot(evidence.settings_of(study), proposed, slot, scratch / study)


def _readings(record: Evaluation, first: int) -> list[int]:
    assert record.observed.clock is not None
    from jointsearch.training.clock import unpack

    try:
        readings = unpack(record.observed.clock)
    except ValueError as error:
        raise UserError(f"observed.clock: {error}; restore the record") from None
    if len(readings) < (steps := (record.steps or 0) - first):
        raise UserError(f"{len(readings)} clock readings for {steps} steps; restore the record")
    return readings


def _unlike(then: Environment | None, record: Evaluation, here: Environment, again: Evaluation) -> list[str]:
    """The conditions that decide bits in which a record was made differently."""
    before, now = dict(record.made_with), dict(again.made_with)
    unlike = [
        field for field in before if field not in ("data", "split", "lock", "python") and before[field] != now[field]
    ]
    if then is None or (then.cpu, then.gpu) != (here.cpu, here.gpu):
        unlike.append("processor")
    elif then.torch != here.torch or then.flags != here.flags:
        unlike.append("build or setting of torch")
    elif (record.is_own or then.own) and then.packages != here.packages:
        unlike.append("version of a package")
    return unlike
