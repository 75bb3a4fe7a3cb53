"""The process of a training job: its parallel helpers, one slot after another."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jointsearch.core.data_set import DataSet
from jointsearch.core.files import read_record
from jointsearch.core.interruption import Interruption
from jointsearch.training.job import Job
from jointsearch.training.slot import Slot
from jointsearch.training.trainer import Resources, trainer


def work(
    job: Job, data: Path | None, resources: Resources, interruption: Interruption, helper: Sequence[str] | None = None
) -> None:
    """Train the slots of a job that have no record, and write the record of each as soon as it is known.

    Parameters
    ----------
    job
        Which slots.
    data
        The `data.json` of the experiment, if it has images.
    resources, interruption
        With what; who asks to end.
    helper
        Command of a process that helps: it calls this function for the same job, without a command. None for a helper
        itself, which leaves to others what they hold.

    Raises
    ------
    InterruptedTrainingError
        If the process was asked to end.
    UserError
        If a record is of something else, the images are not there, or there is no such device or objective.
    """
    missing = job.missing()
    if not missing:
        return
    commands = [] if helper is None else [helper] * (min(len(missing), resources.side_by_side) - 1)
    with _running(commands) as helpers:
        _train(job, data, resources, interruption, helpers, takes_over=helper is not None)


def _train(
    job: Job,
    data: Path | None,
    resources: Resources,
    interruption: Interruption,
    helpers: Sequence[subprocess.Popen[bytes]],
    takes_over: bool,
) -> None:
    known = None if data is None else read_record(data, DataSet)
    with trainer(job.experiment, job.study.parent, known, resources, interruption) as evaluate:

        def train(number: int) -> None:
            evaluation = evaluate(Slot(job.experiment, job.rung, number, job.study))
            file, measure = job.keep(number, evaluation), evaluation.measure
            outcome = evaluation.status if evaluation.loss is None else measure.named(evaluation.loss)
            print(f"{file}: {outcome}", flush=True)

        for number, _ in job.to_train(interruption, wait=False):
            train(number)
        while any(helper.poll() is None for helper in helpers):
            interruption.check()
            time.sleep(0.1)
        if takes_over:
            # What another process held, and failed to train.
            for number, _ in job.to_train(interruption, wait=True):
                train(number)


@contextmanager
def _running(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes in parallel with this one; they are asked to end if it fails, and it ends after them."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes += [subprocess.Popen(command) for command in commands]
        yield processes
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.wait()
