"""An objective of one's own on a cluster."""

import os
import signal
import subprocess

import yaml
from conftest import attempts, sbatch, wait
from end_to_end.conftest import ROOT, Workspace
from end_to_end.test_own_objective import NO_TORCH

MODULE = '''
import os
import time
from pathlib import Path


def evaluate(trial):
    """Halve a number in each round; in the middle, wait until the job is asked to end, once."""
    state = trial.scratch / "state"
    done, left = state.read_text().split() if state.exists() else (0, trial.values["start"])
    done, left, resumed = int(done), float(left), state.exists()
    (trial.scratch / "pid").write_text(str(os.getpid()))
    while done < trial.budget:
        done, left = done + 1, left / 2
        trial.report(done, left, {"seed": trial.seed})
        state.write_text(f"{done} {left!r}")
        while done == 3 and Path("interrupts").exists() and not (resumed or trial.should_stop()):
            time.sleep(0.05)
        if trial.should_stop():
            return None
    return {"loss": left, "rounds": done}
'''
SPACE = "hyperparameters: {start: {type: float, lower: 1, upper: 2}}"
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["set-resources"]["train"]
RESOURCES = {**PROFILE, "mem_mb": 500, "slurm_partition": "{'001': 'frail'}.get(wildcards.bracket, 'gpu')"}
CONFIG = {
    "experiment": "small",
    "space": "space.yaml",
    "objective": "halving:evaluate",
    "budget": {"unit": "rounds", "minimum": 6, "maximum": 6},
    "search": {"length": 2, "length_unit": "brackets", "lags": [2], "sampler": "random"},
    "jobs": {"device": "cpu", "seconds_per_unit": 10},
}


def own(workspace: Workspace) -> None:
    """Have a workspace train by the objective, two brackets of one training each; no job can import torch."""
    (workspace.folder / "halving.py").write_text(MODULE)
    (workspace.folder / "space.yaml").write_text(SPACE)
    (workspace.folder / "sitecustomize.py").write_text(NO_TORCH)
    (workspace.folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))


def test_it_resumes_from_its_scratch_folder_and_holds_no_gpu(workspace, frail_nodes, tmp_path):
    """One is preempted; one is asked to end ahead of its time limit, and then ended. Each waits until it is asked."""
    own(workspace)
    undisturbed = workspace.copy(tmp_path / "undisturbed")
    undisturbed.drive()
    (workspace.folder / "interrupts").touch()
    run = workspace.start("search", "--set-resources", *(f"train:{name}={what}" for name, what in RESOURCES.items()))
    folders = [workspace.results / f"search/bracket-00{bracket}/rung-0/scratch-00" for bracket in "01"]
    wait(lambda: all((folder / "files/state").exists() for folder in folders))
    limited, preempted = map(workspace.job_of, ("000", "001"))
    node = workspace.squeue("%N")[preempted]
    sbatch("--partition=urgent", f"--nodelist={node}", "--exclusive", "--wrap=sleep 1")
    # As Slurm does itself because of --signal, but for the half minute until it looks.
    subprocess.run(["scancel", "--signal=TERM", limited], check=True)
    wait(lambda: '"job"' in (folders[0] / "attempts.json").read_text())
    assert workspace.jobs()[limited] == "RUNNING"
    subprocess.run(["scancel", limited], check=True)
    for job, folder in zip((limited, preempted), folders, strict=True):
        wait(lambda job=job: workspace.jobs()[job] != "RUNNING")
        # Without cgroups Slurm kills what has lost its parent only after a minute.
        os.kill(int((folder / "files/pid").read_text()), signal.SIGKILL)
    assert run.wait() == 0, workspace.printed()
    evaluations = workspace.evaluations()
    assert workspace.derivable() == undisturbed.derivable()
    assert [[report.step for report in one.reports] for one in evaluations] == [[1, 2, 3, 4, 5, 6]] * 2
    (_, first), (_, second) = attempts(evaluations[0])
    assert first == limited != second
    assert [job for _, job in attempts(evaluations[1])] == [preempted] * 2
    assert {attempt.gpu for one in evaluations for attempt in (*one.observed.earlier, one.observed)} == {None}
    assert not list(workspace.results.rglob("scratch-*"))
