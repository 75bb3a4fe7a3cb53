"""All that is known of an experiment so far: what tables, figures and numbers are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.files import read_record
from jointsearch.core.records import Evaluation
from jointsearch.results.reader import read_study
from jointsearch.search.experiment import Experiment


@dataclass(frozen=True)
class Study:
    """A study of an experiment, and what it has trained so far, by (bracket, rung, slot).

    `experiment` holds its settings: an arm has a space or a sampler of its own.
    """

    experiment: Experiment
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class Material:
    """What is known of an experiment.

    Attributes
    ----------
    experiment
        Its settings.
    brackets
        Planned length of the search.
    studies
        By name, see `layout`; the search is always there, another one if it has begun.
    """

    experiment: Experiment
    brackets: int
    studies: Mapping[str, Study]

    @classmethod
    def read(cls, folder: Path, brackets: int) -> "Material":
        """Read what lies in the folder of an experiment.

        Raises
        ------
        UserError
            If a record is missing from a batch that is complete, was changed, or is of another experiment.
        """
        experiment = read_record(layout.experiment_file(folder), Experiment)
        search = Study(experiment, tuple(read_study(folder / layout.SEARCH, experiment.id, brackets)))
        others = {}
        for path in sorted(folder.glob(f"*/{layout.EXPERIMENT}")):
            of_study = read_record(path, Experiment)
            found = read_study(path.parent, of_study.id, layout.bracket_count(path.parent))
            others[path.parent.name] = Study(of_study, tuple(found))
        return cls(experiment, brackets, {layout.SEARCH: search, **others})

    def evaluations(self, study: str) -> tuple[Evaluation, ...]:
        """What a study has trained so far; nothing where it has not begun."""
        return self.studies[study].evaluations if study in self.studies else ()
