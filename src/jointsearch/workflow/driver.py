"""A whole experiment in one process, without Snakemake: the same records, made by the functions that the rules call.

For tests, benchmarks and notebooks, in which a process for each job would take most of the time. The results folder is
one of the workflow: it can be audited, and a run of the workflow continues from it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jointsearch.analysis import study_tables
from jointsearch.core import layout, lock
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record, write_bytes, write_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.proposal import Rung
from jointsearch.results.folder import Folder
from jointsearch.results.graph import Node
from jointsearch.results.results import StudyResults
from jointsearch.samplers import registry
from jointsearch.search import course, proposals
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.resolve import refuse_another
from jointsearch.search.studies.arms import later_step
from jointsearch.search.studies.kinds import proposer
from jointsearch.space.space import Space
from jointsearch.training.job import Job, drop_ends
from jointsearch.training.slot import Slot
from jointsearch.training.trainer import Resources, Train, trainer
from jointsearch.training.trial import Trial
from jointsearch.workflow import gaps
from jointsearch.workflow.study_jobs import StudyJobs


def run(all_jobs: Mapping[str, StudyJobs], objective: Callable[[Trial], object] | None = None) -> None:
    """Run an experiment with all its studies: records, tables of evaluations and incumbents.

    Evaluations that exist are not trained again. Trainings run one after another, on one thread.

    Parameters
    ----------
    all_jobs
        Its studies by name, see `StudyJobs.all_from_config`.
    objective
        Is called in place of that which the configuration names (`objective`), such as a function inside another one,
        which has no dotted name. Records have the digest of its code; an audit that trains again calls the named one.

    Raises
    ------
    UserError
        If another run works in the results folder; if anything in the configuration cannot work.
    """
    search = all_jobs[layout.SEARCH]
    if objective is not None and search.experiment.objective is None:
        raise UserError("objective: missing; name the function in the configuration too")
    with lock.take(search.folder):
        for note in gaps.open_up(search.folder, gaps.find(all_jobs)):
            print(f"note: {note}", file=sys.stderr)
        write_record(layout.plan_file(search.folder), search.graph.plan)
        for study_jobs in all_jobs.values():
            settings = _settings(study_jobs)
            refuse_another(study_jobs.settings_file, settings)
            write_record(study_jobs.settings_file, settings)
            if study_jobs is search and search.graph.has_images:
                _find_images(study_jobs)
            with _trainer(study_jobs, settings, objective) as train:
                study = _StudyRun(study_jobs, settings, train)
                study.run()
            study.sum_up()


def finish(all_jobs: Mapping[str, StudyJobs]) -> None:
    """Make all that is computed from the records: configuration, figures, tables, numbers, paper, crate, manifest.

    Raises
    ------
    UserError
        If another run works in the results folder; if records are missing, or do not fit each other.
    """
    # These take seconds to import, and are not needed to train.
    from jointsearch.audit import crate, seal
    from jointsearch.core import code
    from jointsearch.workflow.outcomes import write_outcomes

    folder = all_jobs[layout.SEARCH].folder
    with lock.take(folder):
        write_outcomes(all_jobs[layout.SEARCH])
        write_bytes(folder / crate.WORKFLOW, crate.workflow_text(code.ROOT / "Snakefile"))
        write_bytes(folder / crate.METADATA, crate.build(folder))
        seal.seal(folder)


@dataclass(frozen=True)
class _StudyRun:
    """The run of a study; keeps its records in its folder, see `course.Keeper`."""

    study_jobs: StudyJobs
    experiment: Experiment
    training: Train

    def run(self) -> None:
        """Train everything that is planned."""
        planned, brackets = self.study_jobs.planned.plan, self.study_jobs.brackets
        if self.experiment.warm_start is not None:
            self._begin_warm()
        if planned.is_search:
            course.run(brackets, self.experiment.budget, self.experiment.lags, self)
            return
        followed = {name: StudyResults.read(self.study_jobs.folder, name).evaluations for name in planned.follows}
        kind = proposer(planned)
        for item in brackets:
            for rung in range(len(item.sizes)):
                proposed = kind.propose(self.experiment, planned, item.index, rung, followed)
                self.train(item, rung, self.keep(proposed))

    def sum_up(self) -> None:
        """Write the table of its evaluations and the best configuration."""
        found = StudyResults.read(self.study_jobs.folder, self.folder.name)
        for name, content in study_tables.of_study(found).items():
            write_bytes(self.study_jobs.table.with_name(name), content)

    @property
    def folder(self) -> Path:
        return self.study_jobs.study_folder

    @cached_property
    def space(self) -> Space:
        return Space(self.experiment.space)

    def sample(self, item: Bracket, seen: Sequence[Evaluation], pending: Sequence[Rung]) -> Rung:
        reader, name = Folder(self.study_jobs.folder), self.folder.name
        previous = reader.previous(name, item.index)
        history = proposals.history(self.experiment, name, item.index, previous, seen)
        write_record(layout.history_file(self.folder, item.index), history)
        known, waiting = reader.observations(name, item.index), pending if self._sees_pending else ()
        return self.keep(proposals.first_rung(self.experiment, history, known, waiting, self.space))

    def promote(self, item: Bracket, rung: int, below: Sequence[Evaluation]) -> Rung:
        promoted = self.keep(proposals.next_rung(self.experiment, below))
        drop_ends(layout.rung_folder(self.folder, item.index, rung - 1), below, promoted)
        return promoted

    def train(self, item: Bracket, rung: int, proposed: Rung) -> list[Evaluation]:
        folder = layout.rung_folder(self.folder, item.index, rung)
        batches = self.study_jobs.files(Node("rung", self.folder.name, item.index, rung))
        for batch in batches:
            job = Job(self.experiment, proposed, folder, layout.slots_of(batch))
            # Refuses records of something else.
            job.missing()
            for slot, _ in job.to_train(Interruption()):
                job.keep(slot, self.training(Slot(self.experiment, proposed, slot, self.folder)))
            job.finish(batch)
        return Folder(self.study_jobs.folder).of_batches(batches)

    def keep(self, rung: Rung) -> Rung:
        """Write the proposals of a rung."""
        write_record(layout.proposals_file(self.folder, rung.bracket, rung.rung), rung)
        return rung

    def _begin_warm(self) -> None:
        begun = self.study_jobs.config.search.warm_start
        assert begun is not None
        known = proposals.warm_start(self.experiment, self.folder.name, Path(begun.folder), begun.losses)
        write_record(layout.warm_start_file(self.folder), known)

    @property
    def _sees_pending(self) -> bool:
        return registry.sees_pending(self.experiment.sampler)


def _settings(study_jobs: StudyJobs) -> Experiment:
    """Settings of a study, once those have ended whose incumbents it keeps a part of."""
    found = [read_record(path, Incumbent) for path in study_jobs.inputs("settings")["keeps"]]
    return later_step(study_jobs.experiment, found, study_jobs.planned.plan.keeps)


def _trainer(
    study_jobs: StudyJobs, settings: Experiment, objective: Callable[[Trial], object] | None
) -> AbstractContextManager[Train]:
    """What trains the slots of a study."""
    config, folder, jobs = study_jobs.config, study_jobs.folder, study_jobs.config.jobs
    images = read_record(layout.data_file(folder), DataSet) if study_jobs.graph.has_images else None
    roots = Path(config.data_root), Path(config.cache_root)
    resources = Resources(*roots, jobs.device, jobs.memory_gb, threads=1, side_by_side=1, save_every=jobs.save_every)
    return trainer(settings, folder, images, resources, Interruption(), objective)


def _find_images(study_jobs: StudyJobs) -> None:
    # Reading images takes seconds to import; an objective of one's own has none.
    from jointsearch.workflow import images

    config = study_jobs.config
    output, roots = layout.data_file(study_jobs.folder), (Path(config.data_root), Path(config.cache_root))
    images.find(output, study_jobs.experiment, *roots, study_jobs.fraction_given)
