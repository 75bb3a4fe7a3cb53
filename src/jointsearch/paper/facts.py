"""All that the text may know of an experiment, for Typst and for LaTeX."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jointsearch.analysis.arm_design import ArmDesign
from jointsearch.analysis.number import Number
from jointsearch.analysis.numbers import Numbers, number_of_best
from jointsearch.core import code, config, layout, yaml_file
from jointsearch.core.config import Config
from jointsearch.core.data_set import HELD_OUT, DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import file_digest, read_record
from jointsearch.core.git import GitError, Repository
from jointsearch.core.units import amount, unit_name
from jointsearch.paper import captions, conditions
from jointsearch.paper.arms import ArmText, arm_texts
from jointsearch.paper.columns import signs
from jointsearch.paper.conditions import Difference, Machine, Parameter, StudyCount
from jointsearch.paper.tables import TABLES as DISPLAYS
from jointsearch.paper.tables import Shown, show
from jointsearch.results import code_inputs, dataset
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.folder import Folder
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.arm import starts
from jointsearch.search.studies.kinds import plan

SHORT = 8
"""Digits of a digest, or of a commit, that a text quotes."""


@dataclass(frozen=True)
class Made:
    """Where a figure or a table comes from: the digest of its data, the script, the module, and the code's commit."""

    data: str
    script: str
    commit: str
    link: str | None


@dataclass(frozen=True)
class Facts:
    """What the text may know.

    Attributes
    ----------
    experiment, brackets
        Its settings, and the planned length of its search.
    images
        Those that it trains on; None before they were checked.
    studies, machines, differences
        See `conditions`.
    parameters
        The space and the best configuration, see `conditions`.
    numbers
        By name.
    figures, tables
        Where each comes from, by name, of the search and of all other studies with a training; the tables as they
        are shown.
    arms, methods
        The arms in words, the reference first, and the methods that they use, see `paper.arms`.
    design
        How arms are compared.
    start
        The manual architectures from which arms in steps start; empty if one starts from other values.
    evaluations, environments
        The trainings so far, of the search first, and what each ran in, by its digest.
    commit
        That of the code of figures and tables.
    """

    experiment: Experiment
    brackets: int
    images: DataSet | None
    studies: dict[str, StudyCount]
    machines: list[Machine]
    differences: list[Difference]
    parameters: list[Parameter]
    numbers: dict[str, Number]
    figures: dict[str, Made]
    tables: dict[str, tuple[Made, Shown]]
    arms: tuple[ArmText, ...]
    methods: str
    design: ArmDesign
    start: str
    evaluations: tuple[Evaluation, ...]
    environments: Mapping[str, Environment]
    commit: str


def gather(folder: Path, reader: Folder | None = None) -> Facts:
    """Gather the facts of an experiment from its results.

    Parameters
    ----------
    folder
        Its results: records, `config.yaml`, `numbers.json`, `figures/`, `tables/`.
    reader
        A strict one, if there is one that has read some of it already.

    Raises
    ------
    UserError
        If something that the text needs is missing; one line with its path and how to make it.
    """
    published = config.read(code.ROOT / "config" / "config.yaml")
    published = published.model_copy(update={"space": str(code.ROOT / published.space)})
    reader = reader or Folder(folder)
    results = Results.of(reader, reader.plan)
    settings = _settings(folder / "config.yaml")
    length = len(results.plan.search.brackets)
    names = [name for name in results.studies if name == layout.SEARCH or results.evaluations(name)]
    begun = [results.plan.find(name) for name in names]
    commit, address = _commit(), published_at()
    figures = {name: _made(folder, "figures", name, commit, address) for name in made_of(begun, FIGURES)}
    tables = {}
    for name in [name for name in made_of(begun, TABLES) if name in DISPLAYS]:
        made = _made(folder, "tables", name, commit, address)
        path = folder / "tables" / f"{name}.csv"
        tables[name] = made, show(name, _rows(path), path, results.experiment.measure)
    return Facts(
        results.experiment,
        length,
        reader.data,
        conditions.study_counts(results),
        conditions.machines(results, reader.environments),
        conditions.differences(
            results.experiment,
            length,
            resolve(published),
            hyperband.bracket_count(published.search.length, published.search.length_unit, published.budget),
        ),
        conditions.parameters(results),
        dict(read_numbers(folder / "numbers.json", results.experiment).numbers),
        figures,
        tables,
        *arm_texts(results, {name: one.experiment for name, one in plan(settings, results.experiment).items()}),
        ArmDesign.of(results),
        _start(settings, results.experiment),
        tuple(one for study in results.studies.values() for one in study.evaluations),
        reader.environments,
        commit,
    )


def _settings(path: Path) -> Config:
    """The configuration of the results."""
    if not path.exists():
        raise UserError(f"{path}: is missing; `snakemake {path}` makes it")
    return config.read(path)


def _start(settings: Config, experiment: Experiment) -> str:
    """The architectures from which arms in steps start; empty without them, or if one starts otherwise."""
    section = settings.studies.arms
    found = set() if section is None else starts(section, experiment)
    return "" if None in found else " or ".join(sorted(filter(None, found)))


