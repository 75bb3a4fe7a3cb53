"""What the losses behind a figure are: a figure is drawn from its data alone, so these say it."""

import pandas as pd

from jointsearch.core.units import ERROR, LOSS, Measure

COLUMN = "minimised"


def marked(data: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Mark the data behind a figure whose losses are no errors, by a column that says so."""
    return data if measure.is_error else data.assign(**{COLUMN: measure.name})


def measure_of(data: pd.DataFrame) -> Measure:
    """What the losses behind a figure are."""
    return LOSS if COLUMN in data else ERROR
