"""The numbers of an experiment that a text may quote, those of its figures and tables among them."""

from collections.abc import Mapping

import pandas as pd

from jointsearch.analysis import model_proposals
from jointsearch.analysis import table as tables
from jointsearch.analysis.numbers import Numbers, of_search
from jointsearch.plotting import figure as figures
from jointsearch.results.results import Results


def numbers(results: Results, data: Mapping[str, pd.DataFrame]) -> Numbers:
    """Gather the numbers of an experiment.

    Parameters
    ----------
    results
        What is known of it.
    data
        The data behind its figures, and its tables, by their file without its suffix: `figures/arms`, `tables/manual`.
    """
    found = of_search(results) | model_proposals.numbers(results)
    for file, rows in data.items():
        folder, name = file.split("/")
        give = figures.load(name).numbers if folder == "figures" else tables.load(name).numbers
        if give is not None:
            found |= give(results, rows)
    return Numbers(experiment=results.experiment.id, numbers=found)
