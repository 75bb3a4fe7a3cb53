import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from synthetic import results, search
from timelines import spread

from jointsearch.analysis.lanes import attempts, busy_share
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def laid_out(*evaluations: Evaluation) -> pd.DataFrame:
    return attempts(results(DEMO, search=evaluations))


def timed(number: int, started: float, finished: float, **seen: object) -> Evaluation:
    one = evaluation(f"0-0-{number}", slot=number)
    times = {"started": started, "finished": finished, **seen}
    return one.model_copy(update={"observed": one.observed.model_copy(update=times)})


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_trainings_of_a_lane_do_not_overlap_and_there_are_as_many_lanes_as_workers(workers) -> None:
    table = laid_out(*spread(search(4, DEMO), workers))
    assert table["lane"].nunique() == workers
    for _, of_lane in table.groupby("lane"):
        assert (of_lane["started"].to_numpy()[1:] >= of_lane["finished"].to_numpy()[:-1]).all()


def test_idle_and_busy_times_tile_the_lanes() -> None:
    table = laid_out(*spread(search(4, DEMO), 3, pauses=[(1200, 5000)]))
    for _, of_run in table.groupby("run"):
        length = of_run["finished"].max() - of_run["started"].min()
        spans = of_run["lane_until"] - of_run["lane_since"]
        assert spans.sum() == pytest.approx(of_run["lane"].nunique() * length)
        assert (of_run["lane_since"] <= of_run["started"]).all() and (of_run["lane_until"] >= of_run["finished"]).all()


def test_an_interrupted_training_has_an_attempt_on_each_side_of_the_pause() -> None:
    table = laid_out(*spread(search(4, DEMO), 2, pauses=[(1200, 5000)]))
    assert table["run"].max() == 2
    torn = table[table["attempts"] == 2]
    assert sorted(torn["attempt"]) == [1, 1, 2, 2]
    assert (torn.loc[torn["attempt"] == 1, "run"] == 1).all() and (torn.loc[torn["attempt"] == 2, "run"] == 2).all()
    assert table["lane"].nunique() == 2


def test_a_gap_is_a_pause_only_beside_the_length_of_trainings() -> None:
    assert laid_out(timed(0, 0, 10), timed(1, 69, 79))["run"].tolist() == [1, 1]
    assert laid_out(timed(0, 0, 10), timed(1, 71, 81))["run"].tolist() == [1, 2]
    assert laid_out(timed(0, 0, 10000), timed(1, 10900, 10910))["run"].tolist() == [1, 1]


def test_jobs_of_a_cluster_share_lanes_whatever_their_node() -> None:
    both = [timed(0, 0, 10, host="node1", job="1"), timed(1, 12, 20, host="node2", job="2")]
    table = laid_out(*both)
    assert table["lane"].tolist() == [1, 1] and table["lane_since"].tolist() == [0, 10]


def test_machines_of_one_name_have_lanes_of_their_own() -> None:
    one, other = (letter * 64 for letter in "ab")
    apart = [timed(0, 0, 10, environment=one), timed(1, 5, 20, environment=other), timed(2, 12, 30, environment=one)]
    table = laid_out(*apart)
    assert table["lane"].tolist() == [1, 2, 1]
    # The machine that began later was not idle before.
    assert table["lane_since"].tolist() == [0, 5, 10]


def test_failures_that_take_no_time_and_clocks_set_back_are_laid_out() -> None:
    table = laid_out(timed(0, 5, 5), timed(1, 5, 5), timed(2, 8, 3))
    assert table["lane"].tolist() == [1, 1, 1]
    assert (table["finished"] >= table["started"]).all()


def test_without_trainings_the_table_is_empty() -> None:
    assert laid_out().empty


def test_busy_share_is_busy_time_by_lane_time() -> None:
    # Two lanes from 0 to 4: one is busy from 0 to 3, one from 2 to 4.
    bars = pd.DataFrame({"begin": [0, 2], "end": [3, 4], "lane_begin": [0, 0], "lane_end": [4, 4]}, dtype=float)
    assert busy_share(bars, np.array([0.0, 2.0, 3.0, 4.0])) == pytest.approx([0.5, 1, 0.5])
    assert np.isnan(busy_share(bars, np.array([4.0, 5.0]))).all()
