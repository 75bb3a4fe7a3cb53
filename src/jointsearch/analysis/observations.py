"""The observations table, one row an evaluation: what people read first."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import numpy as np
import pandas as pd

from jointsearch.core.columns import COLUMNS, METRIC, refuse_names_of
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Status, Value, Values
from jointsearch.core.proposal import Origin
from jointsearch.results.results import Results

_WORDS = {
    "status": get_args(Status),
    "origin": get_args(Origin.model_fields["kind"].annotation),
}
_FIELDS = (
    *("bracket", "rung", "slot", "budget", "budget_unit", "status", "loss", "test_error"),
    *("parameters", "epochs", "steps"),
)
_MAY_BE_EMPTY = {"loss", "test_error", "validation_loss", "train_loss", "parameters", "epochs", "steps", "model_budget"}


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


def read_csv(path: Path, choices: Mapping[str, Sequence[Value]] = MappingProxyType({})) -> pd.DataFrame:
    """Read and validate a table that `write_csv` wrote.

    Parameters
    ----------
    path
        The file.
    choices
        Choices of hyperparameters, by name. Without them the type of a hyperparameter is taken from its
        cells alone, and text that looks like numbers becomes numbers.

    Raises
    ------
    UserError
        If the file is missing or no such table; names the path and the column.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); delete it to remake it") from None
    except UnicodeDecodeError as error:
        raise _broken(path, f"no CSV table ({error})") from None
    return parse_csv(text, path, choices)


def parse_csv(text: str, path: Path, choices: Mapping[str, Sequence[Value]] = MappingProxyType({})) -> pd.DataFrame:
    """Validate the text of a table, as `read_csv` does; `path` is where it is of."""
    try:
        raw = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_values=[""])
    except (ValueError, pd.errors.ParserError) as error:
        raise _broken(path, f"no CSV table ({' '.join(str(error).split())})") from None
    columns = {}
    for name, kind in COLUMNS.items():
        if name not in raw:
            raise _broken(path, f"{name}: column is missing")
        columns[name] = _checked(raw[name], kind, path)
    _check_losses(columns, path)
    columns |= {
        name: _chosen(raw[name], choices[name], path) if name in choices else _inferred(raw[name])
        for name in raw.columns
        if name not in COLUMNS
    }
    return pd.DataFrame(columns)


def _checked(cells: pd.Series, kind: str, path: Path) -> pd.Series:
    name = str(cells.name)
    if name not in _MAY_BE_EMPTY and cells.isna().any():
        raise _broken(path, f"{name}: row {_first(cells.isna())} is empty")
    try:
        column = cells.astype(kind)  # type: ignore[call-overload]
    except (ValueError, TypeError) as error:
        raise _broken(path, f"{name}: {error}") from None
    if name in _WORDS and (strange := ~column.isin(_WORDS[name])).any():
        row = _first(strange)
        raise _broken(path, f"{name}: row {row} is {cells[row]!r}, none of {', '.join(_WORDS[name])}")
    if kind == "float64" and (infinite := np.isinf(column) | (column.isna() & cells.notna())).any():
        raise _broken(path, f"{name}: row {_first(infinite)} is not finite")
    return column


def _check_losses(columns: Mapping[str, pd.Series], path: Path) -> None:
    loss, status = columns["loss"], columns["status"]
    is_ours = columns["test_error"].notna() & columns["steps"].notna()
    if (outside := is_ours & ((loss < 0) | (loss > 1))).any():
        raise _broken(path, f"loss: row {_first(outside)} is no error between 0 and 1")
    if (wrong := loss.notna() != (status == "success")).any():
        raise _broken(path, f"loss: row {_first(wrong)} must be a number exactly when status is 'success'")


def _chosen(cells: pd.Series, choices: Sequence[Value], path: Path) -> pd.Series:
    if all(type(choice) in (int, float) for choice in choices):
        return _inferred(cells)
    by_text = {str(choice): choice for choice in choices}
    if (strange := cells.notna() & ~cells.isin(list(by_text))).any():
        row = _first(strange)
        raise _broken(path, f"{cells.name}: row {row} is {cells[row]!r}, none of {', '.join(by_text)}")
    return _values([None if pd.isna(cell) else by_text[cell] for cell in cells])


def _inferred(cells: pd.Series) -> pd.Series:
    if cells.isna().all():
        return cells.astype("float64")
    if cells.dropna().isin(["True", "False"]).all():
        return cells.map({"True": True, "False": False}).astype("boolean")
    for kind in ("Int64", "float64"):
        try:
            return cells.astype(kind)
        except (ValueError, TypeError):
            continue
    return cells


def _first(rows: pd.Series) -> int:
    return int(np.flatnonzero(rows)[0])


def _broken(path: Path, reason: str) -> UserError:
    return UserError(f"{path}: {reason}; delete it to remake it")
