"""The trainings behind the numbers of a text and the rows of its tables, each described once; others list positions."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from jointsearch.analysis.number import source
from jointsearch.core import layout
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Value
from jointsearch.core.proposal import Origin
from jointsearch.core.units import amount
from jointsearch.paper.facts import Facts, number_text
from jointsearch.paper.made import remake
from jointsearch.results.catalogue import FIGURES, TABLES, listed_as

PROPOSAL = ("study", "id", "origin", "values")
"""What a row of a proposal holds: the position of its study, its id, its origin in words, a value a hyperparameter."""
TRAINING = (
    *("proposal", "rung", "folder", "file", "budget", "status", "loss", "test", "seed"),
    *("code", "environment", "host", "weights", "seconds"),
)
"""What a row of a training holds; proposal, folder, budget, status, code, environment and host are positions."""


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
        `numbers` by name: as the text has it, its meaning, the number of its trainings, and their positions as runs,
        first and last of each; all but their number of figures and tables in `products`; what the rows of tables are,
        and theirs, in `rows`; `trainings` and `proposals`, one row each (`fields` has the columns); what these give the
        positions of; the commit that the paper quotes.

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
            rows.append(
                [lists.place("studies", one.study), one.proposal.id, _origin(facts, one.proposal.origin), values]
            )
        trainings.append([proposals[key], *_training(one, lists)])
    places = {source(one): place for place, one in enumerate(evaluations)}
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
            name: _behind(" ".join(number_text(one)).strip(), one.meaning, _places(name, one.sources, places, facts))
            | {"count": len(one.sources)}
            for name, one in sorted(facts.numbers.items())
            if name in quoted
        },
        "products": _products(facts),
        "rows": _rows(facts, places),
        "hyperparameters": hyperparameters,
        "proposals": rows,
        "trainings": trainings,
        "messages": {place: one.message for place, one in enumerate(evaluations) if one.message},
        **lists.all,
        "environments": [_environment(name, facts.environments.get(name)) for name in lists.all["environments"]],
    }


def _places(what: str, sources: Iterable[str], places: Mapping[str, int], facts: Facts) -> list[int]:
    found = list(sources)
    if gone := [one for one in found if one not in places]:
        raise UserError(
            f"numbers.json: {what} comes from {gone[0]}, which has no record; delete numbers.json, and remake it by "
            f"{remake(Path('results', facts.experiment.name))}"
        )
    return [places[one] for one in found]


def _behind(text: str, meaning: str, places: Collection[int]) -> dict[str, Any]:
    return {"text": text, "meaning": meaning, "trainings": runs(places)}


def _products(facts: Facts) -> dict[str, Any]:
    """What is behind the figures and tables: all trainings of the studies that they are made of."""
    made = {f"figures/{name}": (one, FIGURES[name]) for name, one in facts.figures.items()}
    made |= {f"tables/{name}": (one, TABLES[name]) for name, (one, _) in facts.tables.items()}
    return {
        name: _behind(
            f"{name}.csv",
            f"data made by {one.script}",
            [place for place, each in enumerate(facts.evaluations) if listed_as(each.study) in entry.studies],
        )
        for name, (one, entry) in made.items()
    }


def _rows(facts: Facts, places: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What is behind the rows of tables, by the table and the place of the row, from 1; none if there is nothing."""
    return {
        f"{table}/{place}": {
            "text": name,
            "trainings": runs(_places(f"row {place} of the table {table}", sources, places, facts)),
        }
        for table, (_, shown) in facts.tables.items()
        for place, (name, sources) in enumerate(zip(shown.names, shown.behind, strict=True), 1)
        if sources
    }


def runs(places: Iterable[int]) -> list[int]:
    """Shorten whole numbers to runs of neighbours, in order: the first and the last of each, one after the other."""
    found: list[int] = []
    for place in sorted(places):
        if found and place == found[-1] + 1:
            found[-1] = place
        else:
            found += [place, place]
    return found


class _Lists:
    """Values that many rows share, each once; rows hold their positions."""

    def __init__(self) -> None:
        names = ("studies", "folders", "budgets", "statuses", "codes", "environments", "hosts")
        self.all: dict[str, list[Any]] = {name: [] for name in names}
        self._places: dict[tuple[str, Any], int] = {}

    def place(self, name: str, value: Any) -> int:
        found = self._places.setdefault((name, value), len(self.all[name]))
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
        lists.place("folders", record.parent.as_posix()),
        record.name,
        lists.place("budgets", amount(one.budget, one.budget_unit)),
        # The errors of a weight-sharing network are those of no configuration.
        lists.place("statuses", f"{one.status}, weights shared" if learned else one.status),
        _short(one.loss),
        _short(one.test_error),
        one.seed,
        lists.place("codes", code),
        lists.place("environments", seen.environment),
        lists.place("hosts", seen.host),
        one.parameters,
        round(seen.training_seconds, 1),
    ]


def _origin(facts: Facts, origin: Origin) -> str:
    if origin.kind == "random":
        return f"drawn at random by {origin.sampler}"
    if origin.kind == "given":
        return f"given as {origin.name}"
    unit = facts.experiment.budget.unit
    of = "all budgets" if origin.model_budget is None else amount(origin.model_budget, unit)
    return f"proposed by {origin.sampler}'s model of {of}"


def _environment(name: str, found: Environment | None) -> dict[str, Any]:
    if found is None:
        return {"name": name}
    commit = {"commit": found.commit, "changed": found.diff is not None}
    return {"name": name, **commit, "cpu": found.cpu, "gpu": found.gpu, "system": found.system}


def _short(value: Value | None) -> Value | None:
    """As many digits as a reader needs; the record has them all."""
    return float(f"{value:.7g}") if isinstance(value, float) else value
