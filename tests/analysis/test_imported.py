import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from searches import SPACES, search_in

from jointsearch.analysis import observations
from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.imported import table
from jointsearch.core.columns import COLUMNS
from jointsearch.core.units import LOSS
from jointsearch.plotting import budget_correlation
from jointsearch.search import hpbandster
from jointsearch.search.hpbandster import HpBandSterTraining
from jointsearch.space.space import Space

UNKNOWN = ["test_error", "validation_loss", "train_loss", "parameters", "model_budget"]
TRAINING = HpBandSterTraining("2-1-3", 1, 9.0, {"x": 0.5}, True, 0.25, 10.0, 14.0)


@pytest.mark.parametrize("name", SPACES)
def test_an_export_gives_the_same_table_but_for_what_it_does_not_tell(tmp_path, name):
    space = Space(SPACES[name])
    evaluations = search_in(space, brackets=8)
    hpbandster.write(tmp_path / "run", space, evaluations)
    rows = table(hpbandster.read(tmp_path / "run"), "epochs")
    read = parse(csv_bytes(rows))
    assert read[UNKNOWN].isna().all(axis=None)
    names = list(SPACES[name].hyperparameters)
    ours = observations.table(evaluations, names)
    known = [column for column in COLUMNS if column not in {*UNKNOWN, "epochs", "steps"}]
    known = [column for column in known if not column.endswith("_seconds")]
    pd.testing.assert_frame_equal(read[known], ours[known])
    assert observations.configurations(read, names) == observations.configurations(ours, names)


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
    row = table([TRAINING], unit).iloc[0]
    assert row[["evaluation", "proposal", "status", "origin"]].tolist() == ["2-1-3@1", "2-1-3", "success", "model"]
    assert row[["bracket", "rung", "slot", "budget", "budget_unit"]].tolist() == [2, 1, 0, 9.0, unit]
    assert row[["steps", "epochs", "training_seconds"]].tolist() == [steps, epochs, 4]


def training(proposal, rung, budget, loss):
    return HpBandSterTraining(proposal, rung, budget, {"x": 0.5}, False, loss, -9.0, -1.0)


def of_anything(scale):
    """A run whose losses are no errors, started from another one."""
    random = np.random.default_rng(0)
    made = []
    for index in range(10):
        loss = scale * random.random()
        made += [training(f"-1-0-{index}", 0, 3.0, loss), training(f"-1-0-{index}", 1, 9.0, loss * 0.8)]
    return [*made, training("0-0-0", 0, 3.0, None), training("0-0-1", 0, 9.0, scale * 0.5)]


@pytest.mark.parametrize("scale", [-1, 1, 93.5, 1e6])
def test_losses_of_any_kind_make_a_table_that_is_read_and_correlated(tmp_path, scale):
    rows = table(of_anything(scale), "steps")
    assert rows["loss"].tolist()[:10] == [one.loss for one in of_anything(scale)[:20:2]]
    assert rows["bracket"].tolist() == [-1] * 20 + [0, 0]
    read = parse(csv_bytes(rows))
    pd.testing.assert_frame_equal(read, rows, check_dtype=False)
    (pair,) = correlations(read, np.random.default_rng(0)).to_dict("records")
    assert (pair["n"], pair["spearman"]) == (10, pytest.approx(1))


@pytest.mark.parametrize("scale", [-1, 0.5, 1e6])
def test_losses_of_any_kind_are_drawn_as_losses_and_not_as_errors_in_percent(scale):
    rows = table(of_anything(scale), "steps")
    data = budget_correlation.from_observations(rows, np.random.default_rng(0), LOSS)
    figure = budget_correlation.draw(data)
    _, title = (part.get_suptitle() for part in figure.subfigs)
    assert title == "loss at both budgets"
    ((points,),) = ([one.get_offsets() for one in axes.collections] for axes in figure.axes[1:])
    losses = rows.loc[rows["bracket"] == -1].pivot(index="proposal", columns="budget", values="loss")
    np.testing.assert_allclose(points, losses)


def test_the_figure_of_an_import_is_made_beside_its_table(tmp_path):
    (tmp_path / "run").mkdir()
    ids = [[-1, 0, index] for index in range(10)]
    configs = [[one, {"x": 0.5}, {}] for one in ids]
    times = {"submitted": -2, "started": -2, "finished": -1}
    results = [[one, budget, times, {"loss": 50 + one[2] + budget}, None] for one in ids for budget in (1, 3)]
    for name, lines in (("configs", configs), ("results", results)):
        (tmp_path / "run" / f"{name}.json").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    script = Path(__file__).parents[2] / "scripts/import_hpbandster.py"
    command = [sys.executable, script, "run", "t.csv", "--budget-unit", "steps", "--budget-correlation", "t/bc.pdf"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == ["bc.csv", "bc.pdf", "bc.png", "bc.svg"]
    assert pd.read_csv(tmp_path / "t/bc.csv")["spearman"].tolist() == pytest.approx([1] * 10)
