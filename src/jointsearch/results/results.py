"""All that is known of an experiment so far: what tables, figures and numbers are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.records import Evaluation
from jointsearch.results.folder import Folder
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan, StudyPlan


@dataclass(frozen=True)
class Study:
    """A study of an experiment, and what it has trained so far, by (bracket, rung, slot).

    `experiment` holds its settings: an arm has a space or a sampler of its own.
    """

    experiment: Experiment
    evaluations: tuple[Evaluation, ...]

    @classmethod
    def read(cls, folder: Path, plan: Plan, name: str) -> "Study":
        """Read a study of the experiment whose results lie in a folder.

        Raises
        ------
        UserError
            As `Results.read`; if it is not planned.
        """
        return cls.of(Folder(folder), plan.find(name))

    @classmethod
    def of(cls, folder: Folder, plan: StudyPlan) -> "Study":
        """Take what a reader has found of what is planned."""
        return cls(folder.settings_of(plan.name), folder.evaluations_of(plan))


@dataclass(frozen=True)
class Results:
    """What is known of an experiment.

    Attributes
    ----------
    experiment
        Its settings.
    plan
        What it trains.
    studies
        By name, see `layout`; the search is always there, another one if it has begun.
    """

    experiment: Experiment
    plan: Plan
    studies: Mapping[str, Study]

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Read what lies in the folder of an experiment: what is planned, and what was trained of that.

        Raises
        ------
        UserError
            If a record is missing from a batch that is complete, was changed, or is of another experiment.
        """
        reader = Folder(folder)
        return cls.of(reader, reader.plan)

    @classmethod
    def of(cls, folder: Folder, plan: Plan) -> "Results":
        """Take what a reader has found of what is planned."""
        begun = [name for name in sorted(plan.names) if layout.settings_file(folder.path, name).exists()]
        begun.sort(key=lambda name: name != layout.SEARCH)
        return cls(folder.experiment, plan, {name: Study.of(folder, plan.find(name)) for name in begun})

    def evaluations(self, study: str) -> tuple[Evaluation, ...]:
        """What a study has trained so far; nothing where it has not begun."""
        return self.studies[study].evaluations if study in self.studies else ()
