"""A terminal that closes while a search trains on this computer."""

import os
import signal
import subprocess
import time

from end_to_end.conftest import Workspace
from jointsearch.core import lock


def start(workspace: Workspace, on_hangup: signal.Handlers) -> subprocess.Popen[bytes]:
    """Start a search of one training, which takes minutes, and wait until it trains."""
    budget = {"unit": "steps", "minimum": 100_000, "maximum": 100_000}
    workspace.configure(budget=budget, search={"length": 1, "lags": [1]})
    # What is ignored here is ignored there: these tests may be run by `nohup` too.
    before = signal.signal(signal.SIGHUP, on_hangup)
    try:
        run = workspace.start("search", "--cores", "1")
    finally:
        signal.signal(signal.SIGHUP, before)
    workspace.wait_for(workspace.trains, run, every=0.2)
    return run


def test_trainings_save_their_states_and_the_run_ends(workspace):
    """SIGHUP reaches every process, and more than once: from the terminal, and from the shell before it ends."""
    run = start(workspace, signal.SIG_DFL)
    for _ in range(3):
        os.killpg(run.pid, signal.SIGHUP)
    assert run.wait() == 1, workspace.printed()
    assert "interrupted by SIGHUP; its state is saved" in workspace.printed()
    assert len(list(workspace.results.glob("search/*/*/state-*.pt"))) == 1
    assert lock.holder(workspace.results) is None


def test_under_nohup_all_goes_on(workspace):
    run = start(workspace, signal.SIG_IGN)
    os.killpg(run.pid, signal.SIGHUP)
    time.sleep(1)
    assert run.poll() is None, workspace.printed()
    assert workspace.trains()
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
