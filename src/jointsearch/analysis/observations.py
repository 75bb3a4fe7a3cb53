"""The observations table, one row an evaluation: what people read first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from jointsearch.core.columns import COLUMNS, METRIC, refuse_names_of
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Value, Values
from jointsearch.results.results import Results

_FIELDS = (
    *("bracket", "rung", "slot", "budget", "budget_unit", "status", "loss", "test_error"),
    *("parameters", "epochs", "steps"),
)


def table(evaluations: Iterable[Evaluation], parameter_names: Sequence[str]) -> pd.DataFrame:
    """Lay evaluations out as a table, ordered by (bracket, rung, slot).

    Parameters
    ----------
    evaluations
        Of one study, in any order.
    parameter_names
        The hyperparameters of the space, in its order. Their columns follow `COLUMNS`; a cell is empty
        where the hyperparameter is inactive. After them come the metrics of all evaluations, by the alphabet; a cell is
        empty where there is none.

    Returns
    -------
    pandas.DataFrame
        Errors (`loss`, `test_error`) are fractions, 0 to 1, unless an objective of one's own has returned other losses;
        `started` and `finished` are Unix seconds; `validation_loss` and `train_loss` are those of the last row of the
        learning curve.

    Raises
    ------
    UserError
        If a hyperparameter has the name of another column.
    """
    ordered = sorted(evaluations, key=lambda item: (item.bracket, item.rung, item.slot))
    rows = frame([_row(item) for item in ordered], [item.proposal.values for item in ordered], parameter_names)
    names = sorted({name for item in ordered for name in item.metrics})
    return rows.assign(**{f"{METRIC}{name}": _metric([item.metrics.get(name) for item in ordered]) for name in names})


def of_study(results: Results, study: str) -> pd.DataFrame:
    """Lay what a study of an experiment has trained so far out as a table, with the hyperparameters of the search."""
    return table(results.evaluations(study), list(results.experiment.space.hyperparameters))


def frame(rows: Sequence[Mapping[str, Any]], values: Sequence[Values], parameter_names: Sequence[str]) -> pd.DataFrame:
    """Make the table of its rows, each with all of `COLUMNS`, and the configuration of each.

    Raises
    ------
    UserError
        If a hyperparameter has the name of another column.
    """
    refuse_names_of(parameter_names, "space")
    columns = {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    columns |= {name: _values([one.get(name) for one in values]) for name in parameter_names}
    return pd.DataFrame(columns)


def _row(item: Evaluation) -> dict[str, Any]:
    last = item.curve[-1] if item.curve else None
    return {
        "evaluation": item.id,
        "proposal": item.proposal.id,
        **{name: getattr(item, name) for name in _FIELDS},
        "validation_loss": last and last.validation_loss,
        "train_loss": last and last.train_loss,
        **item.observed.model_dump(include={"started", "finished", "training_seconds", "evaluation_seconds"}),
        "origin": item.proposal.origin.kind,
        "model_budget": item.proposal.origin.model_budget,
    }


def _values(values: Sequence[Value | None]) -> pd.Series:
    """Give a hyperparameter's column the narrowest type that holds its values and an empty cell."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="str" if kinds == {str} else "object")


def _metric(values: Sequence[Value | None]) -> pd.Series:
    """Give a metric's column a type: numbers are floats, as some of them may be whole by chance."""
    column = _values(values)
    return column.astype("float64") if column.dtype == "Int64" else column


def configurations(observations: pd.DataFrame, parameter_names: Iterable[str]) -> dict[str, Values]:
    """Read the distinct configurations of these hyperparameters out of a table.

    Returns
    -------
    dict
        Active values by proposal id, in order of first appearance.
    """
    first = observations.drop_duplicates("proposal").set_index("proposal")[list(parameter_names)]
    # Column by column, as rows of a frame would turn whole numbers into floats.
    columns = {name: first[name].astype(object).tolist() for name in first.columns}
    return {
        str(proposal): {name: column[row] for name, column in columns.items() if not pd.isna(column[row])}
        for row, proposal in enumerate(first.index)
    }
