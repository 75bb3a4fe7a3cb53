"""The search as the workflow sees it: which files each job needs. Pure arithmetic, light to import."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jointsearch import hyperband, layout
from jointsearch.config import Config
from jointsearch.experiment import Experiment, refuse_another
from jointsearch.hyperband import Bracket


@dataclass(frozen=True)
class Pipeline:
    """The search of one configuration; all paths are relative to the working directory."""

    config: Config
    experiment: Experiment
    results: Path = Path("results")

    @classmethod
    def from_config(cls, config: Config) -> "Pipeline":
        """Build the pipeline of a configuration, checked against the results that already exist.

        Raises
        ------
        UserError
            If the configuration can't work, or its results folder belongs to another experiment.
        """
        pipeline = cls(config, Experiment.from_config(config))
        refuse_another(pipeline.frozen, pipeline.experiment)
        return pipeline

    @property
    def folder(self) -> Path:
        """Folder of the experiment."""
        return self.results / self.config.experiment

    @property
    def frozen(self) -> Path:
        """The settings that define the experiment."""
        return self.folder / "experiment.json"

    @property
    def study(self) -> Path:
        """Folder of the study that is the search."""
        return self.folder / layout.SEARCH

    @property
    def memory_flag(self) -> str:
        """Flag of a training's memory limit; empty without one."""
        limit = self.config.jobs.memory_gb
        return "" if limit is None else f"--memory-gb {limit:g}"

    @cached_property
    def brackets(self) -> list[Bracket]:
        """All brackets of the search, in order."""
        search = self.config.search
        number = hyperband.bracket_count(search.length, search.length_unit, self.config.budget)
        return [hyperband.bracket(index, self.config.budget) for index in range(number)]

    @property
    def length(self) -> int:
        """Number of brackets."""
        return len(self.brackets)

    def batches(self, bracket: int, rung: int) -> list[Path]:
        """Batch files of a rung."""
        size = hyperband.bracket(bracket, self.config.budget).sizes[rung]
        return layout.batch_files(self.study, bracket, rung, size, self.config.jobs.evaluations_per_job)

    def becomes_visible(self, bracket: int) -> list[Path]:
        """Batch files that this bracket's model sees and its predecessor's did not."""
        seen = hyperband.newly_seen(bracket, self.experiment.lags, self.config.budget)
        return [path for item, rung in seen for path in self.batches(item.index, rung)]

    def previous_history(self, bracket: int) -> list[Path]:
        """History that a bracket's history continues: none for the first."""
        return [layout.history_file(self.study, bracket - 1)] if bracket else []

    @cached_property
    def all_batches(self) -> list[Path]:
        """Batch files of the whole search."""
        return [
            path for item in self.brackets for rung in range(len(item.sizes)) for path in self.batches(item.index, rung)
        ]

    def priority(self, bracket: int, rung: int) -> int:
        """Order of trainings that could start: earlier bracket first, then later rung first."""
        return rung - bracket * len(self.experiment.lags)
