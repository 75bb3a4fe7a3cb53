"""A slot of a rung: what is trained in it, what it continues from, and which files are its own."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation, Identity
from jointsearch.core.files import read_record
from jointsearch.core.proposal import Proposal, Rung
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket


@dataclass(frozen=True)
class Slot:
    """A slot of a rung.

    Attributes
    ----------
    experiment, rung, number
        Which.
    study
        Folder of the study, which holds the states that trainings continue from.
    """

    experiment: Experiment
    rung: Rung
    number: int
    study: Path

    @cached_property
    def identity(self) -> Identity:
        """What is known beforehand of the evaluation in it."""
        return self.experiment.identity(self.rung, self.number)

    @property
    def proposal(self) -> Proposal:
        """What is trained in it."""
        return self.rung.proposals[self.number]

    @property
    def may_be_continued(self) -> bool:
        """Whether a training at the next budget may continue from the end of this one."""
        return self.experiment.training.continuation and self.rung.rung + 1 < len(self.levels)

    def before(self) -> Evaluation | None:
        """The evaluation from whose end this training continues; None if it starts from scratch."""
        if not self.experiment.training.continuation or not self.rung.rung:
            return None
        index, below = self.rung.bracket, self.rung.rung - 1
        proposals = read_record(layout.proposals_file(self.study, index, below), Rung).proposals
        slot = [one.id for one in proposals].index(self.proposal.id)
        found = read_record(layout.slot_file(layout.rung_folder(self.study, index, below), slot), Evaluation)
        return found if found.status == "success" else None

    @property
    def folder(self) -> Path:
        """Folder of the rung."""
        return layout.rung_folder(self.study, self.rung.bracket, self.rung.rung)

    def end_file(self, evaluation: Evaluation) -> Path:
        """Where the end of an evaluation of the same study is kept."""
        rung = layout.rung_folder(self.study, evaluation.bracket, evaluation.rung)
        return layout.end_file(rung, evaluation.proposal.id)

    def end_of(self, evaluation: Evaluation) -> str:
        """What that state is of, in words."""
        return f"{self.experiment.id} {evaluation.study} {evaluation.id}"

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels of the budgets of its bracket, that of each rung."""
        return bracket(self.rung.bracket, self.experiment.budget).levels
