"""One small run of the workflow, killed on its way; `make test-workflow` has more of them."""

import os
import signal

from end_to_end.conftest import make_workspace


def test_a_run_that_was_killed_goes_on_and_takes_the_course_of_the_driver(tmp_path):
    workspace, driven = (make_workspace(tmp_path / name) for name in ("clone", "driven"))
    for one in (workspace, driven):
        one.configure(search={"length": 2})
    run = workspace.start("--cores", "2", "search")
    workspace.wait_for(lambda: len(workspace.slots()) >= 11, run)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {path: path.read_bytes() for path in workspace.slots()}
    printed = workspace.snakemake("--cores", "2", "search")
    assert "17/17 evaluations" in printed
    # Byte for byte, times included: what was complete was not trained again.
    assert all(path.read_bytes() == before for path, before in kept.items())
    driven.drive()
    assert workspace.chain() == driven.chain()
    assert workspace.derivable() == driven.derivable()
    assert "Nothing to be done" in workspace.snakemake("-n", "search")