def read_numbers(path: Path, experiment: Experiment) -> Numbers:
    """Read the numbers of an experiment.

    Raises
    ------
    UserError
        If they are missing, or of another experiment.
    """
    if not path.exists():
        raise UserError(f"{path}: is missing; `snakemake figures` and `snakemake {path}` make it")
    numbers = read_record(path, Numbers)
    if numbers.experiment != experiment.id:
        raise UserError(f"{path}: holds numbers of another experiment; delete it to remake it")
    return numbers


def _made(folder: Path, kind: str, name: str, commit: str, address: str | None) -> Made:
    script = "figure" if kind == "figures" else "table"
    for suffix in ("csv", "pdf") if kind == "figures" else ("csv",):
        path = folder / kind / f"{name}.{suffix}"
        if not path.exists():
            raise UserError(f"{path}: is missing; `snakemake figures` makes it")
        if suffix == "pdf" and not _whole(path):
            raise UserError(f"{path}: is no whole PDF; delete it and remake it by `snakemake figures`")
    data = file_digest(folder / kind / f"{name}.csv")[:SHORT]
    link = f"{address}/blob/{commit.split()[0]}/scripts/{script}.py" if address else None
    return Made(data, f"scripts/{script}.py {name}", commit, link)


def _rows(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: is empty; delete it and remake it by `snakemake figures`") from None
    except pd.errors.ParserError:
        raise UserError(f"{path}: is no table; delete it and remake it by `snakemake figures`") from None


def _whole(path: Path) -> bool:
    """Whether a PDF has its first and its last line: one that was cut off has not."""
    content = path.read_bytes()
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-64:]


def _commit() -> str:
    """The last commit that changed the code of figures and tables. Committing results does not change it.

    An archive knows its own commit only.
    """
    version = code.version()
    if version.commit is None:
        return "no commit"
    last = version.commit
    if version.by == "git":
        try:
            last = Repository(code.ROOT).ask("rev-list", "-1", version.commit, "--", *code_inputs.numbers()).decode()
        except GitError:
            last = ""
    if not last:
        return "no commit"
    return f"{last[:SHORT]} with changes" if version.diff else last[:SHORT]


def published_at() -> str | None:
    """Where the project is published, as its citation file says."""
    path = code.ROOT / "CITATION.cff"
    return yaml_file.load(path).get("repository-code") if path.exists() else None


def number_text(number: Number) -> tuple[str, str]:
    """A number as a text quotes it, and its unit."""
    text = number.model_copy(update={"unit": ""}).text()
    return signs(text), number.unit


def caption_of(name: str) -> list[tuple[captions.Style, str]]:
    """The caption of a figure."""
    return captions.read(code.ROOT / code_inputs.caption(name))


def as_json(facts: Facts) -> dict[str, Any]:
    """The facts as the Typst source reads them."""
    one = facts.experiment
    ladder = hyperband.budgets(one.budget)
    return {
        "experiment": {
            "name": one.name,
            "objective": one.objective or "",
            "network": "" if one.objective else one.training.network or "",
            "loss": one.measure.name,
            "test": one.measure.test,
            "best": number_of_best(one.measure.name),
            "best_test": number_of_best(one.measure.test),
            "images": "" if one.objective else conditions.plain(one.data.name),
            "counts": "" if facts.images is None else dataset.line(facts.images),
            "sampler": one.sampler,
            "brackets": facts.brackets,
            "budgets": [amount(budget, one.budget.unit) for budget in ladder],
            "ladder": [f"{budget:g}" for budget in ladder],
            "unit": unit_name(one.budget.unit),
            "clock": one.budget.clock,
            "eta": one.budget.eta,
            "hyperparameters": len(one.space.hyperparameters),
            # Those that have something to search.
            "parts": [part for part, names in one.space.parts.items() if not one.space.fixed.issuperset(names)],
            "searches": sum(arm.repeats for arm in facts.arms),
            "start": facts.start,
            "validation": _held_out(facts),
        },
        "arms": [vars(arm) for arm in facts.arms],
        "methods": facts.methods,
        "comparison": {"reference": facts.design.reference, "test": facts.design.test, "why": facts.design.why},
        "numbers": {
            name: {"value": number.value, "text": number_text(number)[0], "unit": number.unit}
            for name, number in sorted(facts.numbers.items())
        },
        "studies": {name: vars(found) for name, found in facts.studies.items()},
        "known_studies": list(conditions.STUDIES),
        "machines": [vars(machine) for machine in facts.machines],
        "differences": [vars(difference) for difference in facts.differences],
        "parameters": [vars(parameter) for parameter in facts.parameters],
        "figures": {name: {**vars(made), "caption": caption_of(name)} for name, made in facts.figures.items()},
        "tables": {
            name: {**vars(made), **vars(shown), "caption": captions.parse(shown.caption)}
            for name, (made, shown) in facts.tables.items()
        },
    }


def _held_out(facts: Facts) -> str:
    """The share of the training images that is held out for validation; empty if the data has a validation part."""
    published = facts.images is not None and facts.images.validation_from != HELD_OUT
    return "" if published else f"{100 * facts.experiment.data.validation_fraction:.3g} %"
