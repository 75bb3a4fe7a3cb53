import io
import time

import pytest
from factories import broken_pipe, evaluation

from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.files import write_record
from jointsearch.results.folder import DoubtingFolder
from jointsearch.search.hyperband import bracket
from jointsearch.workflow.progress import ProgressReader, SearchProgress, Watcher

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)
LADDER = (1.0, 3.0, 9.0, 27.0)


def reading(study):
    studies = {study.name: [bracket(0, DEMO)]}
    return ProgressReader(DoubtingFolder(study.parent), studies, {study.name: LADDER}, "epochs")


def put(study, record):
    write_record(layout.slot_file(layout.rung_folder(study, record.bracket, record.rung), record.slot), record)


def test_counts_failures_and_best_come_from_the_files(tmp_path):
    reader = reading(tmp_path)
    assert reader.read().done == (0, 0, 0, 0)
    for slot, loss in enumerate([0.5, None, 0.2]):
        put(tmp_path, evaluation(f"0-0-{slot}", loss))
    put(tmp_path, evaluation("0-0-2", 0.3, rung=1, slot=0, budget=3))
    put(tmp_path, evaluation("9-0-0", 0.1))
    put(tmp_path, evaluation("0-0-3", 0.1, budget=2))
    progress = reader.read()
    assert progress.done == (3, 1, 0, 0)
    assert progress.total == (27, 9, 3, 1)
    assert progress.failed == 1
    assert progress.best.id == "0-0-2@1"
    assert "30.00% at 3 epochs" in progress.line()
    assert "    3 / 27" in progress.panel()


def test_time_left_is_the_work_left_at_the_pace_of_the_time_in_which_anything_trained(tmp_path):
    times = evaluation().observed.model_dump()
    for slot, (start, end) in enumerate([(0, 10), (5, 15), (1000, 1005)]):
        put(tmp_path, evaluation(f"0-0-{slot}", 0.5, observed=times | {"started": start, "finished": end}))
    progress = reading(tmp_path).read()
    assert progress.seconds_left == (27 * 4 - 3) * 20 / 3


def test_a_broken_record_is_not_counted(tmp_path):
    put(tmp_path, evaluation())
    layout.slot_file(layout.rung_folder(tmp_path, 0, 0), 1).write_text("{")
    assert reading(tmp_path).read().done == (1, 0, 0, 0)


def test_all_studies_count_and_the_best_is_of_the_search_alone(tmp_path):
    put(tmp_path / "search", evaluation("0-0-0", 0.5))
    put(tmp_path / "retraining", evaluation("3-0-0", 0.1, study="retraining", budget=27))
    studies = {"search": [bracket(0, DEMO)], "retraining": [bracket(3, DEMO)]}
    budgets = dict.fromkeys(studies, LADDER)
    progress = ProgressReader(DoubtingFolder(tmp_path), studies, budgets, "epochs").read()
    assert progress.done == (1, 0, 0, 1)
    assert progress.total == (27, 9, 3, 5)
    assert progress.best.id == "0-0-0@0"


def test_away_from_a_terminal_a_line_is_printed_whenever_it_changed():
    states = iter([1, 1, 2, 3])
    last = [0]

    def look():
        last[0] = next(states, last[0])
        return SearchProgress((1.0,), "epochs", (last[0],), (3,), 0, None, None)

    stream = io.StringIO()
    watcher = Watcher(look, stream, every=0.01)
    watcher.start()
    while last[0] < 3:
        time.sleep(0.01)
    watcher.finish()
    lines = stream.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]


@pytest.mark.filterwarnings("error")
def test_a_terminal_that_has_closed_does_no_harm():
    with broken_pipe() as closed:
        watcher = Watcher(lambda: SearchProgress((1.0,), "epochs", (1,), (3,), 0, None, None), closed, every=0.01)
        watcher.start()
        watcher.finish()
        assert not watcher.is_alive()
