"""What is said of a search once it is over: its tables, figures and numbers, as the bytes of their files."""

from collections.abc import Sequence
from pathlib import Path

from jointsearch.analysis.numbers import numbers
from jointsearch.analysis.observations import csv_bytes, parse_csv, table
from jointsearch.experiment import Experiment
from jointsearch.incumbent import incumbent
from jointsearch.plotting import style
from jointsearch.plotting.registry import FIGURES
from jointsearch.records import Evaluation, record_bytes


def outcomes(experiment: Experiment, evaluations: Sequence[Evaluation], draw: bool = True) -> dict[str, bytes]:
    """Make all outcomes of a search, as the workflow makes them one by one.

    Parameters
    ----------
    experiment, evaluations
        The search.
    draw
        Whether to draw the figures, beyond the data behind them.

    Returns
    -------
    dict
        Contents by path in the results folder.
    """
    observations = csv_bytes(table(evaluations, list(experiment.space.hyperparameters)))
    made = {"observations.csv": observations, "incumbent.json": record_bytes(incumbent(evaluations))}
    read = parse_csv(observations.decode(), Path("observations.csv"), experiment.space.choices())
    for name, kind in FIGURES.items():
        data = kind.data(experiment, read)
        made[f"figures/{name}.csv"] = csv_bytes(data)
        if draw:
            made |= {f"figures/{name}.{suffix}": image for suffix, image in style.render(kind.draw(data)).items()}
        if name == "budget_correlation":
            made["numbers.json"] = record_bytes(numbers(experiment, evaluations, data))
    return made
