"""The records that are written to `results/`: frozen, of typed fields."""

import hashlib
from collections.abc import Sequence, Sized
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jointsearch.core.units import ERROR, LOSS, Measure

Protocol = Literal[3]
PROTOCOL: Protocol = 3
"""Version of the training protocol. Raised deliberately when a change alters what a training computes; records of
another version are refused."""

HELD_OUT, PUBLISHED = "training", "published"
"""Origin of a part of a data set that has no folder: held out of the training part, or published with the data set."""

Value = bool | int | float | str
Values = dict[str, Value]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Status = Literal["success", "diverged", "out_of_memory", "too_large", "invalid"]
"""`invalid`: no network, or nothing else that could be trained, has these values."""
Precision = Literal["float32", "bfloat16"]
BudgetUnit = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]*$", max_length=40)]
"""What a budget counts: one of `ENGINE_UNITS`, or a word of an objective of one's own."""
ENGINE_UNITS = ("seconds", "epochs", "steps", "gflop", "nominal_seconds")
"""Units of the budgets of our own trainings."""
COMPUTATION_UNITS = ("gflop", "nominal_seconds")
"""Those of computation, of which the configuration says what a step takes."""
COUNTED_UNITS = ("epochs", "steps")
"""Those of which a budget is a whole number."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0, le=1)]
Index = Annotated[int, Field(ge=0, lt=2**53)]
Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Losses = Literal["ranks"] | tuple[float, float]
"""How losses of another search become errors: by their ranks, or by the losses for the errors 0 and 1."""

ERRORS: Losses = (0.0, 1.0)
"""Losses that are errors already."""


def _is_none(value: object) -> bool:
    return value is None


def _is_empty(value: Sized) -> bool:
    return not value


class Record(BaseModel):
    """Base of everything that is stored: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Record):
    """Where a proposal came from: the prior, a model of one budget, or, with a name, from outside the search."""

    sampler: str
    kind: Literal["random", "model", "given"]
    model_budget: float | None = None
    name: str | None = Field(None, exclude_if=_is_none)


class Proposal(Record):
    """One configuration to evaluate. Its id stays when it is promoted.

    `id` is `bracket-rung-slot` where it was sampled; `values` holds the active parameters only.
    """

    id: Annotated[str, Field(pattern=r"^\d+-\d+-\d+$")]
    values: Values
    origin: Origin

    @property
    def in_words(self) -> str:
        """The configuration in one line, for messages."""
        return f"configuration {self.id}: {dict(self.values)}"


class Model(Record):
    """The model behind a batch of proposals: its budget and the evaluations that it saw, best first."""

    budget: float | None
    evaluations: tuple[str, ...]
    details: dict[str, Value] = {}


class Rung(Record):
    """`rung-K/proposals.json`: what is trained in one rung, in slot order.

    `parents` are the digests of its inputs: the history and the pending proposals, or the derivable parts of the
    evaluations of the rung before.
    """

    experiment: Digest
    study: str
    bracket: Index
    rung: Index
    proposals: tuple[Proposal, ...]
    model: Model | None = None
    parents: tuple[Digest, ...] = ()


class CurvePoint(Record):
    """One row of a learning curve, written at each quarter of each cosine cycle; of a gradient-based search, each 16th.

    `learning_rate` is the one of the last step; `train_loss` is the mean cross-entropy (mixup included)
    of the steps since the previous row. Validation and test figures are null where not evaluated.
    """

    step: Index
    epoch: Annotated[float, Field(ge=0)]
    learning_rate: Annotated[float, Field(ge=0)]
    train_loss: Finite | None
    validation_loss: Finite | None = None
    validation_error: Error | None = None
    test_loss: Finite | None = None
    test_error: Error | None = None


class Report(Record):
    """What an objective of one's own reported while it ran: a loss, and more, when so much of the budget was spent."""

    step: Finite
    loss: Finite | None = Field(None, exclude_if=_is_none)
    metrics: Values = Field({}, exclude_if=_is_empty)


