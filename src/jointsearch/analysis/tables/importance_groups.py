"""Table: shares of the variance of the error: of the architecture, of the other hyperparameters, of both together."""

import numpy as np
import pandas as pd

from jointsearch.analysis.importance import importances
from jointsearch.analysis.importance.groups import GROUP
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.table import Table
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets

_MEANINGS = {
    "architecture": "the main effects of the architecture",
    "hyperparameters": "the main effects of the other hyperparameters",
    "architecture_architecture": "interactions within the architecture",
    "architecture_hyperparameters": "interactions of the architecture with the other hyperparameters",
    "hyperparameters_hyperparameters": "interactions within the other hyperparameters",
    "higher_order": "interactions of three and more",
}


def data(results: Results) -> pd.DataFrame:
    """Sum the effects up by kinds of hyperparameters.

    Returns
    -------
    pandas.DataFrame
        One row a surrogate, budget and group of `groups.GROUPS`: `surrogate`, `budget`, `budget_unit`, `group`,
        `share`, `spread`, `r2`, `n`, `failed`; see `importances.importances`.
    """
    found = importances.of(results)
    renamed = found[found["kind"] == GROUP].rename(columns={"first": "group", "importance": "share"})
    columns = ["surrogate", "budget", "budget_unit", "group", "share", "spread", "r2", "n", "failed"]
    return renamed[columns].reset_index(drop=True)


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the sums of effects at the full budget, of a surrogate that predicts anything (R^2 above 0)."""
    full = budgets(results.experiment.budget)[-1]
    of_them = sources(one for one in importances.evaluations(results) if one.budget == full and one.loss is not None)
    predicted = table[(table["budget"] == full) & (table["r2"] > 0) & table["share"].notna()]
    found = {}
    for row in predicted.to_dict("records"):
        name, group = f"importance_{row['surrogate']}_{row['group']}", _MEANINGS[row["group"]]
        where = f"in the variance of the {importances.NAMES[row['surrogate']]} over the space, at the full budget"
        for suffix, what, column in (("", "share", "share"), ("_spread", "spread of the share", "spread")):
            if not np.isnan(row[column]):
                found[name + suffix] = Number(
                    meaning=f"{what} of {group} {where}", value=100 * row[column], unit="%", digits=1, sources=of_them
                )
    return found


TABLE = Table(studies=("search", "correlation"), category="Importance", data=data, numbers=numbers)
