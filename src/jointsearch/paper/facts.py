"""All that the text may know of an experiment, for Typst and for LaTeX."""

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jointsearch.analysis.arm_design import ArmDesign
from jointsearch.analysis.number import Number
from jointsearch.analysis.numbers import Numbers, number_of_best
from jointsearch.core import code, config, layout
from jointsearch.core.config import Config
from jointsearch.core.data_set import HELD_OUT, DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import file_digest, read_record
from jointsearch.core.git import GitError, Repository
from jointsearch.core.units import amount, unit_name
from jointsearch.paper import captions, citation, conditions
from jointsearch.paper.arms import ArmText, arm_texts
from jointsearch.paper.checklist import SHORT, Item, checklist
from jointsearch.paper.citation import Citation
from jointsearch.paper.columns import signs
from jointsearch.paper.compute import StudyCompute, compute
from jointsearch.paper.conditions import Difference, Machine, Parameter, StudyCount
from jointsearch.paper.optimiser import Setting, optimiser
from jointsearch.paper.tables import TABLES as DISPLAYS
from jointsearch.paper.tables import Shown, show, trainings
from jointsearch.results import code_inputs, dataset
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.folder import Folder
from jointsearch.results.records import Records, records
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.arm import starts
from jointsearch.search.studies.kinds import plan

