"""Tables as CSV, read back as they were written."""

import math

import pandas as pd

from jointsearch.analysis.csv_file import csv_bytes, parse

WORDS = ["None", "NA", "null", "nan", "NaN", "n/a", "N/A", "<NA>", "NULL", "-"]


def test_words_that_look_like_missing_values_are_words() -> None:
    assert parse(csv_bytes(pd.DataFrame({"choice": [*WORDS, None]})))["choice"].tolist()[:-1] == WORDS
    assert parse(csv_bytes(pd.DataFrame({"choice": [*WORDS, None]})))["choice"].isna().sum() == 1


def test_numbers_and_truth_values_are_read_with_what_is_missing_or_infinite() -> None:
    table = pd.DataFrame(
        {
            "loss": [0.1, math.nan, math.inf, -math.inf],
            "steps": pd.Series([1, None, 3, 4], dtype="Int64"),
            "whole": [1, 2, 3, 4],
            "is_first": [True, False, False, True],
            "known": pd.Series([True, None, False, True], dtype="boolean"),
            "empty": [None] * 4,
        }
    )
    found = parse(csv_bytes(table))
    assert found["loss"].tolist()[2:] == [math.inf, -math.inf] and math.isnan(found["loss"][1])
    assert found["steps"].tolist()[2:] == [3.0, 4.0] and math.isnan(found["steps"][1])
    assert (found["whole"].dtype, found["is_first"].dtype, found["empty"].dtype) == ("int64", "bool", "float64")
    assert found["known"].dropna().tolist() == [True, False, True] and found["known"].isna().sum() == 1
    assert found["empty"].isna().all()
