"""All that the text may know of an experiment, for Typst and for LaTeX."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointsearch.analysis.arm_design import ArmDesign
from jointsearch.analysis.number import Number
from jointsearch.core import code, config, layout
from jointsearch.core.config import Config
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.paper import citation, conditions
from jointsearch.paper.arms import ArmText, arm_texts
from jointsearch.paper.checklist import Item, checklist
from jointsearch.paper.citation import Citation
from jointsearch.paper.columns import signs
from jointsearch.paper.compute import StudyCompute, compute
from jointsearch.paper.conditions import Difference, Machine, Parameter, StudyCount
from jointsearch.paper.made import Made, last_commit, made, read_numbers, remake, table_rows
from jointsearch.paper.optimiser import Setting, optimiser
from jointsearch.paper.table import Shown
from jointsearch.paper.tables import DISPLAYS, show
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.folder import Folder
from jointsearch.results.graph import Graph
from jointsearch.results.records import Records, records
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.arm import starts
from jointsearch.search.studies.kinds import plan


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
    graph
        The studies that they are made of.
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
    graph: Graph
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
    commit, address = last_commit(), cited.address or None
    figures = {name: made(folder, "figures", name, commit, address) for name in made_of(begun, FIGURES)}
    numbers = dict(read_numbers(folder / "numbers.json", results.experiment).numbers)
    tables = {}
    for name in [name for name in made_of(begun, TABLES) if name in DISPLAYS]:
        origin = made(folder, "tables", name, commit, address)
        path = folder / "tables" / f"{name}.csv"
        tables[name] = origin, show(name, table_rows(path), path, results.experiment.measure, results, numbers)
    beside = results.experiment, length, resolve(published), _brackets(published)
    machines = conditions.machines(results, reader.environments)
    lanes = int(number.value) if (number := numbers.get("schedule_lanes")) else None
    planned = {name: one.experiment for name, one in plan(settings, results.experiment).items()}
    arms, methods = arm_texts(results, planned)
    return Facts(
        experiment=results.experiment,
        brackets=length,
        images=reader.data,
        kind=conditions.kind(*beside, reader.data),
        studies=conditions.study_counts(results),
        machines=machines,
        differences=conditions.differences(*beside),
        compute=compute(results, reader.data, reader.environments, machines),
        optimiser=optimiser(results.experiment, length, lanes),
        parameters=conditions.parameters(results),
        numbers=numbers,
        figures=figures,
        tables=tables,
        graph=reader.graph,
        arms=arms,
        methods=methods,
        claims=_claims(folder / "tables" / "claims.csv"),
        design=ArmDesign.of(results),
        start=_start(settings, results.experiment),
        evaluations=tuple(one for study in results.studies.values() for one in study.evaluations),
        environments=reader.environments,
        checklist=checklist(results, reader.data, reader.environments, numbers, cited),
        citation=cited,
        records=records(folder),
        commit=commit,
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


def _claims(path: Path) -> tuple[dict[str, str], ...]:
    """What the text has to know of the evidence on each claim."""
    rows = table_rows(path)[["claim", "arm", "finding", "word", "n"]].astype(object).fillna("")
    return tuple({str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records"))


def number_text(number: Number) -> tuple[str, str]:
    """A number as a text quotes it, and its unit; amounts of training as `units.amount` writes them: 1,215 epochs."""
    text, unit = number.model_copy(update={"unit": ""}).text(), number.unit.removeprefix("percentage ")
    return signs(text if unit in ("", "%", "points") else text.removesuffix(".0")), unit
