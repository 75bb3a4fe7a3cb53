"""The claims of several experiments as one Markdown table."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from jointsearch.analysis.verdict import NOT_STUDIED, NOT_TESTED
from jointsearch.core.errors import UserError
from jointsearch.core.units import ERROR
from jointsearch.paper.made import table_rows
from jointsearch.paper.tables import show


def merge(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take each claim from every experiment that tested it, so that none hides what another one found.

    A claim that none tested is from the first experiment that studied it, or from the first one.

    Parameters
    ----------
    tables
        Claims of each experiment, by its name, see `tables.claims`.

    Returns
    -------
    pandas.DataFrame
        Rows of these tables, with the `experiment` that each is of; empty for what none studied. Claims are in the
        order in which they come in the tables, and experiments in the order given.
    """
    every = pd.concat([rows.assign(experiment=name) for name, rows in tables.items()], ignore_index=True)
    chosen = []
    for _, rows in every.groupby("claim", sort=False):
        known = rows[~rows["word"].isin([NOT_TESTED, NOT_STUDIED])]
        if known.empty:
            studied = rows[rows["word"] != NOT_STUDIED]
            known = rows.assign(experiment="") if studied.empty else studied
            known = known[known["experiment"] == known["experiment"].iloc[0]]
        chosen.append(known.drop_duplicates(["experiment", "effect"]))
    return pd.concat(chosen, ignore_index=True)


def markdown(folders: list[Path]) -> str:
    """Set the claims of experiments, given by their results, as a Markdown table.

    Raises
    ------
    UserError
        If a folder or its table of claims is missing, or two folders have one name.
    """
    names = [folder.resolve().name for folder in folders]
    if again := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UserError(f"{', '.join(again)}: two folders have this name; rename one, as names tell experiments apart")
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; name the results folder of an experiment")
    paths = {name: folder / "tables" / "claims.csv" for name, folder in zip(names, folders, strict=True)}
    merged = merge({name: table_rows(path) for name, path in paths.items()})
    # Its word stands beside the first evidence of each experiment.
    by_experiment = merged.assign(claim=merged["claim"] + " " + merged["experiment"])
    shown = show("claims", by_experiment, ", ".join(map(str, paths.values())), ERROR)
    lines = [(*shown.titles, "experiment"), ("---",) * (len(shown.titles) + 1)]
    lines += [(*row, name) for row, name in zip(shown.rows, merged["experiment"], strict=True)]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines) + "\n"
