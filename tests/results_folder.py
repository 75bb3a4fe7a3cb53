"""A finished search on disk, made without training."""

from pathlib import Path

from synthetic import search

from jointsearch.audit import crate
from jointsearch.core import layout
from jointsearch.core.config import Config, StudySettings
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.fields import Record
from jointsearch.core.files import canonical, file_digest
from jointsearch.core.proposal import Rung
from jointsearch.results import catalogue
from jointsearch.results.catalogue import made_of
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import bracket
from jointsearch.search.plan import Plan, StudyPlan
from jointsearch.search.resolve import resolve, to_config
from jointsearch.search.studies.kinds import plan, record

ROOT = Path(__file__).parents[1]
SEARCH = StudyPlan(name=layout.SEARCH, kind="search", settings="0" * 64, brackets=())
FIGURES, TABLES = (tuple(made_of([SEARCH], known)) for known in (catalogue.FIGURES, catalogue.TABLES))


def settings(maximum: int, **training: object) -> Experiment:
    budget = {"unit": "epochs", "minimum": 1, "maximum": maximum}
    asked = {"experiment": "small", "budget": budget, "data": {"name": "digits"}, "training": training}
    return resolve(Config.model_validate(asked))


def write_search(folder: Path, experiment: Experiment, brackets: int) -> list[Evaluation]:
    """Write all files of a finished search; every second slot trained on a GPU, two slots a job."""
    put(folder / "experiment.json", experiment)
    put(layout.plan_file(folder), plan_of(experiment, brackets))
    images = {"digest": "d" * 64, "split": "5" * 64, "classes": ("0", "1"), "shape": (1, 8, 8)}
    put(folder / "data.json", DataSet(**images, train=8, validation=2, test=2))
    evaluations = []
    for number, one in enumerate(search(brackets, experiment.budget, failing=0.2)):
        device = {"device_type": "cuda" if one.slot % 2 else "cpu"}
        observed = {"started": 100.0 + number, "finished": 110.5 + number}
        changes = {
            "experiment": experiment.id,
            "made_with": one.made_with.model_copy(update=device),
            "observed": one.observed.model_copy(update=observed),
        }
        evaluations.append(one.model_copy(update=changes))
    study = folder / layout.SEARCH
    for index in range(brackets):
        put(layout.history_file(study, index), b"{}\n")
        for rung, size in enumerate(bracket(index, experiment.budget).sizes):
            write_rung(study, [one for one in evaluations if (one.bracket, one.rung) == (index, rung)], size)
    outcomes = ["observations.csv", "incumbent.json", "numbers.json", "config.yaml", "space.yaml"]
    outcomes += ["interactive.html", "paper.pdf", "paper.html", *(f"tables/{name}.csv" for name in TABLES)]
    for name in [*outcomes, *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("csv", "pdf"))]:
        put(folder / name, name.encode())
    for name in {one.observed.environment for one in evaluations}:
        put(layout.environment_file(folder, name), b"{}\n")
    put(folder / crate.WORKFLOW, crate.workflow_text(ROOT / "Snakefile"))
    return evaluations


def plan_of(experiment: Experiment, brackets: int, **beside: dict[str, object]) -> Plan:
    """Plan a search of so many brackets, and studies beside it."""
    config = to_config(experiment, brackets, StudySettings.model_validate(beside))
    return record(plan(config, experiment), experiment)


def put(path: Path, content: Record | bytes) -> None:
    """Write a file without waiting for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canonical(content.model_dump(mode="json")) if isinstance(content, Record) else content)


def write_rung(study: Path, evaluations: list[Evaluation], size: int) -> None:
    first = evaluations[0]
    folder = layout.rung_folder(study, first.bracket, first.rung)
    place = {"experiment": first.experiment, "study": first.study, "bracket": first.bracket, "rung": first.rung}
    put(folder / "proposals.json", Rung(**place, proposals=tuple(one.proposal for one in evaluations)))
    for one in evaluations:
        put(layout.slot_file(folder, one.slot), one)
    for path in layout.batch_files(study, first.bracket, first.rung, size, 2):
        start, end = (int(number) for number in path.stem.split("-")[1:])
        records = tuple(file_digest(layout.slot_file(folder, slot)) for slot in range(start, end + 1))
        put(path, Batch(first_slot=start, records=records))
