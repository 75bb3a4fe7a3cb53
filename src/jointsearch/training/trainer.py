"""What trains the slots of a study: our engine, or an objective of one's own.

Torch is imported only for the engine, and after the variables that it reads are set.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from jointsearch.core import code, dotted, machine
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.interruption import Interruption
from jointsearch.search.experiment import Experiment
from jointsearch.training import environment, objective
from jointsearch.training.objective import Objective
from jointsearch.training.slot import Slot
from jointsearch.training.trial import Trial

if TYPE_CHECKING:
    from jointsearch.training.clock import Clock


class Train(Protocol):
    """Trains the slots of a study."""

    def __call__(self, slot: Slot, clock: "Clock | None" = None, /) -> Evaluation:
        """Train a slot of a rung; our engine by another clock, if one is given."""


@dataclass(frozen=True)
class Resources:
    """With what a job trains; changes no result but by the kind of device and the threads, which records name.

    Attributes
    ----------
    data_root, cache_root
        Folders of the images and of what can be recomputed.
    device, memory_gb
        Where to train, see `device.claim`.
    threads
        Of all concurrent trainings together.
    side_by_side
        Concurrent trainings.
    save_every
        Seconds between two saves of the state of a training.
    """

    data_root: Path | None
    cache_root: Path | None
    device: Literal["auto", "cpu", "cuda"]
    memory_gb: float | None
    threads: int
    side_by_side: int
    save_every: float

    @property
    def threads_of_each(self) -> int:
        """Threads of one of the concurrent trainings."""
        return max(1, self.threads // self.side_by_side)


@contextmanager
def trainer(
    experiment: Experiment,
    folder: Path,
    data: DataSet | None,
    resources: Resources,
    interruption: Interruption,
    function: Callable[[Trial], object] | None = None,
) -> Iterator[Train]:
    """Yield what trains the slots of a study.

    Parameters
    ----------
    experiment
        Settings of the study.
    folder
        Of the experiment; the environment is kept in it.
    data
        Its images; None for an objective of one's own, which has its own data.
    resources, interruption
        With what; who asks to end.
    function
        Is called in place of the objective that the settings name; records have the digest of its code.

    Raises
    ------
    UserError
        If the images are not there, or there is no such device or objective.
    """
    if experiment.objective is None:
        with _engine(experiment, folder, data, resources, interruption) as train:
            yield train
        return
    own: code.Own = experiment.own
    if function is None:
        called = Objective.of(experiment.objective)
    else:
        # Records name the code of what is called.
        called, own = Objective.of(dotted.name_of(function), function), {**own, objective.KEY: function}
    device = objective_device(resources.device)
    if device == "cpu":
        machine.limit_memory(resources.memory_gb)
    around = environment.of_objective(device, resources.threads_of_each, own)
    environment.keep(around, folder)
    setup = objective.Setup(device, resources.data_root or Path(), around, interruption)
    yield lambda slot, clock=None: objective.evaluate(slot, called, setup)


def objective_device(name: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """The device for an objective of one's own, which has a GPU if the driver shows one. Nothing claims it.

    The driver also shows the GPUs of other jobs: `auto` takes none in a job of Slurm that was given none.

    Raises
    ------
    UserError
        If a GPU is requested and there is none.
    """
    found = machine.gpu()
    if name == "cuda" and found is None:
        raise UserError("device: cuda is requested, but there is no GPU; use cpu or auto, or check the driver")
    given = "SLURM_JOB_ID" not in os.environ or "CUDA_VISIBLE_DEVICES" in os.environ
    return "cuda" if found is not None and (name == "cuda" or (name == "auto" and given)) else "cpu"


@contextmanager
def _engine(
    experiment: Experiment, folder: Path, known: DataSet | None, resources: Resources, interruption: Interruption
) -> Iterator[Train]:
    # Idle threads that spin would slow the training beside this one; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if resources.cache_root is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((resources.cache_root / "kernels").absolute()))
    import torch

    from jointsearch.training import datasets
    from jointsearch.training.device import claim
    from jointsearch.training.evaluate import Saving, Setup, evaluate

    before, threads = torch.get_num_threads(), resources.threads_of_each
    torch.set_num_threads(threads)
    try:
        with claim(resources.device, resources.memory_gb, resources.side_by_side, interruption.check) as device:
            images = datasets.load(
                experiment.data, resources.data_root, experiment.split_seed, resources.cache_root, known
            )
            setup = Setup(images, device, environment.environment(device, threads, experiment.own))
            environment.keep(setup.environment, folder)
            saving = Saving(resources.save_every, interruption)
            yield lambda slot, clock=None: evaluate(slot, setup, clock, saving=saving)
    finally:
        torch.set_num_threads(before)
