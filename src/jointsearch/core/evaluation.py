"""The record of a training: `rung-K/slot-NN.json`."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from jointsearch.core.environment import MadeWith
from jointsearch.core.fields import (
    PROTOCOL,
    BudgetUnit,
    Digest,
    Error,
    Finite,
    Index,
    Protocol,
    Record,
    Status,
    Time,
    Values,
    is_empty,
    is_none,
)
from jointsearch.core.observed import Observed
from jointsearch.core.proposal import Proposal, proposal_key
from jointsearch.core.units import ERROR, LOSS, Measure


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
    loss: Finite | None = Field(None, exclude_if=is_none)
    metrics: Values = Field({}, exclude_if=is_empty)


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
    snapshot_test_error: Error | None = Field(None, exclude_if=is_none)
    parameters: Annotated[int, Field(ge=0)] | None = None
    epochs: Annotated[float, Field(ge=0)] | None = Field(None, exclude_if=is_none)
    steps: Index | None = Field(None, exclude_if=is_none)
    step_cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(None, exclude_if=is_none)
    curve: tuple[CurvePoint, ...] = ()
    metrics: Values = Field({}, exclude_if=is_empty)
    reports: tuple[Report, ...] = Field((), exclude_if=is_empty)
    architecture: LearnedArchitecture | None = Field(None, exclude_if=is_none)

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


class Batch(Record):
    """`rung-K/batch-NN.json`: written when every slot of one training job has its record."""

    first_slot: Index
    records: tuple[Digest, ...]


def rank(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Sort by loss, best first; failures last; ties by proposal id as numbers."""
    return sorted(evaluations, key=_rank_key)


def _rank_key(evaluation: Evaluation) -> tuple[bool, float, tuple[int, ...]]:
    loss = evaluation.loss
    return loss is None, 0.0 if loss is None else loss, proposal_key(evaluation.proposal.id)