class Conditions(Record):
    """Code, environment and data of a training process: what decides the bits and is known before a training.

    An objective of one's own names neither torch nor images: what it used is known to its code alone.
    """

    code: Digest
    lock: Digest | None
    python: str
    torch: str | None = Field(None, exclude_if=_is_none)
    data: Digest | None = Field(None, exclude_if=_is_none)
    split: Digest | None = Field(None, exclude_if=_is_none)
    device_type: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1)]


class MadeWith(Conditions):
    """Code, environment and data that an evaluation was made with, and how it computed.

    `precision` is the type of the activations; `compiled` says whether the network was. Of an objective of one's own
    both are left out.
    """

    precision: Precision | None = Field(None, exclude_if=_is_none)
    compiled: bool | None = Field(None, exclude_if=_is_none)

    @classmethod
    def of(cls, conditions: Conditions, precision: Precision | None = None, compiled: bool | None = None) -> Self:
        """Complete what was known before the training."""
        return cls(
            code=conditions.code,
            lock=conditions.lock,
            python=conditions.python,
            torch=conditions.torch,
            data=conditions.data,
            split=conditions.split,
            device_type=conditions.device_type,
            threads=conditions.threads,
            precision=precision,
            compiled=compiled,
        )


class Environment(Record):
    """`environments/<digest>.json`: the environment of a training process, named by its own digest.

    It names no user, host or folder.

    Attributes
    ----------
    commit, diff
        Commit of the working copy; SHA-256 of what differs from it, files that git does not know included. The first
        is null if there is none or git cannot determine it, the second if nothing differs.
    commit_by, commit_unknown
        The source of the commit: git, or the archive that the code was unpacked from; why git could not determine it.
        Both are left out if git did.
    code, own
        SHA-256 of each module of the training code, by its path in the package; and of each module of one's own,
        such as that of a network, by its path in its folder. The latter are left out if there are none.
    lock
        SHA-256 of the lock file, a copy of which is beside the record as `<lock>.txt`.
    packages, unpinned
        Versions of the installed packages, of those found twice the imported one; packages of which the lock file names
        another version, or that are imported from outside the environment.
    python, torch, system
        Interpreter and its compiler; torch and the libraries in it, left out for an objective of one's own, whatever
        that imports; kernel, architecture and C library.
    cpu, cores, threads
        Model of the processor, its cores, and how many threads trained.
    gpu, driver
        Model of the GPU and version of its driver; null on a CPU.
    flags
        Settings of torch and environment variables that decide the bits it computes.
    """

    commit: str | None
    diff: Digest | None
    code: dict[str, Digest]
    lock: Digest | None
    packages: dict[str, str]
    unpinned: tuple[str, ...]
    python: str
    torch: dict[str, str | None] | None = Field(None, exclude_if=_is_none)
    system: str
    cpu: str
    cores: Annotated[int, Field(ge=1)]
    threads: Annotated[int, Field(ge=1)]
    gpu: str | None
    driver: str | None
    flags: dict[str, bool | str | None]
    own: dict[str, Digest] = Field({}, exclude_if=_is_empty)
    commit_by: Literal["git", "archive"] = Field("git", exclude_if=lambda value: value == "git")
    commit_unknown: str | None = Field(None, exclude_if=_is_none)

    @property
    def code_digest(self) -> Digest:
        """SHA-256 over the names and digests of the training code, modules of one's own included."""
        modules = [*sorted(self.code.items()), *sorted(self.own.items())]
        lines = "".join(f"{name}\0{one}\n" for name, one in modules)
        return hashlib.sha256(lines.encode()).hexdigest()

    def other_code(self, code: dict[str, Digest], own: dict[str, Digest]) -> list[str]:
        """Modules of one's own, and of the training code, that differ from others, given as in an environment."""
        pairs = ((self.own, own), (self.code, code))
        return [
            name for mine, theirs in pairs for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)
        ]


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


class Identity(Record):
    """Which evaluation belongs in a slot of a rung: what is known of it before the training."""

    protocol: Protocol = PROTOCOL
    experiment: Digest
    study: str
    bracket: Index
    rung: Index
    slot: Index
    proposal: Proposal
    budget: Annotated[float, Field(gt=0)]
    budget_unit: BudgetUnit
    seed: Annotated[int, Field(ge=0, lt=2**53)]

    def differences(self, other: "Identity") -> list[str]:
        """Names of the fields in which another identity differs, such as that of the evaluation in the slot."""
        return [name for name in Identity.model_fields if getattr(self, name) != getattr(other, name)]


