"""Columns that every table of evaluations has: names that no hyperparameter may have."""

from collections.abc import Iterable

from jointsearch.core.errors import UserError

COLUMNS = {
    "evaluation": "str",
    "proposal": "str",
    "bracket": "int64",
    "rung": "int64",
    "slot": "int64",
    "budget": "float64",
    "budget_unit": "str",
    "status": "str",
    "loss": "float64",
    "test_error": "float64",
    "validation_loss": "float64",
    "train_loss": "float64",
    "parameters": "Int64",
    "epochs": "float64",
    "steps": "Int64",
    "started": "float64",
    "finished": "float64",
    "training_seconds": "float64",
    "evaluation_seconds": "float64",
    "origin": "str",
    "model_budget": "float64",
}
"""Columns before the hyperparameters, and their pandas types."""
METRIC = "metric_"
"""Begins the names of the columns after the hyperparameters: what an objective of one's own returns beside losses."""


def refuse_names_of(hyperparameters: Iterable[str], where: str) -> None:
    """Refuse hyperparameters that have the name of a column.

    Raises
    ------
    UserError
        Names the first, and `where` it is.
    """
    for name in hyperparameters:
        if name in COLUMNS or name.startswith(METRIC):
            raise UserError(
                f"{where}: hyperparameter {name!r} has the name of a column of the table of evaluations; rename it"
            )
