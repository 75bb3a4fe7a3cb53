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
    first = _rows(few="not tested", separate="not studied", manual="not studied")
    second = _rows(few="not tested", separate="contradicted", manual="not studied", better="open")
    found = merge({"one": first, "two": second})
    assert found[["claim", "word", "experiment"]].to_numpy().tolist() == [
        ["few", "not tested", "one"],
        ["separate", "contradicted", "two"],
        ["manual", "not studied", ""],
        ["better", "open", "two"],
    ]


@pytest.mark.parametrize("first", ["open", "supported", "not tested"])
def test_no_experiment_hides_what_a_later_one_found(first) -> None:
    found = merge({"one": _rows(weak=first), "two": _rows(weak="open"), "three": _rows(weak="contradicted")})
    assert found[["word", "experiment"]].to_numpy().tolist() == [
        *([[first, "one"]] if first != "not tested" else []),
        ["open", "two"],
        ["contradicted", "three"],
    ]


def test_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="same: two folders have this name"):
        markdown([tmp_path / "here" / "same", tmp_path / "there" / "same"])


def test_each_experiment_has_its_word_for_a_claim(tmp_path: Path) -> None:
    made = data(arms(EPOCHS, 2, 2))
    for name, word in (("one", "contradicted"), ("two", "supported")):
        write_csv(made.assign(word=word), tmp_path / name / "tables" / "claims.csv")
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in markdown([tmp_path / "one", tmp_path / "two"]).splitlines()
    ]
    found = [tuple(row[-2:]) for row in rows if row[0] == "Neighbouring budgets correlate more than distant ones"]
    assert found == [("Contradicted", "one"), ("Supported", "two")]


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


def test_a_folder_that_does_not_exist_is_said_not_to(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing: no such folder"):
        markdown([tmp_path / "nothing"])


@pytest.mark.parametrize("kept", [True, False])
def test_a_missing_table_comes_with_the_command_that_makes_it_of_this_experiment(tmp_path: Path, kept: bool) -> None:
    folder = tmp_path / "a demo"
    folder.mkdir()
    if kept:
        (folder / "config.yaml").touch()
    with pytest.raises(UserError) as raised:
        markdown([folder])
    command = f"`make paper CONFIG='{folder}/config.yaml'`"
    if not kept:
        command = "`make paper CONFIG=FILE` (FILE: the configuration of the experiment)"
    assert str(raised.value) == f"{folder}/tables/claims.csv: is missing; {command} makes it"


def test_each_claim_stands_once_beside_its_first_evidence() -> None:
    shown = show("claims", parse(csv_bytes(data(arms(EPOCHS, 5, 12)))), "x.csv")
    first, second = (row for row in shown.rows if "first" in row[1] and "joint BOHB" in row[1])
    assert first[0].startswith("Tuning parts") and second[0] == "" and first[-1] and second[-1] == ""
    assert first[2].endswith("points") and "[" in first[2]
