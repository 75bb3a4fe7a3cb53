"""The files of a study, as a crate tells of them."""

from dataclasses import dataclass
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.records import Evaluation
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

EXPERIMENT = Path(layout.EXPERIMENT)
OBSERVATIONS, INCUMBENT = Path("observations.csv"), Path("incumbent.json")


@dataclass(frozen=True)
class StudyFiles:
    """A study; all paths are relative to the folder of the experiment.

    Attributes
    ----------
    plan, experiment
        Which study, what it trains, and its settings.
    evaluations
        Its records, by their files.
    """

    plan: StudyPlan
    experiment: Experiment
    evaluations: dict[Path, Evaluation]

    @classmethod
    def of(cls, material: Results, name: str) -> "StudyFiles":
        """Find the files of a study of an experiment."""
        study = material.studies[name]
        records = {
            layout.slot_file(layout.rung_folder(Path(name), one.bracket, one.rung), one.slot): one
            for one in study.evaluations
        }
        return cls(material.plan.find(name), study.experiment, records)

    @property
    def name(self) -> str:
        """Of the study."""
        return self.plan.name

    @property
    def folder(self) -> Path:
        """Of the study."""
        return Path(self.name)

    @property
    def settings(self) -> Path:
        """The file of its settings."""
        return layout.settings_file(Path(), self.name)

    @property
    def outcomes(self) -> list[Path]:
        """The table of its evaluations, and its incumbent."""
        beside = Path() if self.name == layout.SEARCH else self.folder
        return [beside / OBSERVATIONS, beside / INCUMBENT]

    def slots(self, item: Bracket, rung: int) -> list[Path]:
        """The records of a rung, in slot order."""
        folder = layout.rung_folder(self.folder, item.index, rung)
        return [layout.slot_file(folder, slot) for slot in range(item.sizes[rung])]