class LearnedArchitecture(Record):
    """What a gradient-based search has learned, by architectural hyperparameter.

    Attributes
    ----------
    choices
        Its values that the weight-sharing network holds, in ascending order: those that are left once the space is
        narrowed.
    weights
        The weight of each at the end; they add up to 1.
    values
        The choice with the largest weight, of equal ones the smallest.
    entropies
        Of its weights, in nats, at each row of the learning curve. It is log(choices) at the beginning, and 0 if one
        choice has all the weight.
    losses
        Mean cross-entropy in the steps on the architecture since the previous row of the learning curve; null if there
        was none.
    """

    choices: dict[str, tuple[int | float, ...]]
    weights: dict[str, tuple[Error, ...]]
    values: Values
    entropies: dict[str, tuple[Time, ...]]
    losses: tuple[Finite | None, ...]


class Result(Record):
    """The result of a training, as fields of an `Evaluation`.

    An epoch is one pass over the training images less the last incomplete batch. `step_cost` is what a step takes of a
    budget of computation, in its unit; it is left out for other budgets. An objective of one's own has neither steps
    nor epochs nor weights; it may have `metrics` of its own, and `reports` in place of the curve. A gradient-based
    search has an `architecture`; its errors are those of the weight-sharing network.
    """

    status: Status
    message: str | None = None
    loss: Finite | None
    test_error: Finite | None
    snapshot_test_error: Error | None = Field(None, exclude_if=_is_none)
    parameters: Annotated[int, Field(ge=0)] | None = None
    epochs: Annotated[float, Field(ge=0)] | None = Field(None, exclude_if=_is_none)
    steps: Index | None = Field(None, exclude_if=_is_none)
    step_cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(None, exclude_if=_is_none)
    curve: tuple[CurvePoint, ...] = ()
    metrics: Values = Field({}, exclude_if=_is_empty)
    reports: tuple[Report, ...] = Field((), exclude_if=_is_empty)
    architecture: LearnedArchitecture | None = Field(None, exclude_if=_is_none)

    @property
    def measure(self) -> Measure:
        """What its loss is."""
        return LOSS if self.is_own else ERROR

    @property
    def is_own(self) -> bool:
        """Whether an objective of one's own has given it."""
        return self.steps is None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.status == "success") != (self.loss is not None):
            raise ValueError("loss must be a number exactly when status is 'success'")
        if self.is_own:
            if self.curve or self.epochs is not None:
                raise ValueError("steps must be a number if there is a curve, or a number of epochs")
            return self
        if self.epochs is None or self.metrics or self.reports:
            raise ValueError("a training of ours has epochs, and neither metrics nor reports")
        if self.loss is not None and (not self.curve or self.curve[-1].validation_error != self.loss):
            raise ValueError("loss must be the validation error in the last row of the curve")
        if self.loss is not None and (self.test_error is None or self.curve[-1].test_error != self.test_error):
            raise ValueError("test_error must be that in the last row of the curve when status is 'success'")
        return self


