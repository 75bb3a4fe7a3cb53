"""All that is known of an experiment so far: what tables, figures and numbers are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.files import read_record
from jointsearch.core.records import Evaluation
from jointsearch.results.reader import read_study
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan


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
            As `Material.read`; if it is not planned.
        """
        planned = plan.find(name)
        experiment = read_record(layout.settings_file(folder, name), Experiment)
        return cls(experiment, tuple(read_study(folder / name, experiment.id, planned)))


@dataclass(frozen=True)
class Material:
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
    def read(cls, folder: Path) -> "Material":
        """Read what lies in the folder of an experiment: what is planned, and what was trained of that.

        Raises
        ------
        UserError
            If a record is missing from a batch that is complete, was changed, or is of another experiment.
        """
        experiment = read_record(layout.experiment_file(folder), Experiment)
        plan = read_record(layout.plan_file(folder), Plan)
        begun = [name for name in sorted(plan.names) if layout.settings_file(folder, name).exists()]
        begun.sort(key=lambda name: name != layout.SEARCH)
        return cls(experiment, plan, {name: Study.read(folder, plan, name) for name in begun})

    def evaluations(self, study: str) -> tuple[Evaluation, ...]:
        """What a study has trained so far; nothing where it has not begun."""
        return self.studies[study].evaluations if study in self.studies else ()
