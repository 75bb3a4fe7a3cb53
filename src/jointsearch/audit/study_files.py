"""The files of a study, as a crate tells of them."""

from dataclasses import dataclass, replace
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.files import read_record
from jointsearch.core.records import Evaluation, Rung
from jointsearch.results.material import Material
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.studies import kind_of

EXPERIMENT = Path(layout.EXPERIMENT)
OBSERVATIONS, INCUMBENT = Path("observations.csv"), Path("incumbent.json")


@dataclass(frozen=True)
class StudyFiles:
    """A study; all paths are relative to the folder of the experiment.

    Attributes
    ----------
    name, experiment, brackets
        Which study, its settings, and what it trains.
    evaluations
        Its records, by their files.
    """

    name: str
    experiment: Experiment
    brackets: tuple[Bracket, ...]
    evaluations: dict[Path, Evaluation]

    @classmethod
    def of(cls, material: Material, name: str, folder: Path) -> "StudyFiles":
        """Find the files of a study of an experiment, whose results lie in a folder."""
        study, place = material.studies[name], folder / name
        number = material.brackets if name == layout.SEARCH else layout.bracket_count(place)
        brackets = [hyperband.bracket(index, study.experiment.budget) for index in range(number)]
        if kind_of(name) != "search":
            # One bracket: at the place in a round that such a one has, and as large as what was proposed.
            brackets = [
                replace(item, sizes=(_proposed(place, item),) * len(item.sizes))
                for item in brackets
                if layout.bracket_folder(place, item.index).is_dir()
            ]
        records = {
            layout.slot_file(layout.rung_folder(Path(name), one.bracket, one.rung), one.slot): one
            for one in study.evaluations
        }
        return cls(name, study.experiment, tuple(brackets), records)

    @property
    def folder(self) -> Path:
        """Of the study."""
        return Path(self.name)

    @property
    def settings(self) -> Path:
        """The file of its settings."""
        return EXPERIMENT if self.name == layout.SEARCH else layout.experiment_file(self.folder)

    @property
    def outcomes(self) -> list[Path]:
        """The table of its evaluations, and its incumbent."""
        beside = Path() if self.name == layout.SEARCH else self.folder
        return [beside / OBSERVATIONS, beside / INCUMBENT]

    def slots(self, item: Bracket, rung: int) -> list[Path]:
        """The records of a rung, in slot order."""
        folder = layout.rung_folder(self.folder, item.index, rung)
        return [layout.slot_file(folder, slot) for slot in range(item.sizes[rung])]


def _proposed(study: Path, item: Bracket) -> int:
    return len(read_record(layout.proposals_file(study, item.index, 0), Rung).proposals)
