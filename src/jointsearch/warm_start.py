"""What a search knows from the beginning: the evaluations of an HpBandSter run."""

import math
from collections.abc import Sequence
from pathlib import Path

from jointsearch.config import BudgetSettings, Config
from jointsearch.errors import UserError, suggest
from jointsearch.export import hpbandster
from jointsearch.hyperband import budgets
from jointsearch.records import Digest, Observation, Values, WarmStart, digest, read_record
from jointsearch.space_file import SpaceFile

PREFIX = "hpbandster:"
"""Before the ids of evaluations that come from elsewhere."""


def known(config: Config, space: SpaceFile) -> tuple[Observation, ...] | None:
    """Read what a search is configured to start from, see `observations`; None if it starts from nothing."""
    path = config.search.warm_start
    return None if path is None else observations(Path(path), space, config.budget)


def observations(path: Path, space: SpaceFile, settings: BudgetSettings) -> tuple[Observation, ...]:
    """Read the evaluations of an HpBandSter run, or those of the `warm_start.json` of a search, as ones of a search.

    Which hyperparameters are active, and what is forbidden, is not looked at here: that takes ConfigSpace, whose
    import would slow down every start of the workflow.

    Parameters
    ----------
    path
        Folder of the HpBandSter run, or the file.
    space, settings
        Of the search.

    Returns
    -------
    tuple of Observation
        Named `hpbandster:0-0-3@1`, in the order of the results.

    Raises
    ------
    UserError
        If they cannot be read, or a value, a budget or a loss cannot be one of this search; names the configuration.
    """
    ladder = budgets(settings)
    found = []
    for one in _evaluations(path):
        where = f"search.warm_start: {path}: configuration {one.evaluation.removeprefix(PREFIX).partition('@')[0]}"
        if one.loss is not None and not 0 <= one.loss <= 1:
            raise UserError(f"{where}: loss {one.loss:g} is no error between 0 and 1; scale the losses of that run")
        fitting = {"budget": _budget(one.budget, ladder, where), "values": _values(one.values, space, where)}
        found.append(one.model_copy(update=fitting))
    return tuple(found)


def _evaluations(path: Path) -> tuple[Observation, ...]:
    if path.is_file():
        return read_record(path, WarmStart).observations
    return tuple(
        Observation(
            evaluation=f"{PREFIX}{run.proposal}@{run.rung}", budget=run.budget, values=run.values, loss=run.loss
        )
        for run in hpbandster.read(path)
    )


def source(seen: Sequence[Observation]) -> Digest:
    """Digest of the evaluations that a search begins with, which is part of the experiment."""
    return digest([one.model_dump(mode="json") for one in seen])


def _budget(budget: float, ladder: Sequence[float], where: str) -> float:
    """Find a budget on the ladder; HpBandSter's own have rounding errors."""
    for known in ladder:
        if math.isclose(budget, known, rel_tol=1e-9):
            return known
    known_ones = ", ".join(f"{known:g}" for known in ladder)
    raise UserError(f"{where}: budget {budget:g} is none of {known_ones}; set the budgets of this search to those")


def _values(values: Values, space: SpaceFile, where: str) -> Values:
    for name, value in values.items():
        if name not in space.hyperparameters:
            raise UserError(f"{where}: no hyperparameter {name!r} in the space; {suggest(name, space.hyperparameters)}")
        if not space.hyperparameters[name].allows(value):
            raise UserError(f"{where}: {name} never has the value {value!r}; search the space of that run")
    return space.typed(values)
