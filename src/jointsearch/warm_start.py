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


def known(config: Config, space: SpaceFile) -> tuple[Observation, ...] | None:
    """Read what a search is configured to start from, see `read`; None if it starts from nothing."""
    return None if config.search.warm_start is None else read(Path(config.search.warm_start), space, config.budget)


def read(path: Path, space: SpaceFile, settings: BudgetSettings) -> tuple[Observation, ...]:
    """Read the evaluations of an HpBandSter run, see `observations`, or of the `warm_start.json` of a search."""
    return read_record(path, WarmStart).observations if path.is_file() else observations(path, space, settings)


def observations(folder: Path, space: SpaceFile, settings: BudgetSettings) -> tuple[Observation, ...]:
    """Read the evaluations of an HpBandSter run as those of a search.

    Which hyperparameters are active, and what is forbidden, is not looked at here: that takes ConfigSpace, whose
    import would slow down every start of the workflow.

    Parameters
    ----------
    folder
        Of the HpBandSter run.
    space, settings
        Of the search.

    Returns
    -------
    tuple of Observation
        Named `hpbandster:0-0-3@1`, in the order of the results.

    Raises
    ------
    UserError
        If the folder cannot be read, or a value, a budget or a loss cannot be one of this search; names the
        configuration.
    """
    ladder = budgets(settings)
    found = []
    for run in hpbandster.read(folder):
        where = f"search.warm_start: {folder}: configuration {run.proposal}"
        if run.loss is not None and not 0 <= run.loss <= 1:
            raise UserError(f"{where}: loss {run.loss:g} is no error between 0 and 1; scale the losses of that run")
        found.append(
            Observation(
                evaluation=f"hpbandster:{run.proposal}@{run.rung}",
                budget=_budget(run.budget, ladder, where),
                values=_values(run.values, space, where),
                loss=run.loss,
            )
        )
    return tuple(found)


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