NO_COMMIT = "no commit"
"""In place of a commit, where none is known."""


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
    kind, studies, machines, differences
        See `conditions`.
    compute
        What each study has cost, and all of them, see `paper.compute`.
    optimiser
        The settings of the search.
    parameters
        The space and the best configuration, see `conditions`.
    numbers
        By name.
    figures, tables
        Where each comes from, by name, of the search and of all other studies with a training; the tables as they
        are shown.
    behind
        The trainings behind each row of the tables, by their names.
    arms, methods
        The arms in words, the reference first, and the methods that they use, see `paper.arms`.
    claims
        The rows of the table of claims, for words that follow from them.
    design
        How arms are compared.
    start
        The manual architectures from which arms in steps start; empty if one starts from other values.
    evaluations, environments
        The trainings so far, of the search first, and what each ran in, by its digest.
    checklist, citation, records, commit
        Of reproducibility; how the project is cited; what the records add up to; the commit of the code that made
        figures and tables.
    """

    experiment: Experiment
    brackets: int
    images: DataSet | None
    kind: str
    studies: dict[str, StudyCount]
    machines: list[Machine]
    differences: list[Difference]
    compute: dict[str, StudyCompute]
    optimiser: list[Setting]
    parameters: list[Parameter]
    numbers: dict[str, Number]
    figures: dict[str, Made]
    tables: dict[str, tuple[Made, Shown]]
    behind: dict[str, tuple[tuple[str, ...], ...]]
    arms: tuple[ArmText, ...]
    methods: str
    claims: tuple[dict[str, str], ...]
    design: ArmDesign
    start: str
    evaluations: tuple[Evaluation, ...]
    environments: Mapping[str, Environment]
    checklist: list[Item]
    citation: Citation
    records: Records
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
    cited = citation.read(code.ROOT / "CITATION.cff")
    commit, address = _commit(), cited.address or None
    figures = {name: _made(folder, "figures", name, commit, address) for name in made_of(begun, FIGURES)}
    numbers = dict(read_numbers(folder / "numbers.json", results.experiment).numbers)
    tables, behind = {}, {}
    for name in [name for name in made_of(begun, TABLES) if name in DISPLAYS]:
        made = _made(folder, "tables", name, commit, address)
        path = folder / "tables" / f"{name}.csv"
        data = table_rows(path)
        tables[name] = made, show(name, data, path, results.experiment.measure)
        behind[name] = trainings(name, data, path, results, numbers)
    beside = results.experiment, length, resolve(published), _brackets(published)
    machines = conditions.machines(results, reader.environments)
    return Facts(
        results.experiment,
        length,
        reader.data,
        conditions.kind(*beside, reader.data),
        conditions.study_counts(results),
        machines,
        conditions.differences(*beside),
        compute(results, reader.data, reader.environments, machines),
        optimiser(results.experiment, length, int(lanes.value) if (lanes := numbers.get("schedule_lanes")) else None),
        conditions.parameters(results),
        numbers,
        figures,
        tables,
        behind,
        *arm_texts(results, {name: one.experiment for name, one in plan(settings, results.experiment).items()}),
        _claims(folder / "tables" / "claims.csv"),
        ArmDesign.of(results),
        _start(settings, results.experiment),
        tuple(one for study in results.studies.values() for one in study.evaluations),
        reader.environments,
        checklist(results, reader.data, reader.environments, numbers, cited),
        cited,
        records(folder),
        commit,
    )


def _brackets(settings: Config) -> int:
    """The planned length of a search."""
    return hyperband.bracket_count(settings.search.length, settings.search.length_unit, settings.budget)


def _settings(path: Path) -> Config:
    """The configuration of the results."""
    if not path.exists():
        raise UserError(f"{path}: is missing; {remake(path.parent)} makes it")
    return config.read(path)


def _start(settings: Config, experiment: Experiment) -> str:
    """The architectures from which arms in steps start; empty without them, or if one starts otherwise."""
    section = settings.studies.arms
    found = set() if section is None else starts(section, experiment)
    return "" if None in found else " or ".join(sorted(filter(None, found)))


def remake(folder: Path) -> str:
    """The command that makes the figures, tables and numbers of results, from the trainings so far, in a message."""
    kept = folder / "config.yaml"
    known = kept.is_file()
    command = f"`make paper CONFIG={shlex.quote(str(kept)) if known else 'FILE'}`"
    return command if known else f"{command} (FILE: the configuration of the experiment)"


def read_numbers(path: Path, experiment: Experiment) -> Numbers:
    """Read the numbers of an experiment.

    Raises
    ------
    UserError
        If they are missing, or of another experiment.
    """
    if not path.exists():
        raise UserError(f"{path}: is missing; {remake(path.parent)} makes it")
    numbers = read_record(path, Numbers)
    if numbers.experiment != experiment.id:
        raise UserError(f"{path}: holds numbers of another experiment; delete it to remake it")
    return numbers


def _made(folder: Path, kind: str, name: str, commit: str, address: str | None) -> Made:
    script = "figure" if kind == "figures" else "table"
    for suffix in ("csv", "pdf") if kind == "figures" else ("csv",):
        path = folder / kind / f"{name}.{suffix}"
        if not path.exists():
            raise UserError(f"{path}: is missing; {remake(folder)} makes it")
        if suffix == "pdf" and not _whole(path):
            raise UserError(f"{path}: is no whole PDF; delete it and remake it by {remake(folder)}")
    data = file_digest(folder / kind / f"{name}.csv")[:SHORT]
    link = f"{address}/blob/{commit.split()[0]}/scripts/{script}.py" if address and commit != NO_COMMIT else None
    return Made(data, f"scripts/{script}.py {name}", commit, link)


def _claims(path: Path) -> tuple[dict[str, str], ...]:
    """What the text has to know of the evidence on each claim."""
    rows = table_rows(path)[["claim", "arm", "finding", "word", "n"]].astype(object).fillna("")
    return tuple({str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records"))


def table_rows(path: Path) -> pd.DataFrame:
    """Read a table of results.

    Raises
    ------
    UserError
        If it is missing, or is no table.
    """
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; {remake(path.parent.parent)} makes it") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: is empty; delete it and remake it by {remake(path.parent.parent)}") from None
    except pd.errors.ParserError:
        raise UserError(f"{path}: is no table; delete it and remake it by {remake(path.parent.parent)}") from None


def _whole(path: Path) -> bool:
    """Whether a PDF has its first and its last line: one that was cut off has not."""
    content = path.read_bytes()
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-64:]


def _commit() -> str:
    """The last commit that changed the code of figures and tables, as shown. Committing results does not change it.

    An archive knows its own commit only.
    """
    version = code.version()
    if version.commit is None:
        return NO_COMMIT
    last = version.commit
    if version.by == "git":
        try:
            last = Repository(code.ROOT).ask("rev-list", "-1", version.commit, "--", *code_inputs.shown()).decode()
        except GitError:
            last = ""
    if not last:
        return NO_COMMIT
    return f"{last[:SHORT]} with changes" if version.diff else last[:SHORT]


def number_text(number: Number) -> tuple[str, str]:
    """A number as a text quotes it, and its unit; amounts of training as `units.amount` writes them: 1,215 epochs."""
    text, unit = number.model_copy(update={"unit": ""}).text(), number.unit.removeprefix("percentage ")
    return signs(text if unit in ("", "%", "points") else text.removesuffix(".0")), unit


def caption_of(name: str) -> list[tuple[captions.Style, str]]:
    """The caption of a figure."""
    return captions.read(code.ROOT / code_inputs.caption(name))


def as_json(facts: Facts) -> dict[str, Any]:
    """The facts as the Typst source reads them."""
    one = facts.experiment
    ladder, address = hyperband.budgets(one.budget), facts.citation.address
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
            "counts": "" if facts.images is None else dataset.line(facts.images).replace(" x ", " × "),
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
            "augmentation": [] if one.objective else augmentation(one),
            "first-budget": _first_budget(facts),
            "kind": facts.kind,
            "seed": one.seed,
            "continuation": one.objective is None and one.training.continuation,
            "is-cifar": one.data.name.startswith("cifar"),
        },
        "arms": [vars(arm) for arm in facts.arms],
        "methods": facts.methods,
        "comparison": {
            "reference": facts.design.reference,
            "test": facts.design.test,
            "why": facts.design.why,
            "paired": facts.design.paired,
        },
        "claims": list(facts.claims),
        "numbers": {
            name: {"value": number.value, **dict(zip(("text", "unit"), number_text(number), strict=True))}
            for name, number in sorted(facts.numbers.items())
        },
        "studies": {name: vars(found) for name, found in facts.studies.items()},
        "known_studies": list(conditions.STUDIES),
        "machines": [vars(machine) for machine in facts.machines],
        "differences": [vars(difference) for difference in facts.differences],
        "compute": {name: vars(of_study) for name, of_study in facts.compute.items()},
        "optimiser": [vars(setting) for setting in facts.optimiser],
        "checklist": [vars(item) for item in facts.checklist],
        "citation": vars(facts.citation),
        "records": vars(facts.records),
        "commit": facts.commit,
        "tree": f"{address}/tree/{facts.commit.split()[0]}" if address and facts.commit != NO_COMMIT else None,
        "training-commits": sorted({one.commit[:SHORT] for one in facts.environments.values() if one.commit}),
        "parameters": [vars(parameter) for parameter in facts.parameters],
        "figures": {name: {**vars(made), "caption": caption_of(name)} for name, made in facts.figures.items()},
        "tables": {
            name: {
                **vars(made),
                **vars(shown),
                "caption": captions.parse(shown.caption),
                "leading": [
                    places if found else () for places, found in zip(shown.leading, facts.behind[name], strict=True)
                ],
            }
            for name, (made, shown) in facts.tables.items()
        },
    }


def augmentation(experiment: Experiment) -> list[str]:
    """How training images are augmented: by settings of the data, and by hyperparameters that are not always 0."""
    data, space = experiment.data, experiment.space.hyperparameters
    searched = {"cutout": space.get("cutout_length"), "mixup": space.get("mixup_alpha")}
    found = {"crop": data.crop_padding > 0, "flip": data.horizontal_flip}
    found |= {name: one is not None and getattr(one, "value", 1) != 0 for name, one in searched.items()}
    return [name for name, there in found.items() if there]


def _first_budget(facts: Facts) -> str:
    """The budget of most first trainings of the search; empty if there is none."""
    first = Counter(one.budget for one in facts.evaluations if one.study == layout.SEARCH and one.rung == 0)
    budget, number = max(first.items(), key=lambda item: item[1], default=(0.0, 0))
    return amount(budget, facts.experiment.budget.unit) if 2 * number > first.total() else ""


def _held_out(facts: Facts) -> str:
    """The share of the training images that is held out for validation; empty if the data has a validation part."""
    published = facts.images is not None and facts.images.validation_from != HELD_OUT
    return "" if published else f"{100 * facts.experiment.data.validation_fraction:.3g} %"
