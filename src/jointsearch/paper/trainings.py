"""The trainings behind the numbers of a text and the rows of its tables, each described once; others list indices."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from jointsearch.analysis.number import name_of
from jointsearch.core import layout
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Value
from jointsearch.core.units import amount
from jointsearch.paper.facts import Facts, number_text
from jointsearch.paper.made import remake
from jointsearch.results.graph import Node
from jointsearch.results.words import origin_text

PROPOSAL = ("study", "id", "origin", "values")
"""What a row of a proposal holds: the index of its study, its id, its origin in words, a value a hyperparameter."""
TRAINING = (
    *("proposal", "rung", "folder", "file", "budget", "status", "loss", "test", "seed"),
    *("code", "environment", "host", "weights", "seconds"),
)
"""What a row of a training holds; proposal, folder, budget, status, code, environment and host are indices."""


def describe(facts: Facts, quoted: Collection[str]) -> dict[str, Any]:
    """Describe the trainings of an experiment, and the numbers of a text, as JSON values.

    Parameters
    ----------
    facts
        Of the experiment.
    quoted
        Names of the numbers that the text quotes.

    Returns
    -------
    dict
        `numbers` by name: as the text has it, its meaning, the number of its trainings, and their indices as runs,
        first and last of each; all but their number of figures and tables in `products`; what the rows of tables are,
        and theirs, in `rows`; `trainings` and `proposals`, one row each (`fields` has the columns); what these give the
        indices of; the commit that the paper quotes.

    Raises
    ------
    UserError
        If a number comes from a training that is not there any more.
    """
    evaluations, lists = facts.evaluations, _Lists()
    hyperparameters = list(dict.fromkeys(name for one in evaluations for name in one.proposal.values))
    proposals: dict[tuple[str, str], int] = {}
    rows: list[list[Any]] = []
    trainings = []
    for one in evaluations:
        key = (one.study, one.proposal.id)
        if key not in proposals:
            proposals[key] = len(rows)
            values = [_short(one.proposal.values.get(name)) for name in hyperparameters]
            origin = origin_text(one.proposal.origin, facts.experiment.budget.unit)
            rows.append([lists.index("studies", one.study), one.proposal.id, origin, values])
        trainings.append([proposals[key], *_training(one, lists)])
    indices = {name_of(one): index for index, one in enumerate(evaluations)}
    measure = facts.experiment.measure
    return {
        "experiment": facts.experiment.name,
        "loss": measure.name,
        "test": measure.test,
        "percent": measure.is_error,
        "address": facts.citation.address or None,
        "quoted_commit": facts.commit,
        "fields": {"proposals": PROPOSAL, "trainings": TRAINING},
        "numbers": {
            name: _behind(" ".join(number_text(one)).strip(), one.meaning, _find(name, one.sources, indices, facts))
            | {"count": len(one.sources)}
            for name, one in sorted(facts.numbers.items())
            if name in quoted
        },
        "products": _products(facts),
        "rows": _rows(facts, indices),
        "hyperparameters": hyperparameters,
        "proposals": rows,
        "trainings": trainings,
        "messages": {index: one.message for index, one in enumerate(evaluations) if one.message},
        **lists.all,
        "environments": [_environment(name, facts.environments.get(name)) for name in lists.all["environments"]],
    }


def _find(what: str, sources: Iterable[str], indices: Mapping[str, int], facts: Facts) -> list[int]:
    found = list(sources)
    if gone := [one for one in found if one not in indices]:
        raise UserError(
            f"numbers.json: {what} comes from {gone[0]}, which has no record; delete numbers.json, and remake it by "
            f"{remake(Path('results', facts.experiment.name))}"
        )
    return [indices[one] for one in found]


def _behind(text: str, meaning: str, indices: Collection[int]) -> dict[str, Any]:
    return {"text": text, "meaning": meaning, "trainings": runs(indices)}


def _products(facts: Facts) -> dict[str, Any]:
    """What is behind the figures and tables: all trainings of the studies that they are made of."""
    made = {Node("figure", name): one for name, one in facts.figures.items()}
    made |= {Node("table", name): one for name, (one, _) in facts.tables.items()}
    return {
        node.file().with_suffix("").as_posix(): _behind(
            node.file().as_posix(), f"data made by {one.script}", _of_studies(facts, node)
        )
        for node, one in made.items()
    }


def _of_studies(facts: Facts, node: Node) -> list[int]:
    """Indices of the trainings of the studies that a figure or a table is made of."""
    names = {made_from.name for _, made_from in facts.graph.inputs_of(node) if made_from.kind == "study"}
    return [index for index, one in enumerate(facts.evaluations) if one.study in names]


def _rows(facts: Facts, indices: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What is behind the rows of tables, by the table and the number of the row, from 1; none if there is nothing."""
    return {
        f"{table}/{number}": {
            "text": name,
            "trainings": runs(_find(f"row {number} of the table {table}", sources, indices, facts)),
        }
        for table, (_, shown) in facts.tables.items()
        for number, (name, sources) in enumerate(zip(shown.names, shown.behind, strict=True), 1)
        if sources
    }


def runs(numbers: Iterable[int]) -> list[int]:
    """Shorten whole numbers to runs of neighbours, in order: the first and the last of each, one after the other."""
    found: list[int] = []
    for number in sorted(numbers):
        if found and number == found[-1] + 1:
            found[-1] = number
        else:
            found += [number, number]
    return found


class _Lists:
    """Values that many rows share, each once; rows hold their indices."""

    def __init__(self) -> None:
        names = ("studies", "folders", "budgets", "statuses", "codes", "environments", "hosts")
        self.all: dict[str, list[Any]] = {name: [] for name in names}
        self._indices: dict[tuple[str, Any], int] = {}

    def index(self, name: str, value: Any) -> int:
        found = self._indices.setdefault((name, value), len(self.all[name]))
        if found == len(self.all[name]):
            self.all[name].append(value)
        return found


def _training(one: Evaluation, lists: _Lists) -> list[Any]:
    """A row of `TRAINING` without its first value."""
    made, seen = one.made_with, one.observed
    record = layout.slot_file(layout.rung_folder(Path(one.study), one.bracket, one.rung), one.slot)
    learned = one.architecture is not None
    code = (made.code, made.lock, made.python, made.torch, made.data, made.split, made.threads, made.precision)
    return [
        one.rung,
        lists.index("folders", record.parent.as_posix()),
        record.name,
        lists.index("budgets", amount(one.budget, one.budget_unit)),
        # The errors of a weight-sharing network are those of no configuration.
        lists.index("statuses", f"{one.status}, weights shared" if learned else one.status),
        _short(one.loss),
        _short(one.test_error),
        one.seed,
        lists.index("codes", code),
        lists.index("environments", seen.environment),
        lists.index("hosts", seen.host),
        one.parameters,
        round(seen.training_seconds, 1),
    ]


def _environment(name: str, found: Environment | None) -> dict[str, Any]:
    if found is None:
        return {"name": name}
    commit = {"commit": found.commit, "changed": found.diff is not None}
    return {"name": name, **commit, "cpu": found.cpu, "gpu": found.gpu, "system": found.system}


def _short(value: Value | None) -> Value | None:
    """As many digits as a reader needs; the record has them all."""
    return float(f"{value:.7g}") if isinstance(value, float) else value
