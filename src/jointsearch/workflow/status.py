"""What an experiment has reached: the reader of its progress, its images, and its results in a few lines."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import file_digest, read_record
from jointsearch.core.units import Measure, amount
from jointsearch.results import data_summary
from jointsearch.results.folder import DoubtingFolder, Folder
from jointsearch.results.graph import Node, made_with
from jointsearch.results.words import value_text
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket, budgets
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow.progress import ProgressReader
from jointsearch.workflow.study_jobs import StudyJobs


def reader_of(all_jobs: Sequence[StudyJobs], outputs: Collection[str] = ()) -> ProgressReader:
    """The reader of the progress of all studies of a configuration; if `outputs` has trainings, of their brackets."""
    among = {one.planned.name: [item for item in one.brackets if _is_among(outputs, one, item)] for one in all_jobs}
    studies = {name: items for name, items in among.items() if items} or {
        one.planned.name: [*one.brackets] for one in all_jobs
    }
    # The line counts at each budget of the search, whatever a run trains.
    all_budgets = {
        one.planned.name: budgets(one.experiment.budget)
        for one in all_jobs
        if one.planned.name in {layout.SEARCH, *studies}
    }
    folder = DoubtingFolder(all_jobs[0].folder)
    return ProgressReader(folder, studies, all_budgets, all_jobs[0].config.budget.unit)


def _is_among(outputs: Collection[str], study: StudyJobs, item: Bracket) -> bool:
    rungs = (Node("rung", study.planned.name, item.index, rung) for rung in range(len(item.sizes)))
    return any(str(batch) in outputs for rung in rungs for batch in study.files(rung))


def images(folder: Path) -> str:
    """Describe in one line the images of an experiment; empty before they were checked."""
    try:
        found = Folder(folder).data
    except UserError as error:
        return f"{'images':>12} unknown: {error}\n"
    return "" if found is None else f"{'images':>12} {data_summary.line(found)}\n"


def summary(folder: Path) -> str:
    """Say where the results of an experiment are and what its best configuration is."""
    lines = [f"results     {folder}"]
    for name in (Node("observations", layout.SEARCH).file(), *made_with(Node("paper").file()), Node("page").file()):
        if (folder / name).exists():
            lines.append(f"            {folder / name}")
    if (manifest := folder / Node("manifest").file()).exists():
        lines.append(f"root        {file_digest(manifest)}")
    if (incumbent := folder / Node("incumbent", layout.SEARCH).file()).exists():
        try:
            measure = read_record(layout.experiment_file(folder), Experiment).measure
            lines += _best(read_record(incumbent, Incumbent), measure)
        except UserError as error:
            lines.append(f"best        unknown: {error}")
    return "\n".join(lines)


def _best(best: Incumbent, measure: Measure) -> list[str]:
    if best.values is None or best.budget is None or best.budget_unit is None:
        return [f"best        none: {best.message}"]
    found = [measure.named(best.loss)]
    if best.test_error is not None:
        found.append(replace(measure, name=measure.test).named(best.test_error))
    if best.parameters is not None:
        found.append(f"{best.parameters:,} weights")
    values = [f"            {name} = {value_text(value)}" for name, value in best.values.items()]
    return [
        f"best        {', '.join(found)}, after {amount(best.budget, best.budget_unit)} ({best.evaluation})",
        *values,
    ]
