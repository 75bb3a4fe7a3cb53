"""A training longer than the time limit of its job goes on in the next one."""

from conftest import RESOURCES, attempts


def test_the_seconds_of_a_training_are_spent_once_over_several_jobs(workspace):
    """It has a minute, the shortest that Slurm knows, for 30 s of training, and is asked to end before."""
    seconds = {"unit": "seconds", "minimum": 30, "maximum": 30}
    workspace.configure(budget=seconds, search={"length": 1, "lags": [1]}, jobs={"save_every": 5})
    limit = ("train:runtime=1", "train:slurm_extra='--signal=TERM@30'")
    workspace.snakemake("search", *RESOURCES, *limit, "--retries", "9")
    (evaluation,) = workspace.evaluations()
    jobs = [job for _, job in attempts(evaluation)]
    assert len(jobs) >= 2
    assert len(set(jobs)) == len(jobs)
    assert evaluation.status == "success"
    a_step = 1.0
    assert 30 <= evaluation.observed.training_seconds < 30 + a_step
    record = str(workspace.slots()[0].relative_to(workspace.folder))
    replayed = workspace.script("audit", record, "--level", "retrain")
    assert "the same, bit for bit" in replayed.stdout, replayed.stdout + replayed.stderr
