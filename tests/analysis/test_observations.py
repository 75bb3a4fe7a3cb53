import pandas as pd
import pytest
from factories import evaluation
from hypothesis import given
from hypothesis import strategies as st
from own_searches import own_search
from synthetic import NAMES, search

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.observations import configurations, table
from jointsearch.core.columns import COLUMNS
from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)


def test_table_has_one_row_an_evaluation_in_order_of_bracket_rung_slot() -> None:
    evaluations = search(5, DEMO)
    rows = table(reversed(evaluations), NAMES)
    assert list(rows.columns) == [*COLUMNS, *NAMES]
    assert list(rows["evaluation"]) == [item.id for item in evaluations]
    places = list(zip(rows["bracket"], rows["rung"], rows["slot"], strict=True))
    assert places == sorted(places)


def test_row_holds_what_the_record_holds() -> None:
    record = evaluation("2-0-1", 0.25, rung=1, slot=0, budget=3, test_error=0.5)
    row = table([record], ["learning_rate", "batch_size"]).iloc[0]
    assert row[["evaluation", "proposal", "status", "origin"]].tolist() == ["2-0-1@1", "2-0-1", "success", "random"]
    assert row[["bracket", "rung", "slot", "budget", "budget_unit"]].tolist() == [2, 1, 0, 3.0, "epochs"]
    assert row[["loss", "test_error", "train_loss"]].tolist() == [0.25, 0.5, 1.5]
    assert row[["started", "finished", "training_seconds", "evaluation_seconds"]].tolist() == [100, 110, 8, 1]
    assert row[["parameters", "epochs", "steps", "learning_rate", "batch_size"]].tolist() == [1000, 1, 10, 0.1, 32]
    assert pd.isna(row["validation_loss"]) and pd.isna(row["model_budget"])


def test_inactive_hyperparameters_and_failures_leave_cells_empty() -> None:
    records = [
        evaluation("0-0-0", None, values={"depth": 2}, curve=[], parameters=None),
        evaluation("0-0-1", 0.5, values={"depth": 3, "momentum": 0.9}),
    ]
    rows = table(records, ["depth", "momentum", "never"])
    assert rows["depth"].tolist() == [2, 3]
    assert rows["momentum"].isna().tolist() == [True, False]
    assert rows["never"].isna().all()
    assert rows.loc[0, ["loss", "test_error", "train_loss", "parameters"]].isna().all()


def test_hyperparameter_may_not_bear_the_name_of_a_column() -> None:
    with pytest.raises(UserError, match="'loss'"):
        table([evaluation()], ["loss"])


def test_configurations_come_back_from_the_table_as_they_were() -> None:
    values = {"0-0-0": {"depth": 2, "kind": "no", "nesterov": True, "mixed": 1}, "0-0-1": {"depth": 3, "rate": 2.0}}
    values["0-0-2"] = {"depth": 4, "kind": "1", "nesterov": False, "mixed": "auto"}
    records = [evaluation(name, 0.5, values=value) for name, value in values.items()]
    records.append(evaluation("0-0-1", 0.4, rung=1, values=values["0-0-1"]))
    names = ["depth", "kind", "nesterov", "rate", "mixed"]
    read = configurations(table(records, names), names)
    assert read == values
    kinds = [{name: type(value) for name, value in one.items()} for one in read.values()]
    assert kinds == [{name: type(value) for name, value in one.items()} for one in values.values()]


def test_metrics_of_an_objective_have_columns_after_the_hyperparameters() -> None:
    first, second, third = own_search(1)[1][:3]
    records = [
        first.model_copy(update={"metrics": {"trees": 5, "accuracy": 1, "kind": "a"}}),
        second.model_copy(update={"metrics": {"accuracy": 0.75, "fits": True}}),
        third.model_copy(update={"metrics": {}}),
    ]
    names = list(first.proposal.values)
    rows = table(records, names)
    assert list(rows.columns) == [*COLUMNS, *names, "metric_accuracy", "metric_fits", "metric_kind", "metric_trees"]
    assert rows["metric_accuracy"].tolist()[:2] == [1.0, 0.75]
    assert (rows["metric_accuracy"].dtype, rows["metric_trees"].dtype) == ("float64", "float64")
    assert rows["metric_fits"].tolist()[1] is True and rows["metric_kind"].tolist()[0] == "a"
    assert rows.iloc[2].filter(like="metric_").isna().all()
    assert list(configurations(rows, names).values()) == [one.proposal.values for one in records]
    read = parse(csv_bytes(rows)).astype({"metric_fits": "boolean"})
    pd.testing.assert_frame_equal(read, rows, check_exact=True, check_dtype=False)
    assert read["metric_accuracy"].dtype == "float64"
    with pytest.raises(UserError, match="'metric_accuracy'"):
        table(records, ["metric_accuracy"])


@given(loss=st.floats(0, 1), rate=st.floats(allow_nan=False, allow_infinity=False), started=st.floats(0, 1e12))
def test_floats_survive_the_file_bit_for_bit(loss, rate, started) -> None:
    record = evaluation("0-0-0", loss, values={"learning_rate": rate})
    record = record.model_copy(update={"observed": record.observed.model_copy(update={"started": started})})
    rows = table([record], ["learning_rate"])
    pd.testing.assert_frame_equal(parse(csv_bytes(rows)), rows, check_exact=True, check_dtype=False)


@pytest.mark.parametrize("failing", [0, 0.3, 1])
def test_whole_table_survives_the_file(failing) -> None:
    rows = table(search(5, DEMO, failing=failing), NAMES)
    pd.testing.assert_frame_equal(parse(csv_bytes(rows)), rows, check_exact=True, check_dtype=False)


def test_empty_table_survives_the_file() -> None:
    assert parse(csv_bytes(table([], NAMES))).shape == (0, len(COLUMNS) + len(NAMES))
