"""The plan of an experiment, as a record: what each of its studies trains, and how they depend on each other."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Digest, Index, Record
from jointsearch.core.files import read_record
from jointsearch.search.hyperband import Bracket

Place = tuple[str, int, int, int]
"""Study, bracket, rung, slot."""


class StudyPlan(Record):
    """What a study trains.

    Attributes
    ----------
    name
        Of the study and of its folder.
    kind
        Where its proposals come from, the name of a `StudyKind`: a search samples and promotes them; random ones, of
        the study `correlation` and of arms that learn nothing, are the same at every budget; manual ones are
        architectures of the literature; a retraining takes those that others have found; gradients train all
        architectures at once, in a step of an arm. For an audit, a study that is not planned may be `unknown`.
    settings
        Digest of its settings, `experiment.json`. Of a later step of an arm: before it has the values that it keeps.
    brackets
        Sizes and budget levels of its brackets, in order.
    follows
        The studies from whose outcomes its settings, or its proposals, are chosen.
    keeps
        The hyperparameters that a step of an arm keeps as those that it follows have found them.
    arm, repeat
        Which search of which arm it is, or a step of it; null of other studies.
    is_reference
        Whether it is of the arm that others are compared with.
    names
        What it trains under names: manual architectures.
    seeds
        Trainings of each of its configurations, with different seeds; null of a search.
    """

    name: str
    kind: str
    settings: Digest
    brackets: tuple[Bracket, ...]
    follows: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    arm: str | None = None
    repeat: Index | None = None
    is_reference: bool = False
    names: tuple[str, ...] = ()
    seeds: Index | None = None

    @property
    def is_search(self) -> bool:
        """Whether its proposals are sampled and promoted."""
        return self.kind == "search"

    def bracket(self, index: int) -> Bracket | None:
        """The bracket with an index; None if none is planned."""
        return next((one for one in self.brackets if one.index == index), None)

    def at(self, index: int) -> Bracket:
        """The bracket with an index, which is planned.

        Raises
        ------
        UserError
            If it is not.
        """
        found = self.bracket(index)
        if found is None:
            raise UserError(f"{self.name}: no bracket {index} is planned; plan more, or move its folder away")
        return found

    @property
    def group(self) -> str:
        """What it belongs to: of the searches of an arm the arm, whatever the repeat and the step, else itself."""
        return self.arm or self.name

    @property
    def trainings(self) -> int:
        """How many there are."""
        return sum(sum(one.sizes) for one in self.brackets)

    def places(self) -> Iterator[Place]:
        """Position of each training, in order."""
        for one in self.brackets:
            for rung, size in enumerate(one.sizes):
                yield from ((self.name, one.index, rung, slot) for slot in range(size))


class Plan(Record):
    """`plan.json`: what an experiment trains.

    It may grow: a longer search, another study. It never loses what has begun, see `refuse_loss`. Trainings do not
    depend on it.

    Attributes
    ----------
    experiment
        Digest of the settings of the search.
    seed
        Of the experiment; every other seed derives from it, the study, and the position in it.
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
    def arms(self) -> list[str]:
        """Names of the arms, in order."""
        return list(dict.fromkeys(one.arm for one in self.studies if one.arm is not None))

    @property
    def reference(self) -> str | None:
        """The arm with which others are compared; None without arms."""
        return next((one.arm for one in self.studies if one.is_reference), None)

    @property
    def names(self) -> list[str]:
        """Names of the studies, in order."""
        return [one.name for one in self.studies]

    def study(self, name: str) -> StudyPlan | None:
        """A study by name; None if it is not planned."""
        return next((one for one in self.studies if one.name == name), None)

    def find(self, name: str) -> StudyPlan:
        """A study by name, which is planned.

        Raises
        ------
        UserError
            If it is not.
        """
        found = self.study(name)
        if found is None:
            raise UserError(f"{name}: no planned study; known are {', '.join(self.names)}")
        return found

    def steps_of(self, study: StudyPlan) -> list[StudyPlan]:
        """The studies of the same repeat of the same arm, one for each step, in order; none without an arm."""
        return [one for one in self.studies if one.arm and (one.arm, one.repeat) == (study.arm, study.repeat)]

    def step_of(self, study: StudyPlan) -> int | None:
        """Which step of its arm a study is, from 1; None if it is the only one, or of no arm."""
        steps = [one.name for one in self.steps_of(study)]
        return steps.index(study.name) + 1 if len(steps) > 1 else None

    def places(self) -> Iterator[Place]:
        """Position of each training of each study, in order."""
        for one in self.studies:
            yield from one.places()


def refuse_loss(folder: Path, planned: Plan) -> None:
    """Refuse a plan that loses, or changes, what has begun by the recorded plan of an experiment.

    A bracket has begun once its first proposals exist. Brackets that have not begun may be left out. Once an arm has
    begun, what is compared with what is settled: its results may not choose the reference, nor how many tests they are
    corrected for. Repeats may still be added.

    Raises
    ------
    UserError
        Names the study, what of it has begun, and the ways out.
    """
    path = layout.plan_file(folder)
    if not path.exists():
        return
    stored = read_record(path, Plan)
    if stored == planned:
        return
    begun = {
        study.name: [one for one in study.brackets if layout.proposals_file(folder / study.name, one.index, 0).exists()]
        for study in stored.studies
    }
    studies = [study for study in stored.studies if begun[study.name]]
    # First: of an arm that is left out, moving its results away would not help.
    if of_arms := [study.name for study in studies if study.arm]:
        _refuse_other_tests(path, of_arms[0], stored, planned)
    for study in studies:
        _refuse_loss(path, study, planned.study(study.name), begun[study.name])


def _refuse_other_tests(path: Path, begun: str, stored: Plan, planned: Plan) -> None:
    settled = (
        ("reference", stored.reference, planned.reference),
        ("arms", sorted(stored.arms), sorted(planned.arms)),
    )
    for what, was, now in settled:
        if was != now:
            raise UserError(
                f"{path}: {begun} has begun, so that the tests of arms are settled, with their {what} "
                f"({_short(was)}, not {_short(now)}); restore them, or give this experiment another name"
            )


def _refuse_loss(path: Path, study: StudyPlan, now: StudyPlan | None, begun: Sequence[Bracket]) -> None:
    name = study.name
    if now is None:
        raise UserError(
            f"{path}: plans the study {name}, which has begun, but this configuration does not; add it again, or "
            f"move {path.parent / name} away"
        )
    least = 1 + begun[-1].index
    if study.is_search and len(now.brackets) < least:
        where = " (studies.arms.brackets, or a share)" if study.arm else ""
        raise UserError(
            f"{path}: plans {len(study.brackets)} brackets of {name}, {len(begun)} of them begun; {len(now.brackets)} "
            f"are fewer; configure at least {least} brackets{where}, or give this experiment another name"
        )
    before, after = study.model_dump(), now.model_dump()
    # Brackets that have not begun may change, or go.
    before["brackets"], after["brackets"] = begun, [now.bracket(one.index) for one in begun]
    # The reference is one for all arms, see `_refuse_other_tests`.
    after["is_reference"] = before["is_reference"]
    for field, was in before.items():
        if was != after[field]:
            raise UserError(
                f"{path}: the study {name} has begun, and keeps its {field} ({_short(was)}, not "
                f"{_short(after[field])}); restore them, or move {path.parent / name} away to begin it again"
            )


def _short(value: object) -> str:
    """Write a field of a plan for people: of brackets, the sizes of their rungs."""
    if isinstance(value, Bracket):
        return "+".join(map(str, value.sizes))
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value)) or "none"
    return "none" if value is None else str(value)
