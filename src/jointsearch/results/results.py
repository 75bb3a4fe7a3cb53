"""All results of an experiment so far, from which tables, figures and numbers are computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.folder import Folder, Reader
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan, StudyPlan


@dataclass(frozen=True)
class StudyResults:
    """A study of an experiment, and what it has trained so far, by (bracket, rung, slot).

    `experiment` holds its settings: an arm has a space or a sampler of its own.
    """

    experiment: Experiment
    evaluations: tuple[Evaluation, ...]

    @classmethod
    def read(cls, folder: Path, name: str) -> "StudyResults":
        """Read a study of the experiment whose results lie in a folder, as far as it is planned.

        Raises
        ------
        UserError
            As `Results.read`; if it is not planned.
        """
        reader = Folder(folder)
        return cls.of(reader, reader.plan.find(name))

    @classmethod
    def of(cls, folder: Reader, plan: StudyPlan) -> "StudyResults":
        """Take the planned records that a reader has found."""
        return cls(folder.settings_of(plan.name), folder.evaluations_of(plan))


@dataclass(frozen=True, eq=False)
class Results:
    """The results of an experiment. Only the same object is equal, so that what is computed from it can be kept.

    Attributes
    ----------
    experiment
        Its settings.
    plan
        What it trains.
    studies
        By name, see `layout`; the search is always there, another one if it has begun.
    data
        The images; None without any, or before they were checked.
    """

    experiment: Experiment
    plan: Plan
    studies: Mapping[str, StudyResults]
    data: DataSet | None = None

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Read the folder of an experiment: its plan, and the planned trainings that exist.

        Raises
        ------
        UserError
            If a record is missing from a batch that is complete, was changed, or is of another experiment.
        """
        reader = Folder(folder)
        return cls.of(reader, reader.plan)

    @classmethod
    def of(cls, folder: Reader, plan: Plan) -> "Results":
        """Take the planned records that a reader has found."""
        begun = [name for name in sorted(plan.names) if layout.settings_file(folder.path, name).exists()]
        begun.sort(key=lambda name: name != layout.SEARCH)
        studies = {name: StudyResults.of(folder, plan.find(name)) for name in begun}
        return cls(folder.experiment, plan, studies, folder.data)

    def evaluations(self, study: str) -> tuple[Evaluation, ...]:
        """The evaluations of a study so far; none if it has not begun."""
        return self.studies[study].evaluations if study in self.studies else ()
