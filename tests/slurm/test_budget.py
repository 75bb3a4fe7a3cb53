"""A training longer than the time limit of its job goes on in the next one."""

import subprocess

from conftest import RESOURCES, attempts, wait


def test_the_seconds_of_a_training_are_spent_once_over_two_jobs(workspace):
    """Slurm asks it to end up to a minute before the limit, as it looks every 30 s: what is left lasts longer."""
    seconds = {"unit": "seconds", "minimum": 40, "maximum": 40}
    workspace.configure(budget=seconds, search={"length": 1, "lags": [1]}, jobs={"save_every": 2})
    # Seconds cost no computation then, nor does it to replay them.
    workspace.slow_down()
    workspace.pause.touch()
    run = workspace.start("search", *RESOURCES, "train:runtime=10", "train:slurm_extra='--signal=TERM@30'")
    # The limit comes near once it trains: how long a job takes to begin depends on how busy the machine is.
    wait(workspace.states)
    (first,) = workspace.jobs()
    subprocess.run(["scontrol", "update", f"JobId={first}", "EndTime=now+30"], check=True)
    assert run.wait() == 0, workspace.printed()
    (evaluation,) = workspace.evaluations()
    (_, one), (_, other) = attempts(evaluation)
    assert one == first != other
    assert "interrupted by SIGTERM; its state is saved" in workspace.printed()
    assert evaluation.status == "success"
    a_step = 1.0
    assert 40 <= evaluation.observed.training_seconds < 40 + a_step
    record = str(workspace.slots()[0].relative_to(workspace.folder))
    replayed = workspace.script("audit", record, "--level", "retrain")
    assert "the same, bit for bit" in replayed.stdout, replayed.stdout + replayed.stderr
