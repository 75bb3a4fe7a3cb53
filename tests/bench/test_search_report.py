"""The report of the benchmark of searches, as markdown."""

import pandas as pd
import pytest

from search.report import WIDTH, markdown


@pytest.mark.parametrize(("columns", "parts"), [(2, 1), (5, 1), (6, 2), (12, 3)])
def test_a_table_has_lines_that_fit_and_all_its_cells(columns, parts):
    names = [f"column {number:02}" for number in range(columns)]
    table = pd.DataFrame([[f"{row}, {name}".ljust(18, ".") for name in names] for row in range(3)], columns=names)
    written = markdown(table).split("\n\n")
    assert len(written) == parts
    assert max(len(line) for part in written for line in part.splitlines()) <= WIDTH
    rows = [line.strip("| ").split(" | ") for part in written for line in part.splitlines()]
    assert {cell for row in rows for cell in row} >= {*names, *table.to_numpy().ravel().tolist()}
    # Each part begins with the first column.
    assert [part.splitlines()[0].split(" | ")[0] for part in written] == ["| column 00"] * parts


def test_a_row_that_fits_no_line_stands_there_whole():
    table = pd.DataFrame({"a": ["x" * WIDTH], "b": [1], "c": [2]})
    assert markdown(table).count("x" * WIDTH) == 2
