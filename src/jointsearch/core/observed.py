"""Records of what was observed in a training, and differs in another run."""

from typing import Self

from jointsearch.core.fields import Digest, Record, Time


class Worker(Record):
    """A process that trains: on which host and device, as which job of a cluster, with which GPU.

    `device` is the model of the device; `gpu` its number, if the cluster assigned one.
    """

    host: str
    device: str
    job: str | None = None
    gpu: str | None = None


class Attempt(Worker):
    """A process in one training: when (Unix seconds) and where.

    `environment` is the digest of its `Environment`; `energy_joules` what the GPU consumed, if its driver counts it.
    """

    started: Time
    finished: Time
    environment: Digest
    energy_joules: Time | None = None


class Timing(Record):
    """Seconds of a training, as `Observed` has them; `curve_seconds` are those at each row of the curve."""

    training_seconds: Time
    evaluation_seconds: Time
    startup_seconds: Time
    clock: str | None = None
    curve_seconds: tuple[Time, ...]


class Observed(Timing, Attempt):
    """What was observed in a run, and differs in another: the process that finished it, and times in seconds.

    `startup_seconds` were spent building, compiling and rehearsing, before the budget. `clock` holds the clock's
    reading after each step if the budget is in seconds, see `clock.pack`: with it the training can be replayed.
    `earlier` are the processes that were interrupted in this training; the next one resumed from their saved state.
    """

    earlier: tuple[Attempt, ...] = ()

    @classmethod
    def of(cls, attempt: Attempt, timing: Timing, earlier: tuple[Attempt, ...] = ()) -> Self:
        """Join the attempt that finished a training and the times of the training."""
        return cls(
            host=attempt.host,
            device=attempt.device,
            job=attempt.job,
            gpu=attempt.gpu,
            started=attempt.started,
            finished=attempt.finished,
            environment=attempt.environment,
            energy_joules=attempt.energy_joules,
            training_seconds=timing.training_seconds,
            evaluation_seconds=timing.evaluation_seconds,
            startup_seconds=timing.startup_seconds,
            clock=timing.clock,
            curve_seconds=timing.curve_seconds,
            earlier=earlier,
        )
