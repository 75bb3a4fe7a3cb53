import numpy as np
import pandas as pd
import pytest
from searches import SPACES, search_in

from jointsearch.analysis import observations
from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.imported import table
from jointsearch.errors import UserError
from jointsearch.export import hpbandster
from jointsearch.export.hpbandster import Run
from jointsearch.space import Space

UNKNOWN = ["test_error", "validation_loss", "train_loss", "parameters", "model_budget"]
RUN = Run("2-1-3", 1, 9.0, {"x": 0.5}, True, 0.25, 10.0, 14.0)


@pytest.mark.parametrize("name", SPACES)
def test_an_export_gives_the_same_table_but_for_what_it_does_not_tell(tmp_path, name):
    space = Space(SPACES[name])
    evaluations = search_in(space, brackets=8)
    hpbandster.write(tmp_path / "run", space, evaluations)
    rows = table(hpbandster.read(tmp_path / "run"), "epochs")
    observations.write_csv(rows, tmp_path / "t.csv")
    read = observations.read_csv(tmp_path / "t.csv", SPACES[name].choices())
    assert read[UNKNOWN].isna().all(axis=None)
    ours = observations.table(evaluations, list(SPACES[name].hyperparameters))
    known = [column for column in observations.COLUMNS if column not in {*UNKNOWN, "epochs", "steps"}]
    known = [column for column in known if not column.endswith("_seconds")]
    pd.testing.assert_frame_equal(read[known], ours[known])
    assert observations.configurations(read) == observations.configurations(ours)


def test_an_import_correlates_as_the_search_itself(tmp_path):
    space = Space(SPACES["mixed"])
    evaluations = search_in(space, brackets=24)
    hpbandster.write(tmp_path, space, evaluations)
    theirs, ours = (
        correlations(rows, np.random.default_rng(0))
        for rows in (table(hpbandster.read(tmp_path), "epochs"), observations.table(evaluations, []))
    )
    pd.testing.assert_frame_equal(theirs, ours)


@pytest.mark.parametrize(("unit", "steps", "epochs"), [("steps", 9, 0), ("epochs", 0, 9), ("seconds", 0, 0)])
def test_a_row_holds_what_the_folder_tells(unit, steps, epochs):
    row = table([RUN], unit).iloc[0]
    assert row[["evaluation", "proposal", "status", "origin"]].tolist() == ["2-1-3@1", "2-1-3", "success", "model"]
    assert row[["bracket", "rung", "slot", "budget", "budget_unit"]].tolist() == [2, 1, 0, 9.0, unit]
    assert row[["steps", "epochs", "training_seconds"]].tolist() == [steps, epochs, 4]


@pytest.mark.parametrize("loss", [-0.1, 93.5])
def test_a_loss_that_is_no_error_is_refused(loss):
    with pytest.raises(UserError, match=f"configuration 2-1-3: loss {loss:g} is no error between 0 and 1"):
        table([Run("2-1-3", 1, 9.0, {}, True, loss, 10.0, 14.0)], "steps")
