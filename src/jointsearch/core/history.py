"""Records of what a sampler sees: the history of a bracket, and a warm start."""

from pydantic import Field

from jointsearch.core.fields import ERRORS, Digest, Finite, Index, Losses, Record, Values


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
