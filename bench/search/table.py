"""Tasks made of real trainings: surrogates of the table that `train_table.py` makes."""

import json
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from scipy.special import expit

from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Values
from jointsearch.core.files import digest, file_digest, write_bytes
from jointsearch.core.seeds import derive_seed
from jointsearch.search.hyperband import budgets
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Integer
from jointsearch.space.space import Space
from search.surrogate import Surrogate, Table, fit_best
from search.tasks import Array, Role, Task

HERE = Path(__file__).parent
TABLE = HERE / "table.csv"
CACHE = HERE.parents[1] / "results" / "bench-search" / "surrogates"
"""Fitted models are kept here: fitting all takes a minute or more."""

VERSION = 1
"""Raised when a change alters what is fitted."""

DEVELOPMENT = 100
"""The first configurations of the table are for development tasks, the others for those to report on."""

DRAWS, ROUNDS, PARENTS, CHILDREN = 20_000, 40, 40, 10
"""Of the search for the lowest loss of a surrogate."""


@dataclass(frozen=True)
class Fitted:
    """What is kept of a part of the table.

    Attributes
    ----------
    surrogates
        The best of each family.
    lowest
        The lowest loss at the full budget that was found for each.
    quality
        Of all candidates, see `surrogate.quality`.
    """

    surrogates: dict[str, Surrogate]
    lowest: dict[str, float]
    quality: pd.DataFrame


def task(name: str, role: Role, family: str) -> Task:
    """Search the best surrogate of a family; see `surrogate` for how it is chosen, and for the noise.

    Where trainings of the table failed, a configuration fails if the nearest one of the table did.

    Raises
    ------
    UserError
        If there is no table.
    """
    space, settings, table = read(role)
    fitted = fit(role)
    chosen, all_budgets = fitted.surrogates[family], table.budgets

    def logits(configurations: Sequence[Values], level: int) -> Array:
        return predict(chosen, table, space.encode_all(configurations), level)

    def observe(configurations: Sequence[Values], budget: float, seeds: Sequence[int]) -> Array:
        level = all_budgets.index(budget)
        guess = logits(configurations, level)
        losses: Array = expit(guess + chosen.noise(guess, level, seeds))
        return losses

    def expected(configurations: Sequence[Values], budget: float) -> Array:
        losses: Array = expit(logits(configurations, all_budgets.index(budget)))
        return losses

    return Task(name, role, space, settings, observe, expected, fitted.lowest[family], True, [identity(role), family])


def predict(model: Surrogate, table: Table, units: Array, level: int) -> Array:
    """Logits of errors; NaN where the nearest configuration of the table failed."""
    guess = np.array(model.model.predict(table.points(units, level)), dtype=float)
    failed = np.isnan(table.errors[:, level])
    if failed.any():
        known, asked = table.points(table.units, level), table.points(units, level)
        nearest = [int(((known - point) ** 2).sum(axis=1).argmin()) for point in asked]
        guess[failed[nearest]] = np.nan
    return guess


def read(role: Role) -> tuple[Space, BudgetSettings, Table]:
    """Read the part of the table that is for development, or the other."""
    if not TABLE.exists():
        raise UserError(f"{TABLE}: missing; make it with bench/search/train_table.py")
    made = json.loads(TABLE.with_suffix(".json").read_text())["experiment"]
    space = Space(SpaceFile.model_validate_json(json.dumps(made["space"])))
    settings = BudgetSettings.model_validate(made["budget"])
    rows = pd.read_csv(TABLE)
    rows = rows[:DEVELOPMENT] if role == "development" else rows[DEVELOPMENT:]
    all_budgets = budgets(settings)
    errors = rows[[f"validation_error_{budget:g}" for budget in all_budgets]].to_numpy(dtype=float)
    return space, settings, Table(space.encode_all(configurations(rows, space)), errors, all_budgets)


def configurations(rows: pd.DataFrame, space: Space) -> list[Values]:
    """Make configurations of rows of the table."""
    kinds = {name: int if isinstance(space.file.hyperparameters[name], Integer) else float for name in space.names}
    return [{name: kinds[name](row[name]) for name in space.names} for row in rows.to_dict("records")]


def identity(role: Role) -> list[object]:
    """All that decides the surrogates of a part of the table."""
    return ["table", VERSION, file_digest(TABLE), DEVELOPMENT, role, sklearn.__version__]


@lru_cache
def fit(role: Role) -> Fitted:
    """Fit all candidates to a part of the table, or read them from where they were kept."""
    path = CACHE / f"{role}-{digest(identity(role))[:12]}.pickle"
    try:
        found = pickle.loads(path.read_bytes())
    except (OSError, pickle.UnpicklingError, EOFError):
        print(f"fitting surrogates of the table ({role}), once: a minute or two", file=sys.stderr)
        space, _, table = read(role)
        surrogates, quality = fit_best(table)
        lowest = {family: lowest_loss(one, space, table) for family, one in surrogates.items()}
        found = Fitted(surrogates, lowest, quality)
        write_bytes(path, pickle.dumps(found))
    assert isinstance(found, Fitted)
    return found


def lowest_loss(model: Surrogate, space: Space, table: Table) -> float:
    """Lowest loss of a surrogate at the full budget: the best of random configurations, then of their neighbours."""
    rng = np.random.default_rng(derive_seed(0, "table", "optimum", model.name))

    def losses(units: Array) -> Array:
        return np.nan_to_num(predict(model, table, units, len(table.budgets) - 1), nan=np.inf)

    units = space.encode_all(space.sample(DRAWS, rng))
    best = keep_best(units, losses)
    for spread in np.geomspace(0.2, 0.005, ROUNDS):
        children = np.repeat(best, CHILDREN, axis=0)
        # A few entries at a time, as trees are flat along most.
        moved = rng.random(children.shape) < 0.25
        children = np.clip(children + moved * spread * rng.standard_normal(children.shape), 0, 1)
        existing = [values for values in space.decode_all(children) if values is not None]
        best = keep_best(np.vstack([best, space.encode_all(existing)]), losses)
    return float(expit(losses(best).min()))


def keep_best(units: Array, losses: Callable[[Array], Array]) -> Array:
    """The best points of all."""
    return units[np.argsort(losses(units), kind="stable")[:PARENTS]]
