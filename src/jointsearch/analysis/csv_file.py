"""Tables as CSV: the content of a file, and the table read from it."""

import io
from pathlib import Path

import pandas as pd

from jointsearch.core.files import write_bytes


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Write a table as CSV; every float reads back as the same float."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as a CSV file, atomically."""
    write_bytes(path, csv_bytes(table))


def parse(content: bytes) -> pd.DataFrame:
    """Read a table, or the data behind a figure, as its CSV holds it: only an empty cell is missing, not `None`."""
    return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])