class Evaluation(Result, Identity):
    """One training of one proposal at one budget: `rung-K/slot-NN.json`.

    What is known beforehand (`Identity`), its result (`Result`), how it was made and what was observed.

    `loss` is what the search minimises, the validation error or the loss that an objective of one's own returned; null
    when the training failed, which is a result. `test_error` is recorded and never used by the search; of an objective
    of one's own it is what that returned as `test`, of the same measure as the loss, or null. `snapshot_test_error` is
    that of the ensemble of the networks at the ends of the cycles, if it was requested. `continues` is the id of the
    evaluation at the lower budget from whose weights the training continued; `steps` and `epochs` then include those of
    the lower budgets, the curve does not. `parents` are the digests of its rung and of the derivable part of the
    evaluation that it continues.
    """

    continues: str | None = None
    made_with: MadeWith
    observed: Observed
    parents: tuple[Digest, ...]

    @classmethod
    def of(
        cls,
        identity: Identity,
        result: Result,
        made_with: MadeWith,
        observed: Observed,
        parents: tuple[Digest, ...],
        continues: str | None = None,
    ) -> Self:
        """Join what was known of an evaluation before its training and what came of it."""
        return cls(
            protocol=identity.protocol,
            experiment=identity.experiment,
            study=identity.study,
            bracket=identity.bracket,
            rung=identity.rung,
            slot=identity.slot,
            proposal=identity.proposal,
            budget=identity.budget,
            budget_unit=identity.budget_unit,
            seed=identity.seed,
            status=result.status,
            message=result.message,
            loss=result.loss,
            test_error=result.test_error,
            snapshot_test_error=result.snapshot_test_error,
            parameters=result.parameters,
            epochs=result.epochs,
            steps=result.steps,
            step_cost=result.step_cost,
            curve=result.curve,
            metrics=result.metrics,
            reports=result.reports,
            architecture=result.architecture,
            continues=continues,
            made_with=made_with,
            observed=observed,
            parents=parents,
        )

    @property
    def id(self) -> str:
        """Name of this evaluation within its study: proposal id, then `@`, then the rung."""
        return f"{self.proposal.id}@{self.rung}"

    def derivable(self) -> dict[str, Any]:
        """Everything that a second run of the same experiment must reproduce, bit for bit."""
        return self.model_dump(mode="json", exclude={"observed"})


class DataSet(Record):
    """`data.json`: the images of an experiment as they were found before its first training.

    Attributes
    ----------
    digest, split
        SHA-256 over all pixels, labels and class names; SHA-256 of the validation indices.
    classes
        Names, in the order of the labels.
    shape
        Channels, height, width.
    train, validation, test
        Number of images in each part; none is counted twice.
    validation_from, test_from
        Origin of these parts: `training` if they were held out of the training part, `published` if the data set
        comes with them, else their folder, such as `val/`.
    duplicates
        Images of the validation part that are also in the training part, and of the test part that are also in one of
        the two, pixel by pixel.
    """

    digest: Digest
    split: Digest
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train: Index
    validation: Index
    test: Index
    validation_from: str = HELD_OUT
    test_from: str = PUBLISHED
    duplicates: Index = 0


class Batch(Record):
    """`rung-K/batch-NN.json`: written when every slot of one training job has its record."""

    first_slot: Index
    records: tuple[Digest, ...]


class Observation(Record):
    """What a sampler may know about one evaluation."""

    evaluation: str
    budget: float
    values: Values
    loss: Finite | None


class History(Record):
    """`bracket-NNN/history.json`: what bracket `b` sees beyond bracket `b - 1`, chained by digest.

    `previous` is the digest of that bracket's history, `parents` are those of the derivable parts of the evaluations.
    """

    experiment: Digest
    study: str
    bracket: Index
    previous: Digest | None
    observations: tuple[Observation, ...]
    parents: tuple[Digest, ...]


class WarmStart(Record):
    """`warm_start.json`: the evaluations of another search, which every bracket's model sees beside those of its own.

    `source` is their digest, which the experiment names. Their losses are of the measure of this search: errors,
    converted from those of the other search as `losses` says; or, where `losses` is left out, those of the other search
    as they were, that is errors or, for an objective of one's own, losses.
    """

    experiment: Digest
    study: str
    source: Digest
    losses: Losses = Field(ERRORS, exclude_if=lambda value: value == ERRORS)
    observations: tuple[Observation, ...]


def rank(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Sort by loss, best first; failures last; ties by proposal id as numbers."""
    return sorted(evaluations, key=_rank_key)


def _rank_key(evaluation: Evaluation) -> tuple[bool, float, tuple[int, ...]]:
    loss = evaluation.loss
    return loss is None, 0.0 if loss is None else loss, proposal_key(evaluation.proposal.id)


def proposal_key(proposal_id: str) -> tuple[int, ...]:
    """Read a proposal id as numbers, so that 10-0-0 comes after 9-0-0."""
    return tuple(int(part) for part in proposal_id.split("-"))
