"""A study as the workflow sees it: which files each job needs. Pure arithmetic, light to import."""

import math
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.access import refuse_unreadable
from jointsearch.core.config import Config
from jointsearch.core.fields import BudgetUnit
from jointsearch.results.graph import IMPLIED, Graph, Node, made_with
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import refuse_loss
from jointsearch.search.resolve import refuse_another, resolve
from jointsearch.search.studies import kinds
from jointsearch.search.studies.changed_arms import refuse_changed_arms
from jointsearch.search.studies.kind import PlannedStudy

SECONDS_PER_UNIT: dict[BudgetUnit, float] = {
    "seconds": 1.0,
    "epochs": 60.0,
    "steps": 1.0,
    "gflop": 1.0,
    "nominal_seconds": 1.0,
}
"""Seconds that a unit of the budget takes at most, unless the configuration sets it."""
Inputs = dict[str, list[Path]]
OPTIONAL = {
    "settings": ("keeps",),
    "history": ("seen",),
    "evaluation": ("data",),
    "proposals": ("pending",),
}
"""Roles that shell commands name, but that some nodes of a kind do not have."""
DRAWN = (".pdf", ".svg", ".png", ".csv")
"""The files of a figure."""


@dataclass(frozen=True)
class StudyJobs:
    """One study of a configuration; all paths are relative to the working directory.

    `graph` says what everything in the experiment depends on. `position` is that among the studies of the
    configuration, the search first.
    """

    config: Config
    planned: PlannedStudy
    graph: Graph
    position: int = 0
    results: Path = Path("results")
    _inputs: dict[Node, Inputs] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def all_from_config(cls, config: Config, results: Path = Path("results")) -> "dict[str, StudyJobs]":
        """Plan the jobs of a configuration, by study, and check them against the results that already exist.

        Parameters
        ----------
        config
            The configuration.
        results
            Folder that holds the folder of the experiment.

        Raises
        ------
        UserError
            If the configuration can't work, its results folder belongs to another experiment or may not be read, or
            studies have begun there that it does not plan any more.
        """
        experiment = resolve(config)
        planned = kinds.plan(config, experiment)
        graph = Graph(kinds.record(planned, experiment), {one.name: one.experiment for one in planned.values()})
        all_jobs = {
            name: cls(config, study, graph, number, results) for number, (name, study) in enumerate(planned.items())
        }
        search = all_jobs[layout.SEARCH]
        refuse_unreadable(search.folder)
        refuse_another(search.settings_file, experiment)
        refuse_changed_arms(search.folder, planned, config.studies.arms, experiment)
        for one in all_jobs.values():
            # The values that a second step keeps are known only once the first has ended.
            if not one.planned.plan.keeps:
                refuse_another(one.settings_file, one.experiment)
        refuse_loss(search.folder, graph.plan)
        return all_jobs

    @classmethod
    def from_config(cls, config: Config, results: Path = Path("results")) -> "StudyJobs":
        """Plan the jobs of the search, as `all_from_config` does."""
        return cls.all_from_config(config, results)[layout.SEARCH]

    @property
    def experiment(self) -> Experiment:
        """Settings of the study."""
        return self.planned.experiment

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """All brackets of the study, in order."""
        return self.planned.brackets

    @cached_property
    def folder(self) -> Path:
        """Folder of the experiment."""
        return self.results / self.config.experiment

    @cached_property
    def study_folder(self) -> Path:
        """Folder of the study."""
        return self.folder / self.planned.name

    @cached_property
    def settings_file(self) -> Path:
        """The settings of the study; those of the search define the experiment."""
        return layout.settings_file(self.folder, self.planned.name)

    @property
    def table(self) -> Path:
        """The table of all evaluations of the study, made when it has ended."""
        return self.folder / Node("observations", self.planned.name).file()

    @property
    def training_flags(self) -> str:
        """Flags of a training job: where and how it runs, nothing that changes its result."""
        jobs = self.config.jobs
        flags = ["--device", jobs.device, "--data-root", self.config.data_root, "--cache", self.config.cache_root]
        if jobs.memory_gb is not None:
            flags += ["--memory-gb", f"{jobs.memory_gb:g}"]
        return shlex.join([*flags, "--save-every", f"{jobs.save_every:g}", "--side-by-side", str(jobs.side_by_side)])

    @property
    def configuration_flags(self) -> str:
        """Flags of the job that writes the configuration of the results: what of `jobs` an objective requires."""
        seconds = self.config.jobs.seconds_per_unit
        return "" if self.config.objective is None or seconds is None else f"--seconds-per-unit={seconds}"

    @property
    def fraction_given(self) -> bool:
        """Whether `data.validation_fraction` is configured; the frozen settings have a default as if it were."""
        return "validation_fraction" in self.config.data.model_fields_set

    @property
    def length(self) -> int:
        """Number of brackets."""
        return len(self.brackets)

    def inputs(self, kind: str, bracket: str | int = 0, rung: str | int = 0, name: str | None = None) -> Inputs:
        """Files that the job of a node needs, by their role, as the graph says.

        Parameters
        ----------
        kind, bracket, rung, name
            As in `graph.Node`; by default of this study.

        Returns
        -------
        dict of str to list of Path
            Roles that a shell command names are always there, if need be without files.
        """
        return self._by_role(Node(kind, self.planned.name if name is None else name, int(bracket), int(rung)))

    def inputs_of(self, node: Node) -> list[Path]:
        """Files that the job of a node needs."""
        return [path for files in self._by_role(node).values() for path in files]

    def _by_role(self, node: Node) -> Inputs:
        # The jobs of a rung have the same inputs, and the workflow engine asks for those of each job.
        if node not in self._inputs:
            self._inputs[node] = self._inputs_of(node)
        return self._inputs[node]

    def _inputs_of(self, node: Node) -> Inputs:
        found: Inputs = {role: [] for role in OPTIONAL.get(node.kind, ())}
        for role, source in self.graph.inputs_of(node):
            if role not in IMPLIED:
                found.setdefault(role, []).extend(self.files(source, role))
        return found

    def files(self, node: Node, role: str = "") -> list[Path]:
        """Files of a node: of a rung its batch files, of a study as a whole its table.

        A figure has its drawn files; in the role `figure_data`, only the data behind it.
        """
        match node.kind:
            case "rung" | "evaluation":
                size = self.graph.size(node.name, node.bracket, node.rung)
                packed = self.config.jobs.evaluations_per_job
                return layout.batch_files(self.folder / node.name, node.bracket, node.rung, size, packed)
            case "figure" if role != "figure_data":
                return [self.folder / node.file().with_suffix(suffix) for suffix in DRAWN]
        return [self.folder / file for file in made_with(node.file())]

    @property
    def rungs(self) -> list[list[Path]]:
        """Batch files of each rung of the study."""
        return [self.files(rung) for _, rung in self.graph.inputs_of(Node("study", self.planned.name))]

    @property
    def seconds_per_unit(self) -> float:
        """The most seconds that a unit of the budget takes."""
        return self.config.jobs.seconds_per_unit or SECONDS_PER_UNIT[self.config.budget.unit]

    def time_limit(self, bracket: int, rung: int, trainings: int) -> int:
        """Minutes that a job of so many trainings may take.

        Each gets 1.1 times its training, since the evaluations during it take a few percent, and the allowance of the
        configuration for what comes before and after.
        """
        jobs = self.config.jobs
        item, all_budgets = self.planned.bracket(bracket), hyperband.budgets(self.experiment.budget)
        training = hyperband.durations(item, all_budgets, self.config.training.continuation)[rung]
        seconds = 1.1 * training * self.seconds_per_unit + jobs.allowance
        # Rounded first: 1.1 is a little more than eleven tenths.
        return math.ceil(round(math.ceil(trainings / jobs.side_by_side) * seconds / 60, 6))

    def priority(self, bracket: int, rung: int) -> int:
        """Order of trainings that could start: earlier study first; in it earlier bracket first, then later rung.

        The search is the first study, and repeats of arms end one by one: if a run is cut off, whole ones are left.
        """
        return rung - bracket * len(self.experiment.lags) - self.position * 10**6
