"""The plan of an experiment, as a record: what each of its studies trains, and what follows from what."""

from collections.abc import Iterator
from typing import Literal

from jointsearch.core.records import Digest, Index, Record
from jointsearch.search.hyperband import Bracket

Kind = Literal["search", "random", "manual", "retraining"]
"""Where the proposals of a study come from: a search samples and promotes them; random ones are the same at every
budget; manual ones are architectures of the literature; a retraining takes those that others have found."""
Place = tuple[str, int, int, int]
"""Study, bracket, rung, slot."""


class StudyPlan(Record):
    """What a study trains.

    Attributes
    ----------
    name
        Of the study and of its folder.
    kind
        Where its proposals come from.
    settings
        Digest of its settings, `experiment.json`. Of the second of two steps: as they are before the first has found
        what the second keeps.
    brackets
        Sizes and budget levels of its brackets, in order.
    follows
        The studies from whose outcomes its settings, or its proposals, are chosen.
    keeps
        The hyperparameters that the second of two steps keeps as the first has found them.
    arm, repeat
        Which search of which arm it is, or a step of it; null of other studies.
    names
        What it trains under names: manual architectures.
    seeds
        Trainings of each of its configurations with seeds of their own; null of a search.
    """

    name: str
    kind: Kind
    settings: Digest
    brackets: tuple[Bracket, ...]
    follows: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    arm: str | None = None
    repeat: Index | None = None
    names: tuple[str, ...] = ()
    seeds: Index | None = None

    def bracket(self, index: int) -> Bracket | None:
        """The bracket with an index; None if none is planned."""
        return next((one for one in self.brackets if one.index == index), None)

    @property
    def trainings(self) -> int:
        """How many there are."""
        return sum(sum(one.sizes) for one in self.brackets)

    def places(self) -> Iterator[Place]:
        """Place of each training, in order."""
        for one in self.brackets:
            for rung, size in enumerate(one.sizes):
                yield from ((self.name, one.index, rung, slot) for slot in range(size))


class Plan(Record):
    """`plan.json`: what an experiment trains.

    It may grow: a longer search, another study. It never loses what has begun. Trainings do not depend on it.

    Attributes
    ----------
    experiment
        Digest of the settings of the search.
    seed
        Of the experiment; every other seed comes of it, the study, and the place in it.
    studies
        In an order in which they can be run; the search is the first.
    """

    experiment: Digest
    seed: Index
    studies: tuple[StudyPlan, ...]

    @property
    def search(self) -> StudyPlan:
        """The search itself."""
        return self.studies[0]

    @property
    def names(self) -> list[str]:
        """Names of the studies, in order."""
        return [one.name for one in self.studies]

    def study(self, name: str) -> StudyPlan | None:
        """A study by name; None if it is not planned."""
        return next((one for one in self.studies if one.name == name), None)

    def places(self) -> Iterator[Place]:
        """Place of each training of each study, in order."""
        for one in self.studies:
            yield from one.places()
