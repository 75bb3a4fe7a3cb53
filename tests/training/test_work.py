"""The process of a training job, without any training."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from jointsearch.core.interruption import InterruptedTrainingError, Interruption
from jointsearch.training import work as module
from jointsearch.training.work import Resources, work

LIGHT = """
import sys
import jointsearch.training.work
print({"torch", "numpy", "pandas", "ConfigSpace"} & sys.modules.keys())
print([name for name in sys.modules if name.startswith("jointsearch.samplers")])
"""
HELP = """
import signal, sys, time
from pathlib import Path
file = Path(sys.argv[1]) / str(time.monotonic_ns())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(file.write_text("ended")))
file.write_text("began")
while sys.argv[2] == "waits":
    time.sleep(0.01)
"""


class Slots:
    """A job with so many slots without a record."""

    def __init__(self, number: int):
        self.number = number

    def missing(self) -> list[int]:
        return list(range(self.number))


def resources(side_by_side: int) -> Resources:
    return Resources(None, None, "cpu", None, 1, side_by_side, 600)


def helper(folder: Path, does: str) -> list[str]:
    return [sys.executable, "-c", HELP, str(folder), does]


def test_nothing_heavy_is_imported_before_there_is_something_to_train():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    assert done.stdout == "set()\n[]\n", done.stderr


@pytest.mark.parametrize(
    ("missing", "side_by_side", "helpers"), [(0, 3, None), (1, 3, 0), (2, 3, 1), (5, 3, 2), (5, 1, 0)]
)
def test_as_many_help_as_there_is_work_for(tmp_path, monkeypatch, missing, side_by_side, helpers):
    trained = []
    monkeypatch.setattr(module, "_train", lambda *given, takes_over: trained.append((len(given[4]), takes_over)))
    work(Slots(missing), tmp_path, resources(side_by_side), Interruption(), helper(tmp_path, "ends"))
    assert trained == ([] if helpers is None else [(helpers, True)])
    assert len(list(tmp_path.iterdir())) == (helpers or 0)


def test_a_helper_has_no_helpers_and_leaves_to_others_what_they_hold(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(module, "_train", lambda *given, takes_over: trained.append((len(given[4]), takes_over)))
    work(Slots(5), tmp_path, resources(3), Interruption())
    assert trained == [(0, False)]


@pytest.mark.parametrize("error", [InterruptedTrainingError, ZeroDivisionError])
def test_helpers_are_asked_to_end_and_waited_for_where_the_training_does_not_go_on(tmp_path, monkeypatch, error):
    def fails(*given, takes_over):
        while sum(file.read_text() == "began" for file in tmp_path.iterdir()) < 2:
            time.sleep(0.01)
        raise error

    monkeypatch.setattr(module, "_train", fails)
    with pytest.raises(error):
        work(Slots(3), tmp_path, resources(3), Interruption(), helper(tmp_path, "waits"))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["ended", "ended"]
