"""The evaluations that a search begins with: those of an HpBandSter run."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

from jointsearch.core.config import BudgetSettings, Config
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import ERRORS, Digest, Losses, Values
from jointsearch.core.files import digest, read_record
from jointsearch.core.history import Observation, WarmStart
from jointsearch.search import hpbandster
from jointsearch.search.hyperband import budgets
from jointsearch.space.file import SpaceFile

PREFIX = "hpbandster:"
"""Before the ids of evaluations that come from elsewhere."""


def known(config: Config, space: SpaceFile) -> tuple[Observation, ...] | None:
    """Read what a search is configured to start from, see `observations`; None if it starts from nothing."""
    begun = config.search.warm_start
    if begun is None:
        return None
    return observations(Path(begun.folder), space, config.budget, begun.losses, of_errors=config.objective is None)


def observations(
    path: Path, space: SpaceFile, settings: BudgetSettings, losses: Losses = ERRORS, of_errors: bool = True
) -> tuple[Observation, ...]:
    """Read the evaluations of an HpBandSter run, or those of the `warm_start.json` of a search, as ones of a search.

    Which hyperparameters are active, and what is forbidden, is not checked here: that needs ConfigSpace, whose
    import would slow down every start of the workflow.

    Parameters
    ----------
    path
        Folder of the HpBandSter run, or the file.
    space, settings
        Of the search.
    losses
        How the losses of the run become errors.
    of_errors
        Whether the search minimises errors. One that minimises other losses takes them as they are.

    Returns
    -------
    tuple of Observation
        Named `hpbandster:0-0-3@1`, in the order of the results; errors between 0 and 1, or losses.

    Raises
    ------
    UserError
        If they cannot be read, or a value, a budget or a loss cannot be one of this search; names the configuration.
        If losses would be converted that are errors already, or for a search of other losses.
    """
    if losses != ERRORS and not of_errors:
        raise UserError(
            "search.warm_start.losses: makes errors of losses, but an objective of your own has losses, with which "
            "they cannot be compared; leave it out"
        )
    all_budgets = budgets(settings)
    found = []
    for one in _evaluations(path, losses, of_errors):
        where = f"search.warm_start: {path}: configuration {one.evaluation.removeprefix(PREFIX).partition('@')[0]}"
        found.append(
            Observation(
                evaluation=one.evaluation,
                budget=_budget(one.budget, all_budgets, where),
                values=_values(one.values, space, where),
                loss=_converted(one.loss, losses, of_errors, where),
            )
        )
    return _by_ranks(found) if losses == "ranks" else tuple(found)


def kept(path: Path, losses: Losses) -> Losses:
    """How the losses of evaluations became errors, for their record; if they were converted before, as that says."""
    return read_record(path, WarmStart).losses if path.is_file() and losses == ERRORS else losses


def _evaluations(path: Path, losses: Losses, of_errors: bool) -> tuple[Observation, ...]:
    if path.is_file():
        record = read_record(path, WarmStart)
        if record.losses != ERRORS and not of_errors:
            raise UserError(f"search.warm_start: {path}: its losses were made errors; name what they were made from")
        if record.losses != ERRORS and losses != ERRORS:
            raise UserError(f"search.warm_start: {path}: holds errors already; leave `losses` out")
        return record.observations
    return tuple(
        Observation(
            evaluation=f"{PREFIX}{run.proposal}@{run.rung}", budget=run.budget, values=run.values, loss=run.loss
        )
        for run in hpbandster.read(path)
    )


def digest_of(seen: Sequence[Observation]) -> Digest:
    """The digest of the evaluations that a search begins with, which is part of the experiment."""
    return digest([one.model_dump(mode="json") for one in seen])


def _converted(loss: float | None, losses: Losses, of_errors: bool, where: str) -> float | None:
    if loss is None or losses == "ranks" or not of_errors:
        return loss
    return _error(loss, losses, where)


def _error(loss: float, losses: tuple[float, float], where: str) -> float:
    low, high = losses
    if low <= loss <= high:
        return (loss - low) / (high - low)
    if losses == ERRORS:
        raise UserError(
            f"{where}: loss {loss:g} is not an error between 0 and 1; say how losses become errors, with "
            "search.warm_start: {folder: ..., losses: ranks}, or losses: [LOW, HIGH] for those that stand for 0 and 1"
        )
    raise UserError(f"{where}: loss {loss:g} is not in losses: [{low:g}, {high:g}]; widen them, or use losses: ranks")


def _by_ranks(found: Sequence[Observation]) -> tuple[Observation, ...]:
    """Replace the loss of each success by the share of those at its budget that are better, ties counted half."""
    at: dict[float, list[float]] = {}
    for one in found:
        if one.loss is not None:
            at.setdefault(one.budget, []).append(one.loss)
    ordered = {budget: sorted(losses) for budget, losses in at.items()}

    def rank(one: Observation) -> float | None:
        if one.loss is None:
            return None
        losses = ordered[one.budget]
        return (bisect_left(losses, one.loss) + bisect_right(losses, one.loss)) / (2 * len(losses))

    return tuple(one.model_copy(update={"loss": rank(one)}) for one in found)


def _budget(budget: float, all_budgets: Sequence[float], where: str) -> float:
    """Find a budget among those of the search; HpBandSter's own have rounding errors."""
    for known in all_budgets:
        if math.isclose(budget, known, rel_tol=1e-9):
            return known
    known_ones = ", ".join(f"{known:g}" for known in all_budgets)
    raise UserError(f"{where}: budget {budget:g} is none of {known_ones}; set the budgets of this search to those")


def _values(values: Values, space: SpaceFile, where: str) -> Values:
    for name, value in values.items():
        if name not in space.hyperparameters:
            raise UserError(f"{where}: no hyperparameter {name!r} in the space; {suggest(name, space.hyperparameters)}")
        if not space.hyperparameters[name].allows(value):
            raise UserError(f"{where}: {name} never has the value {value!r}; search the space of that run")
    return space.typed(values)
