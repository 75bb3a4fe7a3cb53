"""Table: shares of the variance of the error: of each part of the space, of parts together."""

import numpy as np
import pandas as pd

from jointsearch.analysis.importance import importances
from jointsearch.analysis.importance.groups import GROUPS, PART, PARTS
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.table import Table
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets


def data(results: Results) -> pd.DataFrame:
    """Sum the effects up by the parts of the space.

    Returns
    -------
    pandas.DataFrame
        One row a surrogate, budget and sum; none if the space names no parts. `surrogate`, `budget`, `budget_unit`;
        `kind`, `first` and `second` (`groups.GROUPS`); `share`, `spread`, `r2`, `n`, `failed`, `drawn`: see
        `importances.importances`.
    """
    found = importances.of(results)
    renamed = found[found["kind"].isin(GROUPS)].rename(columns={"importance": "share"})
    columns = ["surrogate", "budget", "budget_unit", "kind", "first", "second", "share", "spread", "r2", "n", "failed"]
    columns += ["drawn"]
    return renamed[columns].reset_index(drop=True)


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give the sums of effects at the full budget, of a surrogate that predicts anything (R^2 above 0)."""
    full = budgets(results.experiment.budget)[-1]
    of_them = sources(one for one in importances.evaluations(results) if one.budget == full and one.loss is not None)
    predicted = table[(table["budget"] == full) & (table["r2"] > 0) & table["share"].notna()]
    found = {}
    for row in predicted.to_dict("records"):
        # A name of its own for any words: those of parts have no `__`, names of other numbers neither.
        parts = [row[name] for name in ("first", "second")[: {PART: 1, PARTS: 2}.get(row["kind"], 0)]]
        group = "".join(f"__{part}" for part in parts) if parts else "_higher_order"
        where = f"in the variance of the {importances.NAMES[row['surrogate']]} over the space, at the full budget"
        for suffix, what, column in (("", "share", "share"), ("_spread", "spread of the share", "spread")):
            if not np.isnan(row[column]):
                found[f"importance_{row['surrogate']}{suffix}{group}"] = Number(
                    meaning=f"{what} of {_meaning(*parts)} {where}",
                    value=100 * row[column],
                    unit="%",
                    digits=1,
                    sources=of_them,
                )
    return found


def _meaning(first: str = "", second: str = "") -> str:
    if not first:
        return "interactions of three and more"
    if not second:
        return f"the main effects of the part {first}"
    return f"interactions within the part {first}" if first == second else f"interactions of {first} with {second}"


TABLE = Table(studies=("search", "correlation"), category="Importance", data=data, numbers=numbers)
