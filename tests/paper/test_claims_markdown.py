from pathlib import Path

import pandas as pd
import pytest
from arm_runs import arms
from synthetic import results, search

from jointsearch.analysis.csv_file import csv_bytes, parse, write_csv
from jointsearch.analysis.tables.claims import data
from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.paper.claims_markdown import markdown, merge
from jointsearch.paper.tables import show

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def _rows(**words: str) -> pd.DataFrame:
    rows = [{"claim": claim, "effect": claim, "word": word} for claim, word in words.items()]
    return pd.DataFrame(rows)


def test_a_claim_that_one_experiment_did_not_study_comes_from_another() -> None:
    first = _rows(weak="open", separate="not studied", manual="not studied")
    second = _rows(weak="supported", separate="contradicted", manual="not studied", better="open")
    found = merge({"one": first, "two": second})
    assert found[["claim", "word", "experiment"]].to_numpy().tolist() == [
        ["weak", "open", "one"],
        ["separate", "contradicted", "two"],
        ["manual", "not studied", ""],
        ["better", "open", "two"],
    ]


def test_the_claims_of_experiments_are_one_markdown_table(tmp_path: Path) -> None:
    made = {"alone": results(EPOCHS, search=search(8, EPOCHS)), "arms": arms(EPOCHS, 5, 12)}
    for name, known in made.items():
        write_csv(data(known), tmp_path / name / "tables" / "claims.csv")
    lines = markdown([tmp_path / name for name in made]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert len({len(row) for row in cells}) == 1 and cells[0][0] == "claim" and cells[0][-1] == "experiment"
    words = {row[0]: (row[-2], row[-1]) for row in cells[2:] if row[0]}
    assert words["Tuning parts of the space separately is suboptimal"][1] == "arms"
    assert words["Few trainings at the full budget suffice"] == ("Not tested", "alone")
    assert words["The configuration found is better than manual architectures"] == ("Not studied", "")
    with pytest.raises(UserError, match=r"claims.csv: is missing"):
        markdown([tmp_path / "nothing"])


def test_each_claim_stands_once_beside_its_first_evidence() -> None:
    shown = show("claims", parse(csv_bytes(data(arms(EPOCHS, 5, 12)))), "x.csv")
    first, second = (row for row in shown.rows if "first" in row[1] and "joint BOHB" in row[1])
    assert first[0].startswith("Tuning parts") and second[0] == "" and first[-1] and second[-1] == ""
    assert first[2].endswith("points") and "[" in first[2]
