"""The claims of several experiments as one Markdown table."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from jointsearch.analysis.verdict import NOT_STUDIED
from jointsearch.core.units import ERROR
from jointsearch.paper.facts import table_rows
from jointsearch.paper.tables import show


def merge(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take each claim from the first experiment that studied it; one that none did, from the first.

    Parameters
    ----------
    tables
        Claims of each experiment, by its name, see `tables.claims`.

    Returns
    -------
    pandas.DataFrame
        Rows of these tables, with the `experiment` that each is of; empty for what none studied. The order is that in
        which claims come in them.
    """
    every = pd.concat([rows.assign(experiment=name) for name, rows in tables.items()], ignore_index=True)
    studied = every["word"] != NOT_STUDIED
    chosen = []
    for claim in every["claim"].unique():
        of_claim = every["claim"] == claim
        found = every[of_claim & studied] if (of_claim & studied).any() else every[of_claim].assign(experiment="")
        chosen.append(found[found["experiment"] == found["experiment"].iloc[0]].drop_duplicates(["claim", "effect"]))
    return pd.concat(chosen, ignore_index=True)


def markdown(folders: list[Path]) -> str:
    """Set the claims of experiments, given by their results, as a Markdown table.

    Raises
    ------
    UserError
        If a table of claims is missing.
    """
    paths = {folder.resolve().name: folder / "tables" / "claims.csv" for folder in folders}
    merged = merge({name: table_rows(path) for name, path in paths.items()})
    shown = show("claims", merged, ", ".join(map(str, paths.values())), ERROR)
    lines = [(*shown.titles, "experiment"), ("---",) * (len(shown.titles) + 1)]
    lines += [(*row, name) for row, name in zip(shown.rows, merged["experiment"], strict=True)]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines) + "\n"
