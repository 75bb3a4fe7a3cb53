"""Records of what is to be trained: proposals, and the rungs that they are in."""

from typing import Annotated, Literal

from pydantic import Field

from jointsearch.core.fields import Digest, Index, Record, Value, Values, is_none


class Origin(Record):
    """Where a proposal came from: the prior, a model of one budget, or, with a name, from outside the search."""

    sampler: str
    kind: Literal["random", "model", "given"]
    model_budget: float | None = None
    name: str | None = Field(None, exclude_if=is_none)


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
    details: dict[str, Value] = Field({})


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


def proposal_key(proposal_id: str) -> tuple[int, ...]:
    """Read a proposal id as numbers, so that 10-0-0 comes after 9-0-0."""
    return tuple(int(part) for part in proposal_id.split("-"))
